"""Who uses a detector: one call at a time, since a detector remembers what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from micdrop_widget.errors import DetectorInUseError, MicdropErrorCode

__all__ = ["claimed"]

_claims: dict[int, object] = {}
"""By the identity of each detector in use: whose claim it is. `setdefault` lets one thread win."""


@contextmanager
def claimed(*detectors: object) -> Iterator[None]:
    """Use detectors of speech or of turns, which nobody else may use meanwhile. From any thread.

    Raises
    ------
    DetectorInUseError
        One of them is in use.
    """
    claim = object()
    mine: list[int] = []
    try:
        for detector in detectors:
            if _claims.setdefault(id(detector), claim) is not claim:
                raise _in_use(type(detector).__name__)
            mine.append(id(detector))
        yield
    finally:
        for key in mine:
            _claims.pop(key, None)  # one detector may be given twice


def _in_use(name: str) -> DetectorInUseError:
    return DetectorInUseError(
        MicdropErrorCode.Mic,
        f"This {name} hears another call now: what two calls say would be one voice to it.",
        f"Give each call its own: copy.copy() of it, or another {name}(…).",
    )
