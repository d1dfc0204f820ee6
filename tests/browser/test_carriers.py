"""Several carriers as one: who gets which message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micdrop_widget.browser import messages
from micdrop_widget.browser.carriers import Carriers


class Carrier:
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str | None, int, bool]] = []
        self.deferred = 0

    def send(self, content: dict[str, Any], buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        self.sent.append((content["to"], len(buffers), urgent))

    def deferred_sent(self) -> None:
        self.deferred += 1


def two() -> tuple[Carriers, Carrier, Carrier]:
    carriers, one, other = Carriers(), Carrier(), Carrier()
    carriers.add(one)
    carriers.add(other)
    return carriers, one, other


def test_what_is_for_all_pages_goes_by_every_carrier() -> None:
    carriers, one, other = two()
    carriers.send(messages.flush(1), urgent=True)
    carriers.deferred_sent()
    assert one.sent == other.sent == [(None, 0, True)]
    assert (one.deferred, other.deferred) == (1, 1)


def test_what_is_for_one_page_goes_by_its_own_carrier_alone() -> None:
    carriers, one, other = two()
    carriers.note_page("left", one)
    carriers.note_page("right", other)
    carriers.send(messages.flush(1, "right"), [b"\0\0"])
    assert (one.sent, other.sent) == ([], [("right", 1, False)])
    assert carriers.carrier_of("left") is one


def test_a_page_whose_carrier_is_not_known_is_sought_by_all() -> None:
    carriers, one, other = two()
    carriers.note_page("left", one)
    carriers.forget_page("left")
    carriers.send(messages.flush(1, "left"))
    assert one.sent == other.sent == [("left", 0, False)]
    assert carriers.carrier_of("left") is None


def test_a_carrier_that_is_removed_gets_nothing_more() -> None:
    carriers, one, other = two()
    carriers.note_page("right", other)
    carriers.remove(other)
    carriers.remove(other)
    carriers.send(messages.flush(1))
    carriers.send(messages.flush(2, "right"))
    assert [to for to, _, _ in one.sent] == [None, "right"]
    assert other.sent == []
