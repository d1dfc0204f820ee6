"""Places each sample on the time line of a recording.

The time line counts samples from the start of the call; the clock says where "now" is on it. Samples arrive after they
were captured, and are given to the loudspeaker before they are heard::

    0                                                        now
    |---------|---------|---------|---------|---------|-------|---> samples since the start of the call
    microphone:
    . . . . . [frame][frame][frame] . . . . . . . [frame][frame]
              ^ the promptest      ^ less than 500 ms behind: the next frame follows without a gap; more: silence,
                of the first         and it ends when it arrives, unless a burst of frames shows it was held up
                200 ms ends when
                it arrives
    assistant:
    . . . . . . . . [heard][heard][heard]                            [queued][queued]
                    ^ position of the first sample:                  ^ given to the loudspeaker, not heard yet:
                      when the loudspeaker reported it                 placed when it is reported, dropped by a flush
    file:
    [written . . . . . . . . . ]|
                                ^ written_until: nothing is placed before it any more. It follows the end of both
                                  tracks, and a silent track at a distance of 2 s: later than that nothing is reported
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, ms_to_samples, samples_to_ms
from micdrop_widget.history.tracks import ASSISTANT, KEPT_SAMPLES, MICROPHONE, Piece, Tracks

__all__ = ["Recorder"]

_MIC_GAP_MS = 500
"""A microphone that is later than this may have given nothing meanwhile; below, its frames were only slow to arrive."""

_SURE_MS = 200
_FASTER = 1.25
"""Frames that were held up arrive so much faster than they are captured, or more; as `CaptureClock` has it."""

_REPORT_JITTER_MS = 100
"""Reports of what was heard are no more exact than this: a smaller pause within an answer is none."""

_SETTLED_AFTER_MS = 2000
"""How far before now a sample that arrives, or is reported, may belong at most."""


@dataclass(frozen=True, slots=True)
class _Queued:
    """Samples that were given to the loudspeaker."""

    pcm: Pcm
    first: int
    """The number of the first one in its epoch."""
    given: int
    """When, on the time line."""


@dataclass(slots=True)
class _Captured:
    """Samples of the microphone, and what is known of them."""

    pcm: Pcm
    listens: bool
    probability: float | None = None


class Recorder:
    """Places what a call captures and plays on the time line of its recording.

    The time line is the clock since the start of the call. A microphone that gives samples faster than the clock, as
    a source of pace "fast" does, is the clock itself. Times are arguments, in milliseconds on one clock.

    Parameters
    ----------
    tracks
        Where to write.
    began_ms
        When the call began.
    live_source, live_sink
        The microphone, or the loudspeaker, is a real one: it cannot have given, or played, samples faster than time
        goes by.
    """

    def __init__(self, tracks: Tracks, began_ms: float, *, live_source: bool = False, live_sink: bool = False) -> None:
        self._tracks = tracks
        self._began_ms = began_ms
        self._live_source = live_source
        self._live_sink = live_sink
        self._microphone_begin: int | None = None
        self._microphone_end = 0
        self._first: list[_Captured] = []
        """What a live microphone has given first: a browser gives a few frames late, and then the others in time."""
        self._first_until_ms = math.inf
        self._late: list[_Captured] = []
        """What came late, until it is known whether the microphone had paused or its samples were held up."""
        self._late_samples = 0
        self._late_since_ms = 0.0
        self._late_due = 0
        """Where the first of it belongs if the microphone had paused, by the promptest of it."""
        self._assistant_end = 0
        self._epoch = -1
        self._queued: deque[_Queued] = deque()
        """What was given to the loudspeaker and not heard yet."""
        self._queued_samples = 0
        """Samples of this epoch that were given to the loudspeaker."""
        self._heard_samples = 0
        """Samples of this epoch that have been heard."""
        self._heard_until_ms = -math.inf
        """When, by the clock, the last sample that was placed had been heard."""
        self._written_until = 0

    def place_captured(self, pcm: Pcm, listens: bool, now_ms: float) -> None:
        """Place what the microphone has captured up to now; silence in its stead when the call does not listen."""
        due = self._clock(now_ms) - len(pcm)
        if self._microphone_begin is None:
            self._microphone_begin = self._microphone_end = max(due, self._written_until)
            self._first_until_ms = now_ms + _SURE_MS if self._live_source else -math.inf
        if due - self._microphone_end - self._late_samples > ms_to_samples(_MIC_GAP_MS):
            if not self._late:
                self._late_since_ms, self._late_due = now_ms, due
            self._late_due = min(self._late_due, due - self._late_samples)
            self._late.append(_Captured(pcm, listens))
            self._late_samples += len(pcm)
            if now_ms - self._late_since_ms >= _SURE_MS:
                self._place_late(now_ms)
            return
        if self._late:
            self._place_late(now_ms, was_held_up=True)
        captured = _Captured(pcm, listens)
        if now_ms < self._first_until_ms:
            self._move_first(due)
            self._first.append(captured)
        else:
            self._first.clear()
        self._place(captured)

    def place_probability(self, probability: float) -> None:
        """Place how probable speech is in the window of 512 samples that was captured last."""
        if self._late:
            self._late[-1].probability = probability
        else:
            if self._first:
                self._first[-1].probability = probability
            self._tracks.speech.set(self._microphone_end - FRAME_SAMPLES, probability)

    def queue_playback(self, epoch: int, pcm: Pcm, now_ms: float) -> None:
        """Keep what the loudspeaker is given until it is heard."""
        if epoch > self._epoch:
            self.flush(epoch)
        if epoch == self._epoch:
            self._queued.append(_Queued(pcm, self._queued_samples, self.position(now_ms)))
            self._queued_samples += len(pcm)

    def flush(self, epoch: int) -> None:
        """Drop what has not been heard, and begin an epoch."""
        if epoch > self._epoch:
            self._epoch = epoch
            self._queued.clear()
            self._queued_samples = 0
            self._heard_samples = 0

    def place_heard(self, epoch: int, samples: int, now_ms: float) -> None:
        """Place what the loudspeaker has played since its last report.

        Parameters
        ----------
        epoch, samples
            How many samples of which epoch have been heard up to now.
        now_ms
            The time of the report.
        """
        begin, fresh = self._heard_samples, samples - self._heard_samples
        if epoch != self._epoch or fresh <= 0 or not self._queued:
            return
        now = self.position(now_ms)
        position = self._position_of_heard(fresh, now, now_ms)
        began = position
        playable: float = math.inf
        self._heard_samples = samples
        while begin < samples and self._queued:
            queued = self._queued.popleft()
            if self._live_sink:  # what is reported because nobody plays it any more was never heard
                playable = min(playable, queued.first + now - queued.given + ms_to_samples(_REPORT_JITTER_MS))
            pcm = queued.pcm[begin - queued.first : samples - queued.first]
            if queued.first + len(queued.pcm) > samples:
                self._queued.appendleft(queued)
            heard = pcm[: max(0, int(min(playable, samples)) - begin)]
            begin += len(pcm)
            self._tracks.write(ASSISTANT, position, heard)
            position += len(heard)
        self._assistant_end = position
        self._heard_until_ms += samples_to_ms(position - began)

    def position(self, now_ms: float) -> int:
        """Return where a moment lies on the time line; no earlier than what the microphone has captured by then."""
        return max(self._clock(now_ms), self._microphone_end)

    def pop_settled(self, now_ms: float) -> list[Piece]:
        """Return what is settled and was not returned before: nothing will be placed there any more."""
        settled = min(self._microphone_settled(now_ms), self._assistant_settled(now_ms))
        # a loudspeaker that never reports holds up no more than is kept
        kept_from = self.position(now_ms) - KEPT_SAMPLES
        return self._pop(min(max(settled, kept_from), self._tracks.end))

    def finish(self, now_ms: float) -> list[Piece]:
        """End the recording, and return the rest; nothing when nothing was recorded at all."""
        if self._late:
            self._place_late(now_ms)
        if self._tracks.end:
            self._tracks.extend(self.position(now_ms))
        return self._pop(self._tracks.end)

    def _place(self, captured: _Captured) -> None:
        """Place samples behind those before them."""
        position = self._microphone_end
        self._microphone_end = position + len(captured.pcm)
        if captured.listens:
            self._tracks.write(MICROPHONE, position, captured.pcm)
        else:
            self._tracks.extend(self._microphone_end)
        if captured.probability is not None:
            self._tracks.speech.set(self._microphone_end - FRAME_SAMPLES, captured.probability)

    def _move_first(self, due: int) -> None:
        """Move what the microphone has given first to where it belongs, by a frame that came more promptly."""
        assert self._microphone_begin is not None
        begin = max(self._microphone_begin - (self._microphone_end - due), self._written_until)
        if begin >= self._microphone_begin:
            return
        silence = np.zeros(self._microphone_end - self._microphone_begin, dtype=np.int16)
        self._tracks.write(MICROPHONE, self._microphone_begin, silence)
        self._microphone_begin = self._microphone_end = begin
        for captured in self._first:
            self._place(captured)

    def _place_late(self, now_ms: float, *, was_held_up: bool = False) -> None:
        """Place what came late: behind a gap when it came no faster than it is captured, otherwise without one."""
        fresh_ms = samples_to_ms(self._late_samples - len(self._late[0].pcm))
        if not was_held_up and fresh_ms <= _FASTER * (now_ms - self._late_since_ms):
            self._microphone_end = max(self._microphone_end, self._late_due)
        self._microphone_end = max(self._microphone_end, self._written_until)
        late, self._late, self._late_samples = self._late, [], 0
        for captured in late:
            self._place(captured)

    def _clock(self, now_ms: float) -> int:
        return ms_to_samples(now_ms - self._began_ms)

    def _position_of_heard(self, fresh: int, now: int, now_ms: float) -> int:
        """Return where the samples that were heard last begin: after those before them, or after a pause.

        The pause is measured by the clock alone: a source that runs ahead of it does not tear an answer apart.
        """
        began_ms = now_ms - samples_to_ms(fresh)
        if self._heard_samples and began_ms - self._heard_until_ms <= _REPORT_JITTER_MS:
            return self._assistant_end
        position = max(self._assistant_end, now - fresh, self._queued[0].given, self._written_until)
        self._heard_until_ms = now_ms + samples_to_ms(position - now)
        return position

    def _microphone_settled(self, now_ms: float) -> int:
        return max(self._microphone_end, self._clock(now_ms - _SETTLED_AFTER_MS))

    def _assistant_settled(self, now_ms: float) -> int:
        if self._queued and not self._heard_samples:
            return max(self._assistant_end, self._queued[0].given)
        if self._queued or now_ms < self._heard_until_ms + _SETTLED_AFTER_MS:
            return self._assistant_end
        return self.position(now_ms) - ms_to_samples(_SETTLED_AFTER_MS)

    def _pop(self, end: int) -> list[Piece]:
        begin = self._written_until
        self._written_until = max(begin, end)
        return self._tracks.pieces(begin, self._written_until)
