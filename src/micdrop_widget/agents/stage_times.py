"""How long after the end of the user's turn each stage of an answer was through."""

from __future__ import annotations

import time
from typing import Any

__all__ = ["StageTimes"]


class StageTimes:
    """The times of one answer.

    Parameters
    ----------
    began_s
        When the turn of the user was over, on the monotonic clock; None for an answer without a turn before it, which
        has no times.
    """

    def __init__(self, began_s: float | None) -> None:
        self._began_s = began_s
        self.times_ms: dict[str, float] = {}
        """By the name of the stage."""

    def mark(self, stage: str) -> None:
        """Note when a stage was through for the first time: now, unless it was before."""
        if self._began_s is not None:
            self.times_ms.setdefault(stage, round((time.monotonic() - self._began_s) * 1000, 1))

    @property
    def metadata(self) -> dict[str, Any]:
        """What a `Message` says about the stages."""
        return {"stage_times_ms": dict(self.times_ms)} if self.times_ms else {}
