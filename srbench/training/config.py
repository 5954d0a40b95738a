"""What can be set for every training run, read without torch, so that the command line can show it at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from srbench import degradations
from srbench.errors import TrainingError, unknown
from srbench.training.schedules import schedule

OPTIMISERS = ("adam", "soap")
PRECISIONS = ("auto", "bf16", "fp32")
LOGGERS = ("tensorboard", "wandb", "mlflow")
LONG_MINUTES, LONG_STEPS = 60.0, 50_000
"""From here on a run on a GPU is compiled unless it is told not to be: that takes minutes, and pays later."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings that every family shares; each family's config adds its own.

    Attributes:
        scale: Upscaling factor.
        steps: Length of the run in steps; give either this or minutes.
        minutes: Length of the run in minutes of training, over all its sessions.
        batch: Crops in a step, over all processes together.
        crop: Height and width of HR crops.
        rate: Base learning rate.
        optimiser: 'adam', or 'soap', which trains the small networks several times faster.
        soap_every: Steps between two updates of SOAP's eigenbases; more of them cost less and follow later.
        start: Weights that the run starts from: a run's folder, a weight file, or the name of a method whose
            weights are there; without it random ones.
        schedule: How the rate falls, by elapsed fraction: 'cosine', 'one-cycle', 'constant' or 'drop'.
        ema: Decay of the averaged weights that are validated and shipped.
        freeze_bn: Elapsed fraction after which batch normalisation keeps its statistics.
        seed: Seed of the initial weights and of the crops.
        precision: 'bf16', 'fp32', or 'auto', which takes bf16 where that is measured to be faster.
        validations: How often the validation images are scored during the run.
        compile: Whether networks go through torch.compile; by default on a GPU only, in runs of an hour or more.
        clip: Longest gradient of a network, as the norm over all its parameters; longer ones are shortened to it.
        accumulate: In how many parts the crops of a step are computed, one after another, for memory's sake.
        degradation: How LR crops are made of HR crops: 'bicubic', 'real-esrgan', or steps such as
            'blur=1.6,noise=10,jpeg=60'; see docs/degradations.md.
        keep_every: Steps after which the averaged weights are kept in a file of their own, again and again.
        samples: How many crops of held-out photographs are shown at each validation.
        log: Where curves and pictures go beside the run's folder: 'tensorboard', 'wandb', 'mlflow', several of them
            separated by commas, or 'none'.
    """

    scale: int = 4
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    crop: int = 96
    rate: float = 1e-3
    optimiser: str = "adam"
    soap_every: int = 10
    start: str | None = None
    schedule: str = "cosine"
    ema: float = 0.999
    freeze_bn: float = 0.7
    seed: int = 0
    precision: str = "auto"
    validations: int = 10
    compile: bool | None = None
    clip: float | None = None
    accumulate: int = 1
    degradation: str = "bicubic"
    keep_every: int | None = None
    samples: int = 4
    log: str = "tensorboard"

    def check(self) -> None:
        """Check values that would fail late or in an obscure way.

        Raises:
            TrainingError: One of them is wrong.
        """
        if (self.steps is None) == (self.minutes is None):
            raise TrainingError("Give the length of the run by either --steps or --minutes.")
        length = self.steps if self.minutes is None else self.minutes
        if not (length is not None and 0 < length < math.inf) or self.batch < 1:
            raise TrainingError("Expected --steps or --minutes, and --batch, above zero.")
        if self.scale < 2:
            raise TrainingError(f"Expected --scale 2 or more, but got {self.scale}.")
        if self.crop < self.scale or self.crop % self.scale:
            raise TrainingError(f"--crop {self.crop} is not a multiple of the scale {self.scale}.")
        if not 0 < self.rate < math.inf or self.soap_every < 1:
            raise TrainingError(f"Expected --rate and --soap-every above zero, got {self.rate} and {self.soap_every}.")
        if not 0 <= self.ema < 1:
            raise TrainingError(f"Expected --ema of at least 0 and below 1, but got {self.ema}.")
        if self.accumulate < 1 or self.batch % self.accumulate:
            raise TrainingError(f"Expected --accumulate to divide --batch {self.batch}, but got {self.accumulate}.")
        if self.clip is not None and not self.clip > 0:
            raise TrainingError(f"Expected --clip above zero, but got {self.clip}.")
        if (self.keep_every is not None and self.keep_every < 1) or self.samples < 0 or self.validations < 0:
            raise TrainingError(
                "Expected --keep-every of at least 1, and --samples and --validations of at least 0, but got "
                f"{self.keep_every}, {self.samples} and {self.validations}."
            )
        degradations.parse(self.degradation)
        for one in self.loggers:
            if one not in LOGGERS:
                raise TrainingError(unknown("logger", one, LOGGERS))
        for name, value, known in (
            ("precision", self.precision, PRECISIONS),
            ("optimiser", self.optimiser, OPTIMISERS),
        ):
            if value not in known:
                raise TrainingError(unknown(name, value, known))
        schedule(self.schedule)

    @property
    def loggers(self) -> list[str]:
        """Where curves and pictures go."""
        return [] if self.log == "none" else [one.strip() for one in self.log.split(",") if one.strip()]

    def compiled(self, device: str) -> bool:
        """Return whether networks are compiled on a `device` such as `cuda`."""
        if self.compile is not None:
            return self.compile
        return device == "cuda" and ((self.minutes or 0) >= LONG_MINUTES or (self.steps or 0) >= LONG_STEPS)
