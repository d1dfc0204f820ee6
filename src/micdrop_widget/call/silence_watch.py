"""Notices that a microphone gives no sound at all: a headset that is switched off, or the wrong device."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.audio import SAMPLE_RATE, Pcm

__all__ = ["GATED_SILENT_SAMPLES", "SILENT_SAMPLES", "SilenceWatch"]

SILENT_SAMPLES = 3 * SAMPLE_RATE
"""Exact zeros for so long are no quiet room: any microphone that works has noise, unless a noise gate removes it."""

GATED_SILENT_SAMPLES = 30 * SAMPLE_RATE
"""The same for a microphone that has sounded again after each of two such silences: it has a noise gate."""

_GATED_AFTER = 2


class SilenceWatch:
    """Counts exact zeros in what the call listens to.

    Parameters
    ----------
    is_silent
        Returns whether the call already knows the microphone as silent.
    report
        Called with True when it falls silent, and with False when it sounds again.
    """

    def __init__(self, *, is_silent: Callable[[], bool], report: Callable[[bool], object]) -> None:
        self._is_silent = is_silent
        self._report = report
        self._zeros = 0
        self._may_pause = False
        self._has_sounded = False
        self._withdrawn = 0

    def begin(self, *, may_pause: bool) -> None:
        """Begin with a microphone.

        Parameters
        ----------
        may_pause
            Zeros are part of its samples, as they are of a recording's: it is silent only if all samples were zero.
        """
        self._may_pause = may_pause
        self._has_sounded = False
        self._withdrawn = 0
        self.reset()

    def reset(self) -> None:
        """Count from 0 again: the call did not listen."""
        self._zeros = 0

    def add(self, frame: Pcm) -> None:
        """Add samples that the call listens to."""
        if frame.any():
            self._zeros = 0
            self._has_sounded = True
            if self._is_silent():
                self._withdrawn += 1
                self._report(False)
            return
        self._zeros += len(frame)
        is_excused = self._may_pause and self._has_sounded
        limit = GATED_SILENT_SAMPLES if self._withdrawn >= _GATED_AFTER else SILENT_SAMPLES
        if self._zeros >= limit and not is_excused and not self._is_silent():
            self._report(True)
