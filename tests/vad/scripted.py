"""A detector that says what a script says, window by window."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.vad import VAD, Status

NAMES = {"s": Status.SILENCE, "m": Status.MAYBE_SPEAKING, "S": Status.SPEAKING}


class ScriptedVAD(VAD):
    """Says "s" for silence, "m" for maybe, "S" for speaking, and silence when the script is over.

    Parameters
    ----------
    script
        One letter a window. A reset goes on in the script: what was said is not said again.
    """

    def __init__(self, script: Iterable[str] = "", pre_roll_ms: float = 320) -> None:
        self.pre_roll_ms = pre_roll_ms
        self.windows: list[NDArray[np.float32]] = []
        self.resets = 0
        self.loads = 0
        self._script = iter(script)

    def load(self) -> None:
        self.loads += 1

    def update(self, window: NDArray[np.float32]) -> Status:
        self.windows.append(window.copy())
        return NAMES[next(self._script, "s")]

    def reset(self) -> None:
        self.resets += 1
