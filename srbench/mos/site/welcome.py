"""Who may begin: the device and the room on its screen, looked at before the first picture and not in mid-study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from srbench.mos.site import bodies
from srbench.mos.site.bodies import BadRequestError
from srbench.mos.store.definitions import Settings
from srbench.mos.store.session import Visit

_DEVICES = ("desktop", "tablet", "phone")
_LONGEST_BROWSER = 300
_WHOLE = ("screen_width", "screen_height", "window_width", "window_height", "room_width", "room_height", "utc_offset")


def read_visit(body: dict[str, Any]) -> Visit:
    """Return what the page says of its device.

    Raises:
        BadRequestError: A fact is missing or impossible.
    """
    device = bodies.text(body, "device")
    if device not in _DEVICES:
        raise BadRequestError(f"Expected a device of {', '.join(_DEVICES)}, got {device!r}.")
    return Visit(
        device=cast("Literal['desktop', 'tablet', 'phone']", device),
        pixel_ratio=bodies.number(body, "pixel_ratio"),
        browser=bodies.text(body, "browser", _LONGEST_BROWSER),
        language=bodies.text(body, "language", 32),
        **{name: bodies.whole(body, name) for name in _WHOLE},
    )


def conditions(settings: Settings, sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Return what the page needs to say, before the first picture, whether the rater can begin here.

    The sizes are those of all pictures, without order or number: what the rater will see anyway.
    """
    shown = settings.presentation
    return {
        "sizes": [list(size) for size in sizes],
        "beside": shown.beside,
        "captions": bool(shown.captions),
        "labels": shown.labels,
        "scale": list(range(1, shown.choices + 1)),
        "desktop_only": settings.screens == "desktop",
        "may_leave_out": settings.small_screens == "leave-out",
    }


def objection(
    settings: Settings, sizes: Sequence[tuple[int, int]], device: str, room: tuple[int, int]
) -> tuple[str, str] | None:
    """Return why a rater cannot begin on this device, as a word for the log and the figures; None where nothing is."""
    if settings.screens == "desktop" and device != "desktop":
        return "device-not-allowed", device
    large = too_large(sizes, room)
    if not large or (settings.small_screens == "leave-out" and len(large) < len(sizes)):
        return None
    needed = f"{max(width for width, _ in sizes)} x {max(height for _, height in sizes)}"
    return "screen-too-small", f"room for {room[0]} x {room[1]} pixels, needed {needed}"


def too_large(sizes: Sequence[tuple[int, int]], room: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the sizes that there is no room for."""
    return [size for size in sizes if size[0] > room[0] or size[1] > room[1]]
