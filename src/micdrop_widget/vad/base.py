"""The interface of a voice activity detector: windows in, a status or a score out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._settings import Configurable

__all__ = ["VAD", "Status"]


class Status(IntEnum):
    """What a detector detects in the audio so far, ordered by certainty."""

    SILENCE = 0
    MAYBE_SPEAKING = 1
    SPEAKING = 2


class VAD(Configurable, ABC):
    """A voice activity detector: a fold over windows of 512 samples (32 ms at 16 kHz).

    Subclass it and implement `update` for a detector of your own, and `reset` if it remembers audio. The same windows
    must give the same answers, whatever the time of day: a detector counts samples and knows no clock. It is used by
    one call at a time, from that call's event loop; a second call that is given it meanwhile does not start, and says
    so. `copy.copy` makes another one: the detectors of this package can be copied and pickled, loaded or not.

    A detector may answer with a score: two thresholds and two durations, the first four settings below, turn scores
    into a status, as they do for Silero. A detector that answers with a status does not use them. They are attributes
    of the class or of the detector, and may be changed while a call runs.
    """

    threshold: float = 0.5
    """Score at and above which a window counts as speech."""

    negative_threshold: float = 0.35
    """Score under which a window counts as silence; one that is above `threshold` acts as if it were equal."""

    min_speech_ms: float = 128
    """How much speech confirms it, in whole windows of 32 ms, rounded up."""

    min_silence_ms: float = 640
    """How much silence ends it, in whole windows of 32 ms, rounded up."""

    pre_roll_ms: float = 320
    """Audio before the onset that is sent with the utterance."""

    probability: float = math.nan
    """Probability of speech of the latest window, also the latest score; NaN where a detector knows none."""

    level_db: float = math.nan
    """Level that the latest decision was made on; NaN where a detector knows none."""

    def load(self) -> None:
        """Load what takes long to load (a model); called once before the first window, off the event loop."""

    @abstractmethod
    def update(self, window: NDArray[np.float32]) -> Status | float:
        """Process the next window and return the status after it, or its score.

        Parameters
        ----------
        window
            Shape (512,), float32 in [-1, 1), 16 kHz. Only valid during the call: copy what is kept.

        Returns
        -------
        Status or float
            A `Status` (or its number, an int), or a score: a float from 0, no speech, to 1, speech. A bool is a score
            of 0 or 1.
        """

    def reset(self) -> None:
        """Forget all audio: the next window is the first of a new stretch."""
