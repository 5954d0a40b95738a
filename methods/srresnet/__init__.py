"""SRResNet: a deep residual network (Ledig et al., 2017), trained on MSE or on VGG features."""

from srbench import weights
from srbench.registry import Setup, Upscaler, register_loader

PARAMETERS = {2: 1_401_749, 3: 1_586_389, 4: 1_549_462}
CITE = "Ledig et al., Photo-realistic single image super-resolution using a GAN, CVPR 2017 (arXiv 1609.04802)"
_MSE = weights.paths(__file__, "srresnet-mse", (2, 3, 4))
_VGG22 = weights.paths(__file__, "srresnet-vgg22", (4,))
_COLUMNS = {"parameters": PARAMETERS, "cite": CITE}


@register_loader(
    "srresnet-mse",
    title="SRResNet-MSE",
    scales=tuple(_MSE),
    weights=_MSE,
    note=weights.note(_MSE),
    order=70,
    **_COLUMNS,
)
def mse(setup: Setup) -> Upscaler:
    """Return SRResNet trained on mean squared error."""
    from srbench.methods.srresnet.loading import load

    upscaler: Upscaler = load(_MSE, setup)
    return upscaler


@register_loader(
    "srresnet-vgg22",
    title="SRResNet-VGG22",
    scales=tuple(_VGG22),
    weights=_VGG22,
    note=weights.note(_VGG22),
    order=80,
    **_COLUMNS,
)
def vgg22(setup: Setup) -> Upscaler:
    """Return SRResNet trained on early VGG features."""
    from srbench.methods.srresnet.loading import load

    upscaler: Upscaler = load(_VGG22, setup)
    return upscaler
