"""torch.compile changes nothing but the speed, and all of it happens before the clock starts."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.training import checkpoints, initial, loop
from srbench.training.config import TrainingConfig
from srbench.training.launch import TrainingRequest, launch
from srbench.training.parallel import ProcessGroup
from srbench.training.recipes import configure, find
from srbench.training.task import TrainingTask

# PyTorch's own look at the inputs of what it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")

SMALL: dict[str, Any] = {"steps": 8, "crop": 16, "batch": 2, "precision": "fp32"}
TRAINED = [
    ("srresnet-mse", {"width": 8, "blocks": 1}),
    ("drcn", {"width": 8, "recursions": 4, "growth": 0.6}),
    ("srgan-mse", {"width": 8, "blocks": 1, "warm_up": 2}),
]


class Compiler:
    """Counts the graphs that it is asked to compile, and runs them as they are."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> Any:
        self.graphs += 1
        return graph.forward


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Compiler]:
    """Take the place of the compiler that PyTorch would call, which takes minutes."""
    torch._dynamo.reset()
    counter, original = Compiler(), nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self, **_: original(self, backend=counter))
    monkeypatch.setattr(initial, "load", lambda *_: "nowhere")
    yield counter
    torch._dynamo.reset()


@pytest.mark.parametrize(("name", "settings"), TRAINED, ids=lambda value: value if isinstance(value, str) else "")
def test_every_kind_of_step_is_compiled_before_the_first_one_and_leaves_no_trace(
    compiler: Compiler,
    photo_folder: Path,
    tmp_path: Path,
    name: str,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[int] = []
    original = loop._Session.step

    def step(self: Any, fraction: float) -> None:
        original(self, fraction)
        compiled.append(compiler.graphs)

    monkeypatch.setattr(loop._Session, "step", step)
    both = [
        TrainingRequest(
            name, (photo_folder,), tmp_path / str(on), {**SMALL, **settings, "compile": on}, quiet=True, device="cpu"
        )
        for on in (False, True)
    ]
    launch(both[0])
    assert compiler.graphs == 0
    launch(both[1])
    assert compiled[8:] == [compiler.graphs] * 8  # none during the run, whose statistics freeze and whose depth grows
    assert compiler.graphs > 0
    eager, other = (checkpoints.load(request.out).tensors for request in both)
    assert eager.keys() == other.keys()
    for tensor in eager:
        torch.testing.assert_close(
            eager[tensor], other[tensor], rtol=1e-5, atol=1e-6, msg=lambda m, t=tensor: f"{t} {m}"
        )


def test_a_compiled_run_goes_on_without_compiling(compiler: Compiler, photo_folder: Path, tmp_path: Path) -> None:
    settings = {**SMALL, "width": 8, "blocks": 1, "compile": True}
    request = TrainingRequest("srresnet-mse", (photo_folder,), tmp_path, settings, quiet=True, device="cpu")
    launch(request)
    graphs = compiler.graphs
    resumed = launch(dataclasses.replace(request, resume=True, settings={"steps": 12, "compile": False}))
    assert (resumed.step, compiler.graphs) == (12, graphs)


def test_short_runs_are_eager_and_long_ones_compiled_on_a_gpu_only() -> None:
    assert not TrainingConfig(minutes=5).compiled("cuda")
    assert TrainingConfig(minutes=120).compiled("cuda")
    assert TrainingConfig(steps=1_000_000).compiled("cuda")
    assert not TrainingConfig(minutes=120).compiled("cpu")
    assert TrainingConfig(minutes=5, compile=True).compiled("cpu")
    assert not TrainingConfig(minutes=120, compile=False).compiled("cuda")


@pytest.mark.parametrize("name", ["srresnet-mse", "espcn", "srcnn", "drcn", "srgan-mse"])
def test_weights_have_the_same_names_compiled_or_not(compiler: Compiler, name: str) -> None:
    assert isinstance(compiler, Compiler)

    def made(compiled: bool) -> TrainingTask:
        recipe = find(name)
        plan = configure(recipe, {**SMALL, "compile": compiled})
        return recipe.task(plan, ProcessGroup(0, 1, torch.device("cpu")))

    eager, compiled = made(False), made(True)
    for learner in eager.learners:
        names = [list(task.learners[learner].network.state_dict()) for task in (eager, compiled)]
        assert names[0] == names[1]


def test_drcn_is_compiled_part_by_part_and_its_predictions_go_through_the_parts(compiler: Compiler) -> None:
    network = DRCN(recursions=3, width=8)
    image = torch.rand(1, 1, 12, 12)
    expected = network.predictions(image)
    for part in network.parts:
        part.compile()
    assert torch.equal(network.predictions(image), expected)
    assert compiler.graphs == 3


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a processor")
@pytest.mark.parametrize("kind", [ESPCN, SRCNN])
def test_networks_that_repeat_borders_have_the_same_gradients_compiled(kind: type[nn.Module]) -> None:
    torch._dynamo.reset()
    name = str(kind.architecture)  # type: ignore[attr-defined] # both have one
    recipe, image = find(name), torch.rand(2, 1, 12, 12)
    gradients = []
    for compiled in (False, True):
        torch.manual_seed(1)
        plan = configure(recipe, {**SMALL, "compile": compiled})
        network = recipe.task(plan, ProcessGroup(0, 1, torch.device("cpu"))).network
        network(image).square().mean().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    for eager, other in zip(*gradients, strict=True):
        torch.testing.assert_close(eager, other, rtol=1e-4, atol=1e-6)
