"""From captured samples to speech events: feeds the voice activity detection while the call listens."""

from __future__ import annotations

<<<<<<< HEAD
=======
import asyncio
import contextlib
>>>>>>> bccd9c5 (Let a detector hear one call at a time)
import logging
from collections.abc import Callable

from micdrop_widget._claims import claimed
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.idle_watch import IdleWatch
from micdrop_widget.call.sources import Gap
from micdrop_widget.speech import SpeechCancelled, SpeechEvent, SpeechEventName, SpeechStarted, name_of
from micdrop_widget.state import inputs
from micdrop_widget.vad import VAD, Segmenter, Status
from micdrop_widget.vad.combine import detectors

__all__ = ["Hearing"]

_log = logging.getLogger("micdrop_widget.call.hearing")

_STATUS_AFTER: dict[SpeechEventName, Status] = {
    "StartSpeaking": Status.MAYBE_SPEAKING,
    "ConfirmSpeaking": Status.SPEAKING,
    "CancelSpeaking": Status.SILENCE,
    "StopSpeaking": Status.SILENCE,
}


class Hearing:
    """Detects speech in what one microphone after another captures; all methods are called on one event loop.

    Parameters
    ----------
    apply
        Called with every input for the call machine: confirmed speech, its samples, its end.
    listens
        Whether the call listens now: what is captured otherwise goes to the recording alone.
    endpointing
        Whether the silence after speech is awaited within a turn now: then silence is reported as well.
    record
        Called with all that is captured, and whether the call listens.
    emit
        Called with the name of each event of the detection, in order, before it changes anything in the call.
    watch
        Ends an open segment when a live microphone gives no samples any more.
    """

    def __init__(
        self,
        *,
        apply: Callable[[inputs.Input], None],
        listens: Callable[[], bool],
        endpointing: Callable[[], bool],
        record: Callable[[Pcm, bool], object],
        emit: Callable[[SpeechEventName], object],
        watch: IdleWatch,
    ) -> None:
        self._apply = apply
        self._listens = listens
        self._endpointing = endpointing
        self._record = record
        self._emit = emit
        self._watch = watch
        self._segmenter: Segmenter | None = None
        self._is_live = False
        self._captured = 0
        self._resets = 0
        self._status = Status.SILENCE

    @property
    def status(self) -> Status:
        """The status after the latest event of the detection: silence, maybe speech, or speech."""
        return self._status

    def begin(self, vad: VAD, *, is_live: bool) -> None:
        """Begin with the first sample of a microphone.

        Parameters
        ----------
        vad
            The detector, loaded.
        is_live
            The microphone captures in real time: no samples for a second means that something is wrong with it.
        """
        self._captured = 0
        self._is_live = is_live
        self._segmenter = Segmenter(vad)

    def add(self, captured: Pcm | Gap) -> None:
        """Detect speech in the next samples; a gap ends an open segment, and what follows begins behind it."""
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

<<<<<<< HEAD
    def end(self) -> None:
        """Detect nothing any more, until the next microphone begins; again is no error."""
=======
    async def closed(self) -> None:
        """Wait until the microphone is released."""
        while self._closing:
            await asyncio.wait(self._closing)

    async def _run(
        self,
        request: int,
        device_id: str | None,
        vad: VAD,
        turn_detector: TurnDetector | None,
        before: tuple[asyncio.Task[None], ...],
    ) -> None:
        if before:
            await asyncio.wait(before)  # never two microphones at once
        with contextlib.ExitStack() as claims:
            try:
                outcome = await self._capture(request, device_id, vad, turn_detector, claims)
            finally:
                self._forget()
                await _shielded(self._release())
        self._apply(outcome)

    def _forget(self) -> None:
>>>>>>> bccd9c5 (Let a detector hear one call at a time)
        self.reset()
        self._segmenter = None
        self._watch.stop()

<<<<<<< HEAD
    def _detect(self, segmenter: Segmenter, pcm: Pcm) -> None:
=======
    async def _release(self) -> None:
        try:
            await self._source.close()
        except Exception:  # noqa: BLE001 - the border to sources that are not ours
            _log.exception("the microphone could not be released")

    async def _capture(
        self,
        request: int,
        device_id: str | None,
        vad: VAD,
        turn_detector: TurnDetector | None,
        claims: contextlib.ExitStack,
    ) -> inputs.MicrophoneFailed | inputs.MicrophoneEnded:
        try:
            claims.enter_context(claimed(*detectors(vad), *([] if turn_detector is None else [turn_detector])))
            await self._open(request, device_id, vad, turn_detector)
        except MicdropError as error:
            return inputs.MicrophoneFailed(request, error)
        except Exception as error:  # noqa: BLE001 - the border to sources and detectors that are not ours
            _log.exception("the microphone could not be started")
            return inputs.MicrophoneFailed(request, _broken("could not be started", error))
        try:
            await self._listen()
        except MicdropError as error:
            return inputs.MicrophoneEnded(request, error, unplugged=isinstance(error, UnpluggedError))
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("the microphone failed")
            return inputs.MicrophoneEnded(request, _broken("failed", error))
        return inputs.MicrophoneEnded(request)

    async def _open(self, request: int, device_id: str | None, vad: VAD, turn_detector: TurnDetector | None) -> None:
        # A model takes as long to load as a permission prompt to be drawn: both at once, off the loop.
        loading = asyncio.ensure_future(asyncio.to_thread(_load, vad, turn_detector))
        loading.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, also after open failed
        try:
            microphone = await self._source.open(device_id)
            await loading
        finally:
            loading.cancel()
        self.microphone = microphone
        self._captured = 0
        self._segmenter = Segmenter(vad)
        self._apply(
            inputs.MicrophoneOpened(
                request,
                microphone.device_id,
                microphone.echo_cancellation,
                microphone.mic_devices,
                microphone.speaker_devices,
            )
        )

    async def _listen(self) -> None:
        frames = self._source.frames()
        try:
            async for heard in frames:
                if not self._source.live:
                    await self._when_taken()
                if self._segmenter is None:
                    return
                if isinstance(heard, Gap):
                    self._miss(self._segmenter, heard)
                else:
                    self._hear(self._segmenter, heard)
        finally:
            if isinstance(frames, AsyncGenerator):
                await frames.aclose()  # its clean-up comes before the release, not whenever it is collected
        if self._segmenter is not None and self._is_heard():
            self._pass_on(self._segmenter.finish())

    def _hear(self, segmenter: Segmenter, pcm: Pcm) -> None:
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise TypeError(f"frames(): expected int16 samples of shape (n,), got {pcm.dtype} of shape {pcm.shape}")
>>>>>>> bccd9c5 (Let a detector hear one call at a time)
        # Frame by frame, since what one frame does to the call decides what becomes of the next.
        for start in range(0, len(pcm), FRAME_SAMPLES):
            frame = pcm[start : start + FRAME_SAMPLES]
            listens = self._listens()
            self._record(frame, listens)
            self._captured += len(frame)
            if listens:
                segmenter.in_pause = self._endpointing()
                self._forward(segmenter.push(frame))
            else:
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
                return  # the call does not listen any more: nothing that came after that counts
            if not isinstance(event, SpeechStarted | SpeechCancelled):  # what may be speech changes nothing in the call
                self._apply(event)

    def _report(self, name: SpeechEventName) -> None:
        self._status = _STATUS_AFTER[name]
        if self._status is Status.SILENCE:
            self._watch.stop()
        self._emit(name)
