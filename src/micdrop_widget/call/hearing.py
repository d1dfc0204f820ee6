"""From captured samples to speech events: feeds the voice activity detection while the call listens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.events import STATUS_AFTER
from micdrop_widget.call.idle_watch import IdleWatch
from micdrop_widget.call.silence_watch import SilenceWatch
from micdrop_widget.call.sources import Gap
from micdrop_widget.speech import SpeechCancelled, SpeechEvent, SpeechEventName, SpeechStarted, name_of
from micdrop_widget.state import inputs
from micdrop_widget.vad import VAD, Segmenter, Status

__all__ = ["Hearing"]

_log = logging.getLogger("micdrop_widget.call.hearing")


class Hearing:
    """Detects speech in the samples of one microphone after another; all methods are called on one event loop.

    Parameters
    ----------
    apply
        Called with every input for the call machine: confirmed speech, its samples, its end.
    listens
        Returns whether the call listens now; otherwise captured samples go to the recording alone.
    endpointing
        Returns whether the user is silent within an open turn now: then silence is reported as well.
    record
        Called with each captured frame, whether the call listens, and how many samples arrived with the frame but
        were captured after it.
    emit
        Called with the name of each event of the detection, in order, before it changes anything in the call.
    detected
        Called with the detector after each window that the call listens to.
    watch
        Ends an open segment when a live microphone gives no samples any more.
    silence
        Notices that a live microphone gives nothing but zeros.
    """

    def __init__(
        self,
        *,
        apply: Callable[[inputs.Input], None],
        listens: Callable[[], bool],
        endpointing: Callable[[], bool],
        record: Callable[[Pcm, bool, int], object],
        emit: Callable[[SpeechEventName], object],
        detected: Callable[[VAD], object],
        watch: IdleWatch,
        silence: SilenceWatch,
    ) -> None:
        self._apply = apply
        self._listens = listens
        self._endpointing = endpointing
        self._record = record
        self._emit = emit
        self._detected = detected
        self._watch = watch
        self._silence = silence
        self._segmenter: Segmenter | None = None
        self._is_live = False
        self._captured = 0
        self._resets = 0
        self._status = Status.SILENCE

    @property
    def is_live(self) -> bool:
        """Whether the microphone captures in real time."""
        return self._is_live

    @property
    def captured(self) -> int:
        """Samples captured since the microphone was opened, those included that did not arrive."""
        return self._captured

    @property
    def status(self) -> Status:
        """The status after the latest event of the detection: silence, maybe speech, or speech."""
        return self._status

    def begin(self, vad: VAD, *, is_live: bool, has_pauses: bool = False) -> None:
        """Begin with the first sample of a microphone.

        Parameters
        ----------
        vad
            The detector, loaded.
        is_live
            The microphone captures in real time: no samples for a second means that something is wrong with it.
        has_pauses
            Stretches of exact zeros are part of its samples, as they are of a recording's.
        """
        self._silence.begin(may_pause=has_pauses)
        self._captured = 0
        self._is_live = is_live
        self._segmenter = Segmenter(vad)

    def add(self, captured: Pcm | Gap) -> None:
        """Detect speech in the next samples; a gap ends an open segment, and the next samples begin after it."""
        if self._segmenter is None:
            return
        if isinstance(captured, Gap):
            self._end_segment(self._segmenter)
            self._captured += captured.samples
            self.reset()
        else:
            self._detect(self._segmenter, captured)

    def reset(self) -> None:
        """Forget what was captured: an open segment is dropped without an input for the call."""
        if self._segmenter is None:
            return
        self._resets += 1
        self._segmenter.reset(self._captured)
        if self._status is Status.SPEAKING:
            self._report("StopSpeaking")
        elif self._status is Status.MAYBE_SPEAKING:
            self._report("CancelSpeaking")

    def finish(self) -> None:
        """End an open segment with the last sample: the source has no more."""
        if self._segmenter is not None and self._listens():
            self._forward(self._segmenter.finish())

    def end(self) -> None:
        """Stop detecting until the next microphone begins; may be called again."""
        self.reset()
        self._segmenter = None
        self._watch.stop()

    def _detect(self, segmenter: Segmenter, pcm: Pcm) -> None:
        # Frame by frame, since one frame may change whether the call listens to the next.
        for start in range(0, len(pcm), FRAME_SAMPLES):
            frame = pcm[start : start + FRAME_SAMPLES]
            listens = self._listens()
            self._record(frame, listens, len(pcm) - start - len(frame))
            self._captured += len(frame)
            if listens:
                if self._is_live:
                    self._silence.add(frame)
                segmenter.in_pause = self._endpointing()
                events = segmenter.push(frame)
                self._detected(segmenter.vad)
                self._forward(events)
            else:
                self._silence.reset()
                self.reset()
            if self._segmenter is not segmenter:
                return
        if self._is_live and self._status is not Status.SILENCE:
            self._watch.start(lambda: self._captured, self._end_idle_segment)

    def _end_segment(self, segmenter: Segmenter) -> None:
        self._forward(segmenter.finish())
        self._apply(inputs.MicrophoneStalled())

    def _end_idle_segment(self) -> None:
        if self._segmenter is None:
            return
        _log.warning("the microphone gives no samples any more: the utterance ends here")
        self._end_segment(self._segmenter)
        self.reset()  # the next sample has the position it was captured at

    def _forward(self, events: list[SpeechEvent]) -> None:
        resets = self._resets
        for event in events:
            name = name_of(event)
            if name is not None:
                self._report(name)
            if self._resets != resets:
                return  # the call does not listen any more: later events do not count
            if not isinstance(event, SpeechStarted | SpeechCancelled):  # unconfirmed speech changes nothing in the call
                self._apply(event)

    def _report(self, name: SpeechEventName) -> None:
        self._status = STATUS_AFTER[name]
        if self._status is Status.SILENCE:
            self._watch.stop()
        self._emit(name)
