"""What is counted in ONNX files is what torch counts in the networks that they were made of, or a count by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.helper as make
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from typer.testing import CliRunner

from srbench.cli import app
from srbench.foreign import onnx_graph, opening
from srbench.inference import operations
from tests import foreign_models

FLOAT = onnx.TensorProto.FLOAT


class Attentive(nn.Module):
    """Windows that attend to themselves, groups, strides, a transposed convolution: what networks of today do."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Conv2d(3, 8, 3, padding=1, groups=1)
        self.grouped = nn.Conv2d(8, 8, 3, padding=1, groups=4, stride=2)
        self.query = nn.Linear(8, 24, bias=False)
        self.position = nn.Parameter(torch.randn(16, 16))
        self.tail = nn.ConvTranspose2d(8, 6, 4, stride=4, groups=2)
        self.last = nn.Conv2d(6, 3, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.grouped(self.head(image))
        n, c, height, width = features.shape
        windows = features.reshape(n, c, height // 4, 4, width // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
        query, key, value = self.query(windows).chunk(3, dim=-1)
        mixed = functional.softmax(query @ key.transpose(-2, -1) + self.position, dim=-1) @ value
        back = mixed.reshape(n, height // 4, width // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(features.shape)
        enlarged: Tensor = self.last(self.tail(back))
        return enlarged


def exported(network: nn.Module, path: Path) -> Path:
    axes = {"image": {2: "height", 3: "width"}}
    example = (torch.rand(1, 3, 16, 24),)
    torch.onnx.export(network.eval(), example, str(path), input_names=["image"], dynamic_axes=axes, dynamo=False)
    return path


def written(path: Path, nodes: list[onnx.NodeProto], **weights: np.ndarray) -> Path:
    """Write a graph from `image`, of any size, to `sr`."""
    graph = make.make_graph(
        nodes,
        "graph",
        [make.make_tensor_value_info("image", FLOAT, [1, 3, "height", "width"])],
        [make.make_tensor_value_info("sr", FLOAT, None)],
        [onnx.numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8), str(path))
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's older exporter, which many files were made with
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_networks_file_has_as_many_numbers_and_products_as_the_network(tmp_path: Path) -> None:
    network = Attentive()
    path = exported(network, tmp_path / "net.onnx")
    assert onnx_graph.parameters(path) == sum(parameter.numel() for parameter in network.parameters())
    for shape in ((1, 3, 16, 24), (1, 3, 64, 40)):
        assert onnx_graph.count(path, shape) == operations.Counted(operations.count(network, shape))


def test_the_products_of_every_kind_of_node_are_those_of_a_count_by_hand(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {
        "spread": rng.random((3, 4, 2, 2), np.float32),  # 3 channels in, 2 groups of 4 out
        "left": rng.random((5, 8), np.float32),
        "right": rng.random((5, 7), np.float32),
    }
    nodes = [
        make.make_node("Conv", ["image", "kernel"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        make.make_node("ConvTranspose", ["a", "spread"], ["b"], strides=[2, 2]),
        make.make_node("ReduceMean", ["b"], ["c"], axes=[2, 3], keepdims=0),
        make.make_node("Gemm", ["c", "left"], ["d"], transB=1),
        make.make_node("Einsum", ["d", "right"], ["e"], equation="ni,ik->nk"),
        make.make_node("Einsum", ["b", "scale"], ["f"], equation="...hw,hk->...kw"),
        make.make_node("ReduceSum", ["f"], ["g"], keepdims=1),
        make.make_node("ReduceSum", ["e"], ["h"], keepdims=1),
        make.make_node("Mul", ["g", "h"], ["sr"]),
    ]
    weights |= {"kernel": rng.random((3, 3, 3, 3), np.float32), "scale": rng.random((12, 6), np.float32)}
    weights["left"] = rng.random((5, 4), np.float32)
    path = written(tmp_path / "net.onnx", nodes, **weights)
    convolution, transposed = 3 * 6 * 5 * 3 * 9, 3 * 6 * 5 * 4 * 4
    product, sums = 5 * 4, 5 * 7
    along = 4 * 12 * 10 * 6  # channels, rows that are summed over, columns, rows that come out
    assert onnx_graph.count(path, (1, 3, 12, 10)).products == convolution + transposed + product + sums + along
    assert onnx_graph.parameters(path) == sum(weight.size for weight in weights.values())


def test_quantised_weights_count_and_what_steers_a_node_does_not(tmp_path: Path) -> None:
    kernel = np.ones((3, 3, 3, 3), np.int8)
    nodes = [
        make.make_node("DequantizeLinear", ["kernel", "step"], ["weight"]),
        make.make_node("Conv", ["image", "weight"], ["a"], pads=[1, 1, 1, 1]),
        make.make_node("Resize", ["a", "", "factors"], ["b"]),
        make.make_node("Clip", ["b", "low", "high"], ["sr"]),
    ]
    numbers = {"step": 0.1, "low": 0.0, "high": 1.0}
    path = written(
        tmp_path / "net.onnx",
        nodes,
        kernel=kernel,
        factors=np.array([1, 1, 4, 4], np.float32),
        **{name: np.array(value, np.float32) for name, value in numbers.items()},
    )
    assert onnx_graph.parameters(path) == kernel.size
    assert onnx_graph.count(path, (1, 3, 10, 10)).products == kernel.size * 100


def test_a_graph_with_something_that_nobody_counts_has_no_figure_and_says_what_it_is(tmp_path: Path) -> None:
    recurrent = make.make_node("GRU", ["flat", "w", "r"], ["rows", ""], hidden_size=2)
    nodes = [
        make.make_node("ReduceMean", ["image"], ["flat"], axes=[3], keepdims=0),
        recurrent,
        make.make_node("ReduceMean", ["rows"], ["one"], keepdims=0),
        make.make_node("Add", ["image", "one"], ["sr"]),
    ]
    rng = np.random.default_rng(0)
    path = written(
        tmp_path / "net.onnx", nodes, w=rng.random((1, 6, 5), np.float32), r=rng.random((1, 6, 2), np.float32)
    )
    counted = onnx_graph.count(path, (1, 3, 5, 7))
    assert counted.products is None
    assert counted.why_not == "nobody counts what GRU in the graph computes"


def test_a_size_that_the_graph_cannot_take_is_no_crash(tmp_path: Path) -> None:
    node = make.make_node("Einsum", ["image", "weight"], ["sr"], equation="nchw,wk->nchk")
    path = written(tmp_path / "net.onnx", [node], weight=np.ones((7, 4), np.float32))
    assert onnx_graph.count(path, (1, 3, 5, 7)).products == 3 * 5 * 7 * 4
    assert "cannot be followed" in onnx_graph.count(path, (1, 3, 5, 8)).why_not


def test_without_the_package_that_reads_graphs_the_network_runs_and_the_figure_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(foreign_models.spec("onnx", tmp_path).partition(":")[2])
    monkeypatch.setitem(sys.modules, "onnx", None)
    loaded = opening.onnx(path)
    assert loaded.parameters is None
    assert loaded.counted(8, 8).why_not == "the package onnx, which reads graphs, is not installed"
    assert loaded.run(torch.rand(1, 3, 8, 8)).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("kind", ["onnx", "torchscript", "pt2", "model"])
def test_one_network_costs_the_same_in_every_form(kind: str, tmp_path: Path) -> None:
    network = foreign_models.network()
    done = CliRunner().invoke(app, ["models", "check", foreign_models.spec(kind, tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    products = operations.count(network, (1, 3, 64, 64))
    assert products is not None
    assert told["multiply-accumulates"].startswith(f"{products / 1e9:.3f} G for an input of 64x64")
    count = sum(parameter.numel() for parameter in network.parameters())
    # torch's older exporter writes parameters that are equal once: here the 8 slopes of the second activation.
    assert told["parameters"] == f"{count - 8 if kind == 'onnx' else count:,}"
