"""SRGAN: SRResNet trained against a discriminator (Ledig et al., 2017)."""

from srbench import weights
from srbench.methods.srresnet import CITE, PARAMETERS
from srbench.registry import Setup, Upscaler, register_loader

_MSE, _VGG22, _VGG54 = (weights.paths(__file__, f"srgan-{loss}", (4,)) for loss in ("mse", "vgg22", "vgg54"))
_COLUMNS = {"scales": (4,), "parameters": PARAMETERS, "cite": CITE}


@register_loader("srgan-mse", title="SRGAN-MSE", weights=_MSE, note=weights.note(_MSE), order=90, **_COLUMNS)
def mse(setup: Setup) -> Upscaler:
    """Return the generator trained on mean squared error and the discriminator."""
    from srbench.methods.srresnet.loading import load

    upscaler: Upscaler = load(_MSE, setup)
    return upscaler


@register_loader("srgan-vgg22", title="SRGAN-VGG22", weights=_VGG22, note=weights.note(_VGG22), order=100, **_COLUMNS)
def vgg22(setup: Setup) -> Upscaler:
    """Return the generator trained on early VGG features and the discriminator."""
    from srbench.methods.srresnet.loading import load

    upscaler: Upscaler = load(_VGG22, setup)
    return upscaler


@register_loader("srgan-vgg54", title="SRGAN-VGG54", weights=_VGG54, note=weights.note(_VGG54), order=110, **_COLUMNS)
def vgg54(setup: Setup) -> Upscaler:
    """Return the generator trained on late VGG features and the discriminator."""
    from srbench.methods.srresnet.loading import load

    upscaler: Upscaler = load(_VGG54, setup)
    return upscaler
