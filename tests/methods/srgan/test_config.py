"""SRGAN's settings: the paper's by default, the balanced ones by name, and wrong ones refused in one line."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from srbench.errors import TrainingError
from srbench.methods.srgan.config import CONTENT, PAPER_CONTENT, Config, balanced, departures
from srbench.training.recipes import configure, recipes


def test_without_a_preset_the_losses_are_the_papers() -> None:
    for name in ("srgan-mse", "srgan-vgg22", "srgan-vgg54"):
        config = configure(recipes()[name], {"steps": 1})
        assert isinstance(config, Config)
        assert (config.adversarial, config.rate, config.schedule) == (1e-3, 1e-4, "drop")
        assert (config.batch, config.crop, config.window) == (16, 96, None)
        assert config.content == pytest.approx(0.006, rel=0.03)  # "a rescaling factor of 0.006" of section 3.2
        assert departures(config) == ""


@pytest.mark.parametrize("name", ["srgan-mse", "srgan-vgg22", "srgan-vgg54", "srresnet-vgg22"])
def test_the_balanced_preset_says_what_is_not_the_papers_and_single_settings_change_it(name: str) -> None:
    config = configure(recipes()[name], {"preset": "balanced", "steps": 1, "rate": 5e-5})
    assert isinstance(config, Config)
    assert (config.preset, config.rate, config.schedule, config.window) == ("balanced", 5e-5, "cosine", 48)
    said = departures(config)
    assert ("content : adversarial 1 : 0.9" in said) == ("real label 0.9" in said) == (name != "srresnet-vgg22")
    assert ("MSE 0.3" in said) == ("content weight" in said) == (config.layer is not None)
    assert "phase penalty" in said
    if config.layer is not None:
        assert config.content == CONTENT[config.layer]


def test_every_setting_of_losses_and_discriminator_is_said_beside_the_name() -> None:
    usual = Config()
    changed: dict[str, tuple[Any, str]] = {
        "content": (1e-3, "content weight 0.001"),
        "content_ratio": (11.0, "MSE : content 1 : 11 by gradients"),
        "balance": (0.5, "content : adversarial 1 : 0.5 by gradients"),
        "adversarial": (2e-3, "adversarial weight 0.002"),
        "anchor": (0.3, "MSE 0.3"),
        "anchor_end": (0.1, "MSE 0 to 0.1"),
        "variation": (1e-6, "total variation 1e-06"),
        "phase": (10.0, "phase penalty 10"),
        "texture": (0.5, "content : texture 1 : 0.5 by gradients"),
        "window": (48, "windows of 48"),
        "discriminator": ("heads", "heads on VGG's features as discriminator"),
        "label": (0.8, "real label 0.8"),
        "noise": (0.05, "discriminator's noise 0.05"),
    }
    for name, (value, phrase) in changed.items():
        assert departures(dataclasses.replace(usual, **{name: value})) == phrase
    assert departures(Config(texture=0.5, layer=None)) == "MSE : texture 1 : 0.5 by gradients"
    silent = {"preset", "layer", "vgg", "balance_every", "warm_up", "tail_rate", "tail_frozen"}
    silent |= {"discriminator_rate", "discriminator_steps"}
    network = {"blocks", "width", "bn"}
    shared = {field.name for field in dataclasses.fields(Config.__mro__[1])}
    assert {f.name for f in dataclasses.fields(Config)} - shared == set(changed) | silent | network


def test_the_anchor_falls_evenly_from_its_beginning_to_its_end() -> None:
    config = Config(anchor=2.0, anchor_end=1.0)
    assert [config.anchor_at(fraction) for fraction in (0.0, 0.5, 1.0)] == [2.0, 1.5, 1.0]
    assert Config(anchor=0.3).anchor_at(0.9) == 0.3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 40}, "a multiple of them.*from 16 to 96, but got 40"),
        ({"window": 112}, "from 16 to 96, but got 112"),
        ({"crop": 24, "adversarial": 1e-3}, "but got 24"),
        ({"balance": -1.0}, "balance=... above 0"),
        ({"balance": 0.9, "adversarial": 0.0}, "an adversarial loss to balance"),
        ({"content_ratio": 0.0}, "content_ratio=... above 0"),
        ({"content_ratio": 11.0, "layer": None}, "a content loss of features"),
        ({"label": 0.4}, "label=... above 0.5"),
        ({"label": 1.1}, "at most 1"),
        ({"discriminator": "head"}, "Unknown discriminator 'head'. Did you mean 'heads'"),
        (
            {"discriminator": "heads", "noise": 0.1},
            "expected an adversarial loss, no noise and a content loss of features",
        ),
        ({"discriminator": "heads", "layer": None}, "looks at the features of the content loss.*and layer=None"),
        ({"discriminator_steps": 0}, "discriminator_steps=... of at least 1, but got 0"),
        ({"balance_every": 0}, "balance_every=... above 0"),
        ({"noise": -0.1}, "noise=... of at least 0"),
        ({"texture": -0.1}, "texture=... of at least 0"),
        ({"warm_up": 0.05}, "a whole number for the setting warm_up, but got 0.05"),
        ({"preset": "blanced"}, "Unknown preset 'blanced'. Did you mean 'balanced'"),
        ({"vgg": "imagenet", "blanace": 1}, "Unknown setting 'blanace'. Did you mean 'balance'"),
    ],
)
def test_wrong_settings_get_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message) as caught:
        configure(recipes()["srgan-vgg54"], {"steps": 1, **settings})
    assert "\n" not in str(caught.value)


def test_another_networks_preset_is_refused() -> None:
    with pytest.raises(TrainingError, match="Unknown preset 'balanced'"):
        configure(recipes()["espcn"], {"steps": 1, "preset": "balanced"})
    with pytest.raises(TrainingError, match="Unknown setting 'preset'"):
        configure(recipes()["espcn"], {"steps": 1, "preset": "paper"})


def test_srresnet_on_features_needs_no_multiple_of_sixteen() -> None:
    assert configure(recipes()["srresnet-vgg22"], {"steps": 1, "crop": 40}).crop == 40
    assert balanced(Config(adversarial=0.0, layer=(2, 2))).balance is None
    assert pytest.approx(1) == PAPER_CONTENT * 12.75**2
