"""Claims of detectors: one call at a time uses a detector, since it remembers the audio that it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from micdrop_widget.errors import DetectorInUseError, MicdropErrorCode

__all__ = ["Claim", "claimed"]

_claims: dict[int, object] = {}
"""The claim of each detector in use, by the detector's identity. `setdefault` lets one thread win."""


class Claim:
    """A claim of some detectors of speech or of turns. May be used from any thread."""

    def __init__(self) -> None:
        self._mine: dict[int, object] = {}

    def add(self, *detectors: object) -> None:
        """Claim detectors, which nobody else may use from now on; one that is claimed already may be given again.

        Raises
        ------
        DetectorInUseError
            One of them is in use by somebody else; those before it are claimed.
        """
        for detector in detectors:
            if _claims.setdefault(id(detector), self) is not self:
                raise _in_use(type(detector).__name__)
            self._mine[id(detector)] = detector

    def remove(self, detector: object) -> None:
        """Release one detector; one that is not claimed is no error."""
        if self._mine.pop(id(detector), None) is not None:
            _claims.pop(id(detector), None)

    def release(self) -> None:
        """Release all detectors."""
        for key in self._mine:
            _claims.pop(key, None)
        self._mine.clear()


@contextmanager
def claimed(*detectors: object) -> Iterator[Claim]:
    """Claim detectors of speech or of turns, which nobody else may use meanwhile. May be used from any thread.

    Raises
    ------
    DetectorInUseError
        One of them is in use.
    """
    claim = Claim()
    try:
        claim.add(*detectors)
        yield claim
    finally:
        claim.release()


def _in_use(name: str) -> DetectorInUseError:
    return DetectorInUseError(
        MicdropErrorCode.Mic,
        f"This {name} is used by another call now: two calls would be one voice to it.",
        f"Give each call its own: copy.copy() of it, or another {name}(…).",
        reason="detector in use",
    )
