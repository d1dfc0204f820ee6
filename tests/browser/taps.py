"""What a page played and captured, as `taps.js` recorded it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

TAPS_JS = Path(__file__).with_name("taps.js")


@dataclass(frozen=True, slots=True)
class Tap:
    """One recorder: of all that a context plays, or of one microphone source.

    Attributes
    ----------
    kind
        ``"playback"`` or ``"microphone"``.
    context_state
        ``"running"``, ``"suspended"`` or ``"closed"``.
    sample_rate
        Hz, the context's own.
    first_sample
        The context's frame number of ``samples[0]``; its context time is ``first_sample / sample_rate``.
    samples
        float32, mono, full scale 1; contiguous.
    """

    kind: Literal["playback", "microphone"]
    context_state: str
    sample_rate: int
    first_sample: int
    samples: NDArray[np.float32]
    _clock_context_s: float
    _clock_epoch_ms: float

    def epoch_ms(self, sample: float) -> float:
        """When ``samples[sample]`` left the speaker, in milliseconds since 1970.

        The same clock as ``Date.now()`` and Python's ``time.time() * 1000``, and precise to a few
        milliseconds, because a context tells its output time once per output buffer.
        """
        context_s = (self.first_sample + sample) / self.sample_rate
        return self._clock_epoch_ms + (context_s - self._clock_context_s) * 1000


@dataclass(frozen=True, slots=True)
class Track:
    """A microphone track that the page was given."""

    ready_state: Literal["live", "ended"]
    enabled: bool
    muted: bool
    label: str


def read_taps(page: Page) -> list[Tap]:
    """Fetch all recordings of the page, oldest context first."""
    return [_tap(raw) for raw in page.evaluate("window.__taps.read()")]


def read_tracks(page: Page) -> list[Track]:
    """Look at every track that ``getUserMedia`` has handed out, oldest first; an insecure page has none."""
    raw = page.evaluate("(window.__tracks ?? []).map(t => [t.readyState, t.enabled, t.muted, t.label])")
    return [Track(*track) for track in raw]


def _tap(raw: dict[str, Any]) -> Tap:
    return Tap(
        kind=raw["kind"],
        context_state=raw["state"],
        sample_rate=int(raw["sampleRate"]),
        first_sample=int(raw["firstSample"] or 0),
        samples=np.frombuffer(base64.b64decode(raw["samples"]), dtype="<f4"),
        _clock_context_s=raw["clockContextTime"],
        _clock_epoch_ms=raw["clockEpochMs"],
    )
