"""How much whoever connects may ask of the process that serves the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Lobby", "PageLimits", "Rate"]


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Limits and times of a served page."""

    waiting: int = 32
    """Connections that have not shown the token; with one more the oldest of them is closed."""
    token_s: float = 5.0
    """How long one of them may take."""
    frame_bytes: int = (1 << 20) + (1 << 16)
    """One message: the most audio that it may have, and its JSON."""
    frames_per_s: float = 400.0
    """Of the one page that is admitted, which sends 50 at most; what comes faster is read no faster."""
    bytes_per_s: float = 4e6
    """The same, of its bytes; the fastest microphones have 0.4 MB/s."""
    unsent_bytes: int = 8 << 20
    """What a page has not read: one that reads no more is closed. Two seconds of audio are 64 kB."""
    idle_s: float = 600.0
    """The page is closed when nobody has come for so long."""


class Lobby:
    """The connections that have not shown the token yet: bounded, so that strangers keep nobody out.

    Parameters
    ----------
    most
        How many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._abort: OrderedDict[object, Callable[[], object]] = OrderedDict()

    def enter(self, connection: object, abort: Callable[[], object]) -> None:
        """Let a connection in; the oldest gives way to one too many."""
        self._abort[connection] = abort
        if len(self._abort) > self._most:
            _, abort_oldest = self._abort.popitem(last=False)
            abort_oldest()

    def leave(self, connection: object) -> None:
        """Note that a connection waits no more; one that does not is no error."""
        self._abort.pop(connection, None)

    def __len__(self) -> int:
        return len(self._abort)


class Rate:
    """How fast something may come: so much a second, and a second's worth at once.

    Parameters
    ----------
    per_s
        How much.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._free_s = float("-inf")

    def delay_s(self, amount: float, now_s: float) -> float:
        """Note that so much has come, and return how long what is next has to wait."""
        self._free_s = max(self._free_s, now_s - 1) + amount / self._per_s
        return max(0.0, self._free_s - now_s)
