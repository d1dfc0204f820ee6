"""Limits for connections to the process that serves the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PageLimits", "PendingConnections", "Rate"]


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Limits and times of a served page."""

    waiting: int = 32
    """Connections that have not shown the token; with one more the oldest of them is closed."""
    token_s: float = 5.0
    """How long a connection may take to show the token."""
    frame_bytes: int = (1 << 20) + (1 << 16)
    """Bytes of one message: the most audio that it may have, and its JSON."""
    frames_per_s: float = 400.0
    """How fast the frames of the admitted page are read; it sends 50 a second at most."""
    bytes_per_s: float = 4e6
    """How fast its bytes are read; the fastest microphones have 0.4 MB/s."""
    unsent_bytes: int = 8 << 20
    """A page that leaves so many bytes unread is disconnected. Two seconds of audio are 64 kB."""
    idle_s: float = 600.0
    """The page is served no more when no browser has connected for so long."""


class PendingConnections:
    """The connections that have not shown the token yet: bounded, so that they cannot keep the page's own out.

    Parameters
    ----------
    most
        How many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._abort: OrderedDict[object, Callable[[], object]] = OrderedDict()

    def add(self, connection: object, abort: Callable[[], object]) -> None:
        """Add a connection; when there are too many, the oldest is aborted."""
        self._abort[connection] = abort
        if len(self._abort) > self._most:
            _, abort_oldest = self._abort.popitem(last=False)
            abort_oldest()

    def remove(self, connection: object) -> None:
        """Remove a connection that has shown the token or has ended; one that is not there is no error."""
        self._abort.pop(connection, None)

    def __len__(self) -> int:
        return len(self._abort)


class Rate:
    """A token bucket: so much a second, and a second's worth at once.

    Parameters
    ----------
    per_s
        The amount a second.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._free_s = float("-inf")

    def delay_s(self, amount: float, now_s: float) -> float:
        """Note an amount that has come, and return how long to wait before the next."""
        self._free_s = max(self._free_s, now_s - 1) + amount / self._per_s
        return max(0.0, self._free_s - now_s)
