"""What a page played and captured, as `taps.js` recorded it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from tests.harness.correlation import align

TAPS_JS = Path(__file__).with_name("taps.js")

RENDERED_WITHIN_MS = 1.0
"""How precise a time of a tap is: the audio thread's clock is cut to whole milliseconds, as is the one it is set by."""

_NEWEST_BUFFERS = 31
"""Times of rendering, each up to one output buffer early, that the latency of the output is found from: 4 s."""


@dataclass(frozen=True, slots=True)
class WorkletMessage:
    """What one of the page's worklets was told.

    Attributes
    ----------
    processor, type
        Names: of the worklet, and of the message.
    samples
        How many the message holds.
    frame
        The context's frame number of the first quantum that was rendered after it arrived.
    """

    processor: str
    type: str
    samples: int
    frame: int


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
        float32, mono, full scale 1; contiguous, with zeros for what passed without the recorder.
    received
        What the worklets of this context were told, in order.
    """

    kind: Literal["playback", "microphone"]
    context_state: str
    sample_rate: int
    first_sample: int
    samples: NDArray[np.float32]
    received: tuple[WorkletMessage, ...]
    _clock_context_s: float
    _clock_ms: float
    _rendered: NDArray[np.float64]

    def heard_ms(self, sample: float) -> float:
        """When ``samples[sample]`` left the speaker, on the page's clock: milliseconds of ``performance.now()``.

        Precise to a few milliseconds, because a context tells its output time once per output buffer.
        """
        context_s = (self.first_sample + sample) / self.sample_rate
        return self._clock_ms + (context_s - self._clock_context_s) * 1000

    def rendered_ms(self, sample: float) -> float:
        """When ``samples[sample]`` passed through the page's audio graph, on the page's clock.

        Before `heard_ms` for what is played, by the latency of the browser's output. Precise to one output buffer.
        """
        frame = self.first_sample + sample
        first, at_ms = self._rendered[max(0, int(np.searchsorted(self._rendered[:, 0], frame, side="right")) - 1)]
        return float(at_ms + (frame - first) * 1000 / self.sample_rate)

    @property
    def output_ms(self) -> float:
        """How long the browser takes from the page's output to the loudspeaker; nothing of a microphone.

        The median of the newest output buffers: a device that stalled before makes it no longer.
        """
        if self.kind == "microphone":
            return 0.0
        newest = self._rendered[-_NEWEST_BUFFERS:]
        return float(np.median([self.heard_ms(frame - self.first_sample) - at_ms for frame, at_ms in newest]))

    @property
    def pcm(self) -> NDArray[np.int16]:
        """The samples as int16; exact where whole int16 samples were played."""
        return np.rint(self.samples * 32768).clip(-32768, 32767).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Track:
    """A microphone track that the page was given."""

    ready_state: Literal["live", "ended"]
    enabled: bool
    muted: bool
    label: str


def read_taps(page: Page) -> list[Tap]:
    """Fetch all recordings of the page, oldest context first."""
    return [tap_from(raw) for raw in page.evaluate("window.__taps.read()")]


def read_tracks(page: Page) -> list[Track]:
    """Look at every track that ``getUserMedia`` has handed out, oldest first; an insecure page has none."""
    raw = page.evaluate("(window.__tracks ?? []).map(t => [t.readyState, t.enabled, t.muted, t.label])")
    return [Track(*track) for track in raw]


def exactly_at(tap: Tap, pcm: NDArray[np.int16]) -> int:
    """Return where the tap holds exactly these samples, and fail if it does nowhere."""
    lag = align(pcm, tap.samples).lag
    # rounded as JavaScript does
    held = np.floor(tap.samples[lag : lag + len(pcm)] * 32768 + 0.5).clip(-32768, 32767).astype(np.int16)
    np.testing.assert_array_equal(held, pcm)
    return lag


def tap_from(raw: dict[str, Any]) -> Tap:
    """Build a tap from what ``window.__taps.read()`` gave for it."""
    return Tap(
        kind=raw["kind"],
        context_state=raw["state"],
        sample_rate=int(raw["sampleRate"]),
        first_sample=int(raw["firstSample"] or 0),
        samples=np.frombuffer(base64.b64decode(raw["samples"]), dtype="<f4"),
        received=tuple(WorkletMessage(**message) for message in raw["received"]),
        _clock_context_s=raw["clockContextTime"],
        _clock_ms=raw["clockMs"],
        _rendered=np.array(raw["rendered"], dtype=np.float64).reshape(-1, 2),
    )
