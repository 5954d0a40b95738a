"""Settings of SRGAN: the paper's, and those of short runs, whose losses are balanced by their gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace

from srbench.errors import TrainingError, unknown
from srbench.training.config import TrainingConfig

PAPER_CONTENT = 1 / 12.75**2
"""The paper divides feature maps by 12.75 before it takes their squared distance."""

DISCRIMINATORS = ("paper", "heads")

_STRIDE = 16  # of the discriminator


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of SRGAN: the paper's rates, 1e-4 for half of the run and 1e-5 for the other.

    It starts from SRResNet-MSE: from the weights shipped for the scale, if `start` is None. All weights are those
    of losses of images in -1..1.

    Attributes:
        preset: Name of the settings that the others change: `paper`, or `balanced`.
        layer: (i, j) of the content loss VGG/i,j, as VGG19 counts; None for MSE.
        vgg: Whose features: `imagenet` or a file, see `features.load`.
        content: Weight of the squared distance of feature maps.
        content_ratio: Length of the content loss's gradient at the SR image in parts of that of MSE, to which its
            weight is set again and again, in place of `content`. None keeps `content`.
        anchor: Weight of MSE beside the content loss at the beginning.
        anchor_end: The same at the end; between them it falls evenly. None keeps it.
        adversarial: Weight of the adversarial loss; 0 trains no discriminator.
        balance: Length of the adversarial loss's gradient at the SR image in parts of that of the content loss: its
            weight is set to that again and again, in place of `adversarial`. None keeps `adversarial`.
        balance_every: Steps between two settings of such weights.
        variation: Weight of total variation.
        phase: Weight of the penalty on patterns that repeat in every LR pixel, see `losses.phase`.
        texture: Length of the gradient of `losses.texture` at the SR image in parts of that of the content loss, to
            which its weight is set again and again; 0 leaves it out.
        window: Height and width of the windows, at a random place in each step, that the discriminator and the
            features see of the crops; None shows them all of it.
        discriminator: `paper`, or `heads`: small networks on the content loss's features, see `heads.Heads`.
        discriminator_steps: How often it learns from the crops of one step.
        label: What the discriminator should answer to originals; below 1 it is kept from certainty.
        discriminator_rate: The discriminator's learning rate, in parts of the generator's.
        noise: Standard deviation of the noise on what the discriminator sees; it falls evenly to 0.
        warm_up: Steps in which the discriminator learns alone.
        tail_rate: Learning rate of the generator's tail (`upsampling` and `last`), in parts of the rest's.
        tail_frozen: Elapsed fraction in which the tail does not learn at all.
        blocks: Number B of residual blocks.
        width: Channels of the generator's hidden layers.
        bn: Whether the generator has batch normalisation.
    """

    preset: str = "paper"
    rate: float = 1e-4
    schedule: str = "drop"
    freeze_bn: float = 0.0
    layer: tuple[int, int] | None = (5, 4)
    vgg: str = "imagenet"
    content: float = PAPER_CONTENT
    content_ratio: float | None = None
    anchor: float = 0.0
    anchor_end: float | None = None
    adversarial: float = 1e-3
    balance: float | None = None
    balance_every: int = 50
    variation: float = 0.0
    phase: float = 0.0
    texture: float = 0.0
    window: int | None = None
    discriminator: str = "paper"
    discriminator_steps: int = 1
    label: float = 1.0
    discriminator_rate: float = 1.0
    noise: float = 0.0
    warm_up: int = 0
    tail_rate: float = 1.0
    tail_frozen: float = 0.0
    blocks: int = 16
    width: int = 64
    bn: bool = True

    def check(self) -> None:
        """Check what would fail late or in an obscure way.

        Raises:
            TrainingError: One of the settings is wrong.
        """
        super().check()
        seen = self.crop if self.window is None else self.window
        if not _STRIDE <= seen <= self.crop or (self.adversarial and seen % _STRIDE):
            raise TrainingError(
                f"The discriminator sees {_STRIDE} pixels or a multiple of them, and no more than the crop: expected "
                f"--set window=... from {_STRIDE} to {self.crop}, but got {seen}. Change it, or --crop."
            )
        if self.balance is not None and not (self.balance > 0 and self.adversarial):
            raise TrainingError(
                f"Expected --set balance=... above 0, and an adversarial loss to balance, but got {self.balance} and "
                f"adversarial={self.adversarial}. Leave one of them out."
            )
        if self.content_ratio is not None and (self.content_ratio <= 0 or self.layer is None):
            raise TrainingError(
                f"Expected --set content_ratio=... above 0, and a content loss of features, but got "
                f"{self.content_ratio} and layer={self.layer}. Leave one of them out."
            )
        if self.discriminator not in DISCRIMINATORS:
            raise TrainingError(unknown("discriminator", self.discriminator, DISCRIMINATORS))
        if self.discriminator == "heads" and (self.layer is None or self.noise or not self.adversarial):
            raise TrainingError(
                "--set discriminator=heads looks at the features of the content loss: expected an adversarial loss, "
                f"no noise and a content loss of features, but got adversarial={self.adversarial}, noise={self.noise} "
                f"and layer={self.layer}. Leave it out, or change them."
            )
        if not isinstance(self.discriminator_steps, int) or self.discriminator_steps < 1:
            raise TrainingError(
                f"Expected --set discriminator_steps=... of at least 1, but got {self.discriminator_steps}."
            )
        if not isinstance(self.warm_up, int):
            raise TrainingError(f"Expected --set warm_up=... to be a whole number of steps, but got {self.warm_up}.")
        if not 0.5 < self.label <= 1:
            raise TrainingError(f"Expected --set label=... above 0.5 and at most 1, but got {self.label}.")
        for name in ("balance_every", "discriminator_rate", "content"):
            if getattr(self, name) <= 0:
                raise TrainingError(f"Expected --set {name}=... above 0, but got {getattr(self, name)}.")
        for name in (
            "anchor",
            "adversarial",
            "variation",
            "phase",
            "texture",
            "noise",
            "warm_up",
            "tail_rate",
            "tail_frozen",
        ):
            if getattr(self, name) < 0:
                raise TrainingError(f"Expected --set {name}=... of at least 0, but got {getattr(self, name)}.")

    def anchor_at(self, fraction: float) -> float:
        """Return the weight of MSE when `fraction` of the run is over."""
        end = self.anchor if self.anchor_end is None else self.anchor_end
        return self.anchor + (end - self.anchor) * fraction


def departures(config: Config) -> str:
    """Return what in the losses and the discriminator is not the paper's, to be said beside the method's name.

    >>> departures(Config(phase=100, label=0.9))
    'phase penalty 100, real label 0.9'
    """
    usual, found = Config(), []
    if config.content_ratio is not None:
        found.append(f"MSE : content 1 : {config.content_ratio:g} by gradients")
    elif config.layer is not None and config.content != usual.content:
        found.append(f"content weight {config.content:g}")
    if config.balance is not None:
        found.append(f"content : adversarial 1 : {config.balance:g} by gradients")
    elif config.adversarial not in (0.0, usual.adversarial):
        found.append(f"adversarial weight {config.adversarial:g}")
    if config.layer is not None and (config.anchor or config.anchor_end):
        falls = config.anchor_end is not None and config.anchor_end != config.anchor
        found.append(f"MSE {config.anchor:g}" + (f" to {config.anchor_end:g}" if falls else ""))
    if config.variation and config.adversarial:  # the paper's SRResNet-VGG22 has it
        found.append(f"total variation {config.variation:g}")
    if config.phase:
        found.append(f"phase penalty {config.phase:g}")
    if config.texture:
        found.append(f"{'content' if config.layer else 'MSE'} : texture 1 : {config.texture:g} by gradients")
    if config.window is not None and config.window != config.crop:
        found.append(f"windows of {config.window}")
    if config.adversarial and config.discriminator == "heads":
        found.append("heads on VGG's features as discriminator")
    if config.adversarial and config.label != usual.label:
        found.append(f"real label {config.label:g}")
    if config.adversarial and config.noise:
        found.append(f"discriminator's noise {config.noise:g}")
    return ", ".join(found)


CONTENT = {(2, 2): 2e-6, (5, 4): 3e-4}
"""Content weights by layer, for features of pixels in 0..255 as the authors' VGG has them.

At phi_5,3 the loss is as large as the MSE then (2.7e-4 to 3.4e-4 where that was measured, on SR images of
SRResNet-MSE), and its gradient eleven times as long; at phi_2,2 the gradient is as long as at phi_5,3.
"""


def balanced(config: Config) -> Config:
    """Return the settings for hours on a processor, or minutes on a GPU, in place of the paper's `config`."""
    short = replace(config, preset="balanced", batch=8, crop=64, schedule="cosine", ema=0.995)
    steady = replace(short, anchor=0.3, phase=100.0, window=48, tail_rate=0.1)
    if config.layer is not None:
        steady = replace(steady, content=CONTENT[config.layer])
    if not config.adversarial:
        return steady
    return replace(steady, balance=0.9, label=0.9, discriminator_rate=0.5, warm_up=200)
