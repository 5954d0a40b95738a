"""What a user writes, as type checkers see it. Each `expect` line is an error that they must report."""

import srbench as sb
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup, create, register

version: str = sb.__version__
network: SRResNet = SRResNet(4)
upscale = create("srresnet-mse", Setup(scale=4))
files: dict[str, str] = upscale.files

SRResNet(nonsense=1)  # expect
Setup(scales=4)  # expect
number: int = sb.__version__  # expect
register("mine", titel="Mine")  # expect
