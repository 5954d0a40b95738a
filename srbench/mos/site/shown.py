"""The pictures of one study on their way to raters: addresses that serve once, and sealed copies before their turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from srbench.mos.site.seals import Seals
from srbench.mos.site.tickets import Tickets

if TYPE_CHECKING:
    from srbench.mos.site.pictures import Pictures
    from srbench.mos.store.session import Ahead, Picture, Rater

Kind: TypeAlias = Literal["picture", "sealed"]
KINDS: tuple[Kind, ...] = ("picture", "sealed")
"""A picture whose turn it is, and one that comes later."""


class Shown:
    """Names, keys and addresses of pictures, none of which says anything about a picture.

    A picture that is due has an address where it is read in the clear. The next ones have addresses where they are
    read encrypted; the key comes with the turn, and so does the name by which the page finds the copy that it holds.
    Browsers decrypt on https and on the loopback alone: elsewhere the page holds nothing and fetches what is due.

    Args:
        pictures: The packed stimuli.
        key: The server's secret.
    """

    def __init__(self, pictures: Pictures, key: bytes) -> None:
        self._pictures = pictures
        self._seals = Seals(key)
        self._tickets: dict[Kind, Tickets] = {kind: Tickets(key, kind) for kind in KINDS}

    @property
    def at_hand(self) -> bool:
        """Whether `read` answers from memory."""
        return self._pictures.at_hand

    def due(self, rater: Rater, trial: str, picture: Picture) -> dict[str, Any]:
        """Return what the page needs to show a picture whose turn it is."""
        return {
            "source": self._address("picture", rater, trial, picture.id),
            "name": self._seals.name(rater.id, trial, picture.id),
            "key": self._seals.key(rater.id, trial, picture.id),
            "width": picture.width,
            "height": picture.height,
        }

    def ahead(self, rater: Rater, pictures: Iterable[Ahead]) -> list[dict[str, str]]:
        """Return what the page needs to fetch pictures before their turn, in the order of their random names."""
        held = (
            {
                "name": self._seals.name(rater.id, each.trial, each.stimulus),
                "source": self._address("sealed", rater, each.trial, each.stimulus),
            }
            for each in pictures
        )
        return sorted(held, key=lambda each: each["name"])

    def read(self, rater: Rater, kind: Kind, ticket: str) -> bytes:
        """Return what the address with `ticket` serves.

        Raises:
            TicketError: It was not issued to this rater for this kind, is too old, or was redeemed before.
            StudyError: The file is damaged.
        """
        found = self._tickets[kind].redeem(ticket, rater=rater.id)
        data = self._pictures[found.stimulus]
        return data if kind == "picture" else self._seals.seal(data, rater.id, found.trial, found.stimulus)

    def _address(self, kind: Kind, rater: Rater, trial: str, stimulus: str) -> str:
        return f"/rating/{rater.code}/{kind}/{self._tickets[kind].issue(stimulus, trial, rater=rater.id)}"
