"""What a call sounded like: two tracks on one time line, and where on it each sample belongs."""

from __future__ import annotations

import math
import wave
from collections import deque
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm, ms_to_samples, pcm_to_bytes, samples_to_ms

__all__ = ["KEPT_SAMPLES", "Recorder", "Recording", "Stereo"]

Stereo: TypeAlias = NDArray[np.int16]
"""Shape (n, 2), int16 at 16 kHz: microphone, assistant."""

KEPT_SAMPLES = 600 * SAMPLE_RATE
"""Ten minutes: 38 MB for both tracks."""

_CHUNK_SAMPLES = 10 * SAMPLE_RATE

_MICROPHONE, _ASSISTANT = 0, 1

_MIC_GAP_MS = 500
"""A microphone that is later than this gave nothing meanwhile; below, its frames were only slow to arrive."""

_REPORT_JITTER_MS = 100
"""Reports of what was heard are no more exact than this: a smaller pause within an answer is none."""

_UNSETTLED_MS = 2000
"""How far back a sample that comes now may belong."""


class Recording:
    """What a call sounded like: what it listened to, and what was heard of the assistant, on one time line.

    In memory are the last 10 minutes; with a path as the option `record`, the whole call is in that file as well.
    It grows while the call goes on, and may be read from any thread meanwhile.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: tuple[int, tuple[Stereo, ...]] = (0, ())  # replaced as a whole: a reader sees one or the other
        self._end = 0

    def __repr__(self) -> str:
        where = "" if self._path is None else f", the whole call in {str(self._path)!r}"
        return f"<Recording of {self.duration_s:.1f} s, from {self.start_s:.1f} s after the start{where}>"

    @property
    def microphone(self) -> Pcm:
        """What the call listened to: int16 of shape (n,) at 16 kHz, a copy.

        Silence where the microphone was muted or not listened to, or gave nothing.
        """
        pcm: Pcm = self._copy()[:, _MICROPHONE].copy()
        return pcm

    @property
    def assistant(self) -> Pcm:
        """What was heard of the assistant: int16 of shape (n,) at 16 kHz, a copy.

        Each sample is where it was heard; what an interruption or a pause cut off is silence.
        """
        pcm: Pcm = self._copy()[:, _ASSISTANT].copy()
        return pcm

    @property
    def start_s(self) -> float:
        """When the first sample of both tracks was, in seconds since the start of the call."""
        return self._span()[0] / SAMPLE_RATE

    @property
    def duration_s(self) -> float:
        """Length of both tracks in seconds, at most 600."""
        begin, end = self._span()
        return (end - begin) / SAMPLE_RATE

    @property
    def path(self) -> Path | None:
        """The file with the whole call, complete when the call has ended; None without one."""
        return self._path

    def save(self, path: str | PathLike[str]) -> None:
        """Write both tracks as a 16 kHz 16-bit stereo WAV file: the microphone left, the assistant right.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        stereo = self._copy()
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(pcm_to_bytes(stereo))

    def _span(self) -> tuple[int, int]:
        end = self._end
        return max(0, end - KEPT_SAMPLES), end

    def _copy(self) -> Stereo:
        return self._cut(*self._span())

    def _cut(self, begin: int, end: int) -> Stereo:
        """Return the samples from one position of the time line to another; silence where none are kept."""
        first, chunks = self._kept
        cut = np.zeros((end - begin, 2), dtype=np.int16)
        for number, chunk in enumerate(chunks):
            at = first + number * _CHUNK_SAMPLES
            low, high = max(begin, at), min(end, at + _CHUNK_SAMPLES)
            if low < high:
                cut[low - begin : high - begin] = chunk[low - at : high - at]
        return cut

    def _extend(self, end: int) -> None:
        """Let the time line reach a position, with silence; forget what is more than ten minutes before it."""
        first, chunks = self._kept
        after = first + len(chunks) * _CHUNK_SAMPLES
        if end > after:
            oldest = max(first, (end - KEPT_SAMPLES) // _CHUNK_SAMPLES * _CHUNK_SAMPLES)
            kept = chunks[(oldest - first) // _CHUNK_SAMPLES :]
            missing = math.ceil((end - max(after, oldest)) / _CHUNK_SAMPLES)
            fresh = (np.zeros((_CHUNK_SAMPLES, 2), dtype=np.int16) for _ in range(missing))
            self._kept = oldest, (*kept, *fresh)
        self._end = max(self._end, end)

    def _put(self, track: int, position: int, pcm: Pcm) -> None:
        """Write samples of a track; what is older than what is kept is dropped."""
        self._extend(position + len(pcm))
        first, chunks = self._kept
        done = max(0, first - position)
        while done < len(pcm):
            number, at = divmod(position + done - first, _CHUNK_SAMPLES)
            count = min(_CHUNK_SAMPLES - at, len(pcm) - done)
            chunks[number][at : at + count, track] = pcm[done : done + count]
            done += count


class Recorder:
    """Puts what a call hears and plays where it belongs on the time line of its recording.

    The time line is the clock since the start of the call. A microphone that gives samples faster than the clock, as
    a source of pace "fast" does, is the clock itself. Times are arguments, in milliseconds on one clock.

    Parameters
    ----------
    recording
        Where to put it.
    began_ms
        When the call began.
    live_sink
        The loudspeaker is a real one: it cannot have heard samples faster than time goes by.
    """

    def __init__(self, recording: Recording, began_ms: float, *, live_sink: bool = False) -> None:
        self._recording = recording
        self._began_ms = began_ms
        self._live_sink = live_sink
        self._microphone_end = 0
        self._microphone_began = False
        self._assistant_end = 0
        self._epoch = -1
        self._playing: deque[tuple[int, Pcm]] = deque()
        """What was given to the player and not heard yet, with its position when it was given."""
        self._heard_samples = 0
        self._heard_until_ms = -math.inf
        self._taken = 0

    def hear(self, pcm: Pcm, listened: bool, now_ms: float) -> None:
        """Take what the microphone has captured up to now; silence in its place when nobody listened."""
        due = self._clock(now_ms) - len(pcm)
        position = self._microphone_end
        if not self._microphone_began or due - position > ms_to_samples(_MIC_GAP_MS):
            position = max(position, due, self._taken)
        self._microphone_began = True
        self._microphone_end = position + len(pcm)
        if listened:
            self._recording._put(_MICROPHONE, position, pcm)
        else:
            self._recording._extend(self._microphone_end)

    def play(self, epoch: int, pcm: Pcm, now_ms: float) -> None:
        """Take what the player was given; it has not been heard yet."""
        if epoch > self._epoch:
            self.flush(epoch)
        if epoch == self._epoch:
            self._playing.append((self._now(now_ms), pcm))

    def flush(self, epoch: int) -> None:
        """Forget what has not been heard, and begin an epoch."""
        if epoch > self._epoch:
            self._epoch = epoch
            self._playing.clear()
            self._heard_samples = 0

    def heard(self, epoch: int, samples: int, now_ms: float) -> None:
        """Take the player's report of how many samples of an epoch have been heard up to now."""
        fresh = samples - self._heard_samples
        if epoch != self._epoch or fresh <= 0 or not self._playing:
            return
        now = self._now(now_ms)
        position = self._place(fresh, now, now_ms)
        began = position
        latest = now + ms_to_samples(_REPORT_JITTER_MS) if self._live_sink else math.inf
        self._heard_samples = samples
        while fresh and self._playing:
            given, pcm = self._playing.popleft()
            if len(pcm) > fresh:
                self._playing.appendleft((given, pcm[fresh:]))
                pcm = pcm[:fresh]
            fresh -= len(pcm)
            if position + len(pcm) > latest:  # given up, not heard: there is nobody any more who plays it
                pcm = pcm[: max(0, int(latest) - position)]
            self._recording._put(_ASSISTANT, position, pcm)
            position += len(pcm)
        self._assistant_end = position
        self._heard_until_ms += samples_to_ms(position - began)

    def take(self, now_ms: float) -> Stereo:
        """Return what has been settled since the last time: nothing that is still to come belongs there."""
        oldest = max(0, self._recording._end - KEPT_SAMPLES)
        settled = max(min(self._microphone_settled(now_ms), self._assistant_settled(now_ms)), oldest)
        return self._take(min(settled, self._recording._end))

    def finish(self, now_ms: float) -> Stereo:
        """End the recording, and return what had not been taken; nothing when nothing was recorded at all."""
        if self._recording._end:
            self._recording._extend(self._now(now_ms))
        return self._take(self._recording._end)

    def _clock(self, now_ms: float) -> int:
        return ms_to_samples(now_ms - self._began_ms)

    def _now(self, now_ms: float) -> int:
        return max(self._clock(now_ms), self._microphone_end)

    def _place(self, fresh: int, now: int, now_ms: float) -> int:
        """Return where what was heard last begins: at the end of what was before it, unless there was a pause.

        The pause is measured by the clock alone: a source that runs ahead of it does not tear an answer apart.
        """
        began_ms = now_ms - samples_to_ms(fresh)
        if self._heard_samples and began_ms - self._heard_until_ms <= _REPORT_JITTER_MS:
            return self._assistant_end
        given, _ = self._playing[0]
        position = max(self._assistant_end, now - fresh, given, self._taken)
        self._heard_until_ms = now_ms + samples_to_ms(position - now)
        return position

    def _microphone_settled(self, now_ms: float) -> int:
        return max(self._microphone_end, self._clock(now_ms - _UNSETTLED_MS))

    def _assistant_settled(self, now_ms: float) -> int:
        if self._playing and not self._heard_samples:
            return max(self._assistant_end, self._playing[0][0])
        if self._playing or now_ms < self._heard_until_ms + _UNSETTLED_MS:
            return self._assistant_end
        return self._now(now_ms) - ms_to_samples(_UNSETTLED_MS)

    def _take(self, end: int) -> Stereo:
        taken = self._recording._cut(self._taken, max(self._taken, end))
        self._taken += len(taken)
        return taken
