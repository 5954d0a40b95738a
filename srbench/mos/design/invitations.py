"""Inviting raters: everybody gets a schedule of their own and a personal link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from srbench.errors import StudyError
from srbench.mos.design import schedule
from srbench.mos.design.registration import frozen
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.organiser import OrganiserStore


@dataclass(frozen=True, slots=True)
class Invitation:
    """A rater's number and the token of the link; the token exists nowhere else."""

    number: int
    token: str
    label: str | None

    def link(self, address: str) -> str:
        """Return the personal link to the study that is served at `address`."""
        return f"{address.rstrip('/')}/join/{self.token}"


def invite(store: OrganiserStore, name: str, count: int, labels: Sequence[str] = ()) -> list[Invitation]:
    """Add `count` raters with all their trials and return their tokens, which are shown this once.

    Raises:
        StudyError: The study is closed, was not opened, or there are more labels than raters.
    """
    if count < 1 or len(labels) > count:
        raise StudyError(f"Expected at least one rater and no more labels than raters, got {count} and {len(labels)}.")
    design = frozen(store.study(name))
    invitations = []
    for index in range(count):
        label = labels[index] if index < len(labels) else None
        number, block = store.next_place(name)
        trials = schedule.schedule(design, number, schedule.share(design, block))
        token = store.add_rater(name, number, trials, label, block)
        invitations.append(Invitation(number, token, label))
    return invitations


def renew(store: OrganiserStore, name: str, number: int) -> Invitation:
    """Return a new link for a rater who lost the old one; ratings and place stay, the old link stops working.

    Raises:
        StudyError: There is no such rater.
    """
    label = next((rater.label for rater in store.raters(name) if rater.number == number), None)
    return Invitation(number, store.renew_link(name, number), label)


def leave_out_large(store: OrganiserStore, name: str, number: int, room: tuple[int, int]) -> int:
    """Schedule a rater who has not begun without the pictures that are larger than `room`.

    The order is drawn anew from the same seed, so that no picture comes twice running.

    Args:
        store: The store.
        name: The study.
        number: The rater.
        room: Width and height in pixels that the rater's screen has room for; width for all pictures side by side.

    Returns:
        How many pictures are left out; nothing changes for a rater who has begun.

    Raises:
        StudyError: Nothing would be left to rate.
    """
    design = frozen(store.study(name))
    fitting = _that_fit(design, room)
    large = {(s.dataset, s.image) for s in design.stimuli} - {(s.dataset, s.image) for s in fitting.stimuli}
    if not any(s.role == "rating" for s in fitting.stimuli):
        raise StudyError(f"No picture of study {name!r} fits {room[0]} x {room[1]} pixels.")
    if large:
        left_out = ", ".join(sorted("/".join(picture) for picture in large))
        why = f"room for {room[0]} x {room[1]}; left out: {left_out}"
        pool = [item for item in schedule.share(design, store.block_of(name, number)) if item.picture not in large]
        if not pool:
            raise StudyError(f"No picture of rater {number} of study {name!r} fits {room[0]} x {room[1]} pixels.")
        store.reschedule(name, number, schedule.schedule(fitting, number, pool), why)
    return len(large)


def _that_fit(design: StudyDesign, room: tuple[int, int]) -> StudyDesign:
    beside = design.settings.presentation.beside
    fitting = tuple(s for s in design.stimuli if beside * s.width <= room[0] and s.height <= room[1])
    return replace(design, stimuli=fitting)
