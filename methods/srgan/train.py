"""Trains all that starts from SRResNet-MSE: SRGAN with its content losses, and SRResNet-VGG22."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import EllipsisType

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.methods.srgan.balance import balanced_weight, joined
from srbench.methods.srgan.config import CONTENT, Config, balanced, departures
from srbench.methods.srgan.discriminator import Discriminator
from srbench.methods.srgan.heads import LAYERS, Heads
from srbench.methods.srresnet.loading import ready
from srbench.methods.srresnet.network import SRResNet
from srbench.training import features, initial, losses
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Learner, Recipe, TrainingTask
from srbench.training.vgg import CAFFE, Features

Window = tuple[slice | EllipsisType, ...]
"""An index that cuts a part out of crops."""

CONTENT_WEIGHT, ADVERSARIAL_WEIGHT, TEXTURE_WEIGHT = "content_weight", "adversarial_weight", "texture_weight"
"""Names of the notes that keep the balanced weights, in checkpoints and on cards."""


def network(config: Config) -> SRResNet:
    """Return the untrained generator."""
    return SRResNet(config.scale, config.blocks, bn=config.bn, width=config.width)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the losses see of the crops.

    Attributes:
        image: Windows of them, (N, 3, h, w) in -1..1.
        maps: Their feature maps: the content loss's, then those that heads look at.
    """

    image: Tensor
    maps: Sequence[Tensor] = ()

    def detached(self) -> Seen:
        """Return the same, from where no gradient goes back."""
        return Seen(self.image.detach(), [one.detach() for one in self.maps])


class SRGANTask(TrainingTask):
    """Learns to please the content loss and, unless its weight is 0, a discriminator that learns with it."""

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.config = plan
        generator = network(plan)
        self.notes["start"] = initial.load(generator, plan.start, "srresnet", plan.scale)
        self.learners = {"generator": self.learner(generator)}
        _split_tail(self.learners["generator"])
        self.features: nn.Module | None = None
        note, heads = [], plan.discriminator == "heads"
        if plan.layer is not None:
            maps, facts = features.load(plan.vgg, plan.layer, *(LAYERS if heads else ()))
            self.notes |= facts
            _check_size(maps, plan)
            self.features = self.ready(maps)
            note += [] if facts["features"].startswith(features.PAPER) else [facts["features"]]
        self.judge: nn.Module | None = None
        if plan.adversarial:
            learner = self.learner(Heads(maps.channels[1:]) if heads else Discriminator(plan.window or plan.crop))
            learner.rate *= plan.discriminator_rate
            self.learners["discriminator"], self.judge = learner, learner.network
        note += [departures(plan)] if departures(plan) else []
        if note:
            self.notes["note"] = "; ".join(note)

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Let the discriminator learn, then the generator."""
        hr, shown = batch.hr * 2 - 1, {}
        alone = self.judge is not None and self.done < self.config.warm_up
        with torch.set_grad_enabled(not alone), self.autocast():
            sr = self.network(batch.lr).float()
        # Each loss goes back to the image by itself; there gradients are compared, and joined they go on.
        image, window = sr.detach().requires_grad_(not alone), self._window()
        with torch.no_grad():
            real = self._seen(hr[window], alone)
        fake = self._seen(image[window], alone)
        if self.judge is not None:
            shown["discriminator"] = self._judge_learns(self.judge, real, fake, fraction)
        if alone:
            return shown
        parts = self._losses(image, hr, real, fake, fraction)
        # Losses share the graph of the feature maps.
        gradients = {name: torch.autograd.grad(loss, image, retain_graph=True)[0] for name, loss in parts.items()}
        gradient = joined(gradients, self._weights(gradients, fraction))
        self.learners["generator"].optimiser.param_groups[1]["factor"] = (
            self.config.tail_rate if fraction >= self.config.tail_frozen else 0.0
        )
        self.learners["generator"].descend((sr * gradient).sum(), self.processes, fraction)
        return shown | {name: part.detach() for name, part in parts.items()}

    def _window(self) -> Window:
        """Return where in the crops the discriminator and the features look in this step."""
        crop, size = self.config.crop, self.config.window
        if size is None:
            return (...,)
        top, left = torch.randint(0, crop - size + 1, (2,)).tolist()
        return (slice(None), slice(None), slice(top, top + size), slice(left, left + size))

    def _seen(self, image: Tensor, alone: bool) -> Seen:
        """Return what the losses see of windows, without the maps that only the generator's step needs if `alone`."""
        if self.features is None or (alone and not isinstance(self.judge, Heads)):
            return Seen(image)
        with self.autocast():
            return Seen(image, self.features(image))

    def _judge_learns(self, judge: nn.Module, real: Seen, fake: Seen, fraction: float) -> Tensor:
        if isinstance(judge, Heads):
            judge.observe(real.maps[1:])
        apart = fake.detached()
        for _ in range(self.config.discriminator_steps):
            pairs = zip(self._says(judge, real, fraction, 0), self._says(judge, apart, fraction, 1), strict=True)
            verdict = _mean(losses.discriminator(hr, sr, self.config.label) for hr, sr in pairs)
            self.learners["discriminator"].descend(verdict, self.processes, fraction)
        return verdict.detach()

    def _says(self, judge: nn.Module, seen: Seen, fraction: float, stream: int) -> list[Tensor]:
        """Return the logits of each of the discriminator's parts."""
        with self.autocast():
            if isinstance(judge, Heads):
                return [logits.float() for logits in judge(seen.maps[1:])]
            return [judge(self._noisy(seen.image, fraction, stream)).float()]

    def _noisy(self, image: Tensor, fraction: float, stream: int) -> Tensor:
        strength = self.config.noise * (1 - fraction)
        if strength == 0:
            return image
        # A generator of this step's own, so that a resumed run sees the same noise on every device.
        seed = ((self.config.seed % 2**20 * 2**32 + self.done) * self.processes.size + self.processes.rank) * 3 + stream
        generator = torch.Generator(image.device).manual_seed(seed)
        noise = torch.empty_like(image, requires_grad=False).normal_(generator=generator)
        return image + strength * noise

    def _losses(self, sr: Tensor, hr: Tensor, real: Seen, fake: Seen, fraction: float) -> dict[str, Tensor]:
        """Return the generator's losses, without their weights but for the content loss's fixed one."""
        config, parts = self.config, {}
        if self.features is not None:
            weight = config.content if config.content_ratio is None else 1.0
            parts["content"] = weight * losses.content(fake.maps[0], real.maps[0])
        if self.features is None or config.content_ratio or config.anchor or config.anchor_end:
            parts["mse"] = losses.pixel(sr, hr)
        if self.judge is not None:
            with _fixed(self.judge):
                parts["adversarial"] = _mean(map(losses.adversarial, self._says(self.judge, fake, fraction, 2)))
        if config.texture:
            parts["texture"] = losses.texture(sr, hr, config.scale)
        if config.phase:
            parts["phase"] = losses.phase(sr, hr, config.scale)
        if config.variation:
            parts["variation"] = losses.total_variation(sr)
        return parts

    def _weights(self, gradients: Mapping[str, Tensor], fraction: float) -> dict[str, float]:
        config, notes = self.config, self.notes
        again = self.done % config.balance_every == 0
        if config.content_ratio is not None and (again or CONTENT_WEIGHT not in notes):
            weight = balanced_weight(gradients["mse"], gradients["content"], config.content_ratio)
            notes[CONTENT_WEIGHT] = self.processes.agree(weight)
        content = notes.get(CONTENT_WEIGHT, 1.0)  # a fixed weight is within the loss
        leading = gradients["mse"] if self.features is None else content * gradients["content"]
        if config.balance is not None and (again or ADVERSARIAL_WEIGHT not in notes):
            weight = balanced_weight(leading, gradients["adversarial"], config.balance)
            notes[ADVERSARIAL_WEIGHT] = self.processes.agree(weight)
        if config.texture and (again or TEXTURE_WEIGHT not in notes):
            weight = balanced_weight(leading, gradients["texture"], config.texture)
            notes[TEXTURE_WEIGHT] = self.processes.agree(weight)
        return {
            "content": content,
            "mse": 1.0 if self.features is None else config.anchor_at(fraction),
            "adversarial": notes.get(ADVERSARIAL_WEIGHT, config.adversarial),
            "phase": config.phase,
            "texture": notes.get(TEXTURE_WEIGHT, 0.0),
            "variation": config.variation,
        }

    def variants(self) -> Sequence[tuple[int, float]]:
        """Return how the generator learns, and before that how the discriminator learns alone."""
        alone = [(0, 0.0)] if self.judge is not None and self.config.warm_up else []
        return alone + [(self.config.warm_up, fraction) for _, fraction in super().variants()]

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR image of a whole LR image, both RGB in 0..255."""
        with self.autocast():
            sr: Tensor = network(lr / 255)
        return (sr.float() + 1) * 127.5


def _mean(found: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(found)).mean()


@contextmanager
def _fixed(network: nn.Module) -> Iterator[None]:
    """Spare the gradients of a network's own weights, which the generator's step would compute and throw away."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def _check_size(maps: Features, config: Config) -> None:
    """Refuse the content weights of the balanced preset for features that are many times smaller."""
    preset = config.preset == "balanced" and config.content in CONTENT.values()
    if preset and config.content_ratio is None and maps.top != CAFFE.top:
        raise TrainingError(
            f"The preset's content weight {config.content:g} is for features of pixels in 0..255, as the authors' VGG "
            "has them, and those of --vgg are of another size. Add --set content_ratio=11, which measures it."
        )


def _split_tail(learner: Learner) -> None:
    """Give the generator's tail a group of its own in the optimiser, so that it can have another rate."""
    generator, optimiser = learner.network, learner.optimiser
    tail = {id(p) for name, p in generator.named_parameters() if name.startswith(("upsampling.", "last."))}
    group = optimiser.param_groups[0]
    last = [p for p in group["params"] if id(p) in tail]
    group["params"] = [p for p in group["params"] if id(p) not in tail]
    optimiser.add_param_group({"params": last})


_SRGAN = Config()
_VGG22 = replace(_SRGAN, layer=(2, 2))
_PLAIN = replace(_VGG22, adversarial=0.0, variation=2e-8)
# Where the loss is MSE its gradient is a tenth of that of the content losses, and so is the penalty beside it.
_MSE = replace(_SRGAN, layer=None)
RECIPES = {
    "srgan-mse": Recipe(
        _MSE,
        network,
        SRGANTask,
        "SRGAN with MSE as content loss",
        {"balanced": replace(balanced(_MSE), phase=10.0)},
        ready,
        gives="-1..1",
    ),
    "srgan-vgg22": Recipe(
        _VGG22, network, SRGANTask, "SRGAN with VGG/2,2", {"balanced": balanced(_VGG22)}, ready, gives="-1..1"
    ),
    "srgan-vgg54": Recipe(
        _SRGAN, network, SRGANTask, "SRGAN with VGG/5,4", {"balanced": balanced(_SRGAN)}, ready, gives="-1..1"
    ),
    "srresnet-vgg22": Recipe(
        _PLAIN, network, SRGANTask, "SRResNet on VGG/2,2", {"balanced": balanced(_PLAIN)}, ready, gives="-1..1"
    ),
}
