"""One network from the weights of several runs: their mean.

Runs that set out from the same weights end in the same basin, and the mean of their weights often scores better than
each of them (Wortsman et al., "Model soups", arXiv 2203.05482), at no cost when it is used.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.training import averaged, initial
from srbench.training.running import restore


@dataclass(frozen=True, slots=True)
class Part:
    """What takes part in a mean.

    Attributes:
        source: Run folder (also as RUN@STEP), weight file, or name of a method.
        share: How much it counts, beside the others' shares.
    """

    source: str
    share: float = 1.0


def part(text: str) -> Part:
    """Return what `SOURCE` or `SOURCE=SHARE` means.

    >>> part("runs/first=2")
    Part(source='runs/first', share=2.0)

    Raises:
        TrainingError: The share is not above 0.
    """
    source, equals, share = text.rpartition("=")
    if not equals or Path(text).expanduser().exists():
        return Part(text)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", share) or float(share) == 0:
        raise TrainingError(
            f"Expected a share above 0 behind '{source}=', but got '{share}'. Write RUN=2, or RUN alone."
        )
    return Part(source, float(share))


def average(parts: Sequence[Part], out: Path, *, overwrite: bool = False) -> None:
    """Write the mean of weights to a file that `--start`, `ship-weights` and `checkpoint:FILE` read.

    The file says of its training what the first of the runs says, and of which weights it is the mean.

    Args:
        parts: Two or more, the first of which is a run; all are of its network and scale.
        out: The file to write, `.safetensors`.
        overwrite: Whether a file that is there already may be replaced.

    Raises:
        TrainingError: There are fewer than two, the first is no run, one cannot be found, or `out` is in the way.
        WeightsError: A file is damaged, or holds weights of another network.
    """
    if len(parts) < 2:
        raise TrainingError(f"Expected two sets of weights or more to average, but got {len(parts)}. Name more runs.")
    if out.suffix != ".safetensors":
        raise TrainingError(f"Expected --out to be a file that ends in .safetensors, but got '{out}'. Change it.")
    if out.exists() and not overwrite:
        raise TrainingError(f"{out} is there already. Replace it with --overwrite, or give another --out.")
    first = averaged.read(averaged.locate(parts[0].source))
    mean, networks, said = restore(first), [], []
    for one in parts:
        network = copy.deepcopy(mean)
        told = initial.load(network, one.source, "", int(first.config["plan"]["scale"]))
        networks.append(network)
        said.append(told if one.share == 1 else f"{one.share:g} x {told}")
    mean.load_state_dict(_mean(networks, [one.share for one in parts]))
    mean_of = "; ".join(said)
    note = f"mean of the weights of {len(mean_of.split('; '))} runs"  # those of a mean among them are runs of this one
    before = re.sub(r"(^|; )mean of the weights of \d+ runs$", "", first.notes.get("note", ""))
    notes = {**first.notes, "mean_of": mean_of, "note": f"{before}; {note}" if before else note}
    out.parent.mkdir(parents=True, exist_ok=True)
    averaged.write(out, mean, replace(first, tensors={}, notes=notes))


def _mean(networks: Sequence[nn.Module], shares: Sequence[float]) -> dict[str, Tensor]:
    states, total, found = [network.state_dict() for network in networks], sum(shares), {}
    for name, tensor in states[0].items():
        if tensor.is_floating_point():
            weighed = [share * state[name].double() for share, state in zip(shares, states, strict=True)]
            found[name] = (torch.stack(weighed).sum(0) / total).to(tensor.dtype)
        else:
            found[name] = tensor  # a count of steps
    return found
