"""The way from a microphone to speech events: opens the source, feeds the voice activity detection, in one task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.sources import AudioSource, Gap, UnpluggedError
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.speech import SpeechCancelled, SpeechEvent, SpeechEventName, SpeechStarted, name_of
from micdrop_widget.state import inputs
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VAD, Segmenter, Status

__all__ = ["Hearing"]

_log = logging.getLogger("micdrop_widget.call.hearing")

_LOOK_S = 0.3
_IDLE_LOOKS = 2
"""An open segment whose microphone has been idle at two looks in a row is over: after 0.6 to 0.9 s without samples.
One look would not do: a loop that was blocked fires its timers before it takes the frames that have come."""

_STATUS_AFTER: dict[SpeechEventName, Status] = {
    "StartSpeaking": Status.MAYBE_SPEAKING,
    "ConfirmSpeaking": Status.SPEAKING,
    "CancelSpeaking": Status.SILENCE,
    "StopSpeaking": Status.SILENCE,
}


class Hearing:
    """At most one open microphone at a time; all methods are called on one event loop.

    Parameters
    ----------
    source
        The microphone.
    apply
        Called with everything that is heard.
    is_heard
        Whether the microphone is listened to now: what it gives otherwise is thrown away here.
    in_pause
        Whether the user pauses within a turn now: its silence is told as well.
    when_taken
        Waits until the call has taken what it was given; held against a source that is not live.
    record
        Called with all that the microphone gives, and whether it is listened to.
    emit
        Called with the name of each event of the detection, in order, before it changes anything in the call.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        apply: Callable[[inputs.Input], None],
        is_heard: Callable[[], bool],
        in_pause: Callable[[], bool],
        when_taken: Callable[[], Awaitable[None]],
        record: Callable[[Pcm, bool], object],
        emit: Callable[[SpeechEventName], object],
    ) -> None:
        self._source = source
        self._apply = apply
        self._is_heard = is_heard
        self._in_pause = in_pause
        self._when_taken = when_taken
        self._record = record
        self._emit = emit
        self.microphone: Microphone | None = None
        """What is open; None while nothing is."""
        self._segmenter: Segmenter | None = None
        self._captured = 0
        self._resets = 0
        self._status = Status.SILENCE
        self._looking: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def open(self, request: int, device_id: str | None, vad: VAD, turn_detector: TurnDetector | None = None) -> None:
        """Begin to open the microphone and to load the models; the answer carries the number of the request."""
        self.close()
        before = tuple(self._closing)
        self._task = asyncio.ensure_future(self._run(request, device_id, vad, turn_detector, before))

    @property
    def status(self) -> Status:
        """What the detection has told last: silence, maybe speech, or speech."""
        return self._status

    def reset(self) -> None:
        """Forget what was heard: an open segment is dropped, the call is told nothing of it."""
        if self._segmenter is None:
            return
        self._resets += 1
        self._segmenter.reset(self._captured)
        if self._status is Status.SPEAKING:
            self._say("StopSpeaking")
        elif self._status is Status.MAYBE_SPEAKING:
            self._say("CancelSpeaking")

    def close(self) -> None:
        """Release the microphone, in the background."""
        if self._task is not None:
            self._task.cancel()
            self._closing.add(self._task)
            self._task.add_done_callback(self._closing.discard)
            self._task = None
        self._forget()

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
        try:
            outcome = await self._capture(request, device_id, vad, turn_detector)
        finally:
            self._forget()
            await _shielded(self._release())
        self._apply(outcome)

    def _forget(self) -> None:
        self.reset()
        self._segmenter = None
        self.microphone = None
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _release(self) -> None:
        try:
            await self._source.close()
        except Exception:  # noqa: BLE001 - the border to sources that are not ours
            _log.exception("the microphone could not be released")

    async def _capture(
        self, request: int, device_id: str | None, vad: VAD, turn_detector: TurnDetector | None
    ) -> inputs.MicrophoneFailed | inputs.MicrophoneEnded:
        try:
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
        # Frame by frame, since what one frame does to the call decides what becomes of the next.
        for start in range(0, len(pcm), FRAME_SAMPLES):
            piece = pcm[start : start + FRAME_SAMPLES]
            heard = self._is_heard()
            self._record(piece, heard)
            self._captured += len(piece)
            if heard:
                segmenter.in_pause = self._in_pause()
                self._pass_on(segmenter.push(piece))
            else:
                self.reset()
            if self._segmenter is not segmenter:
                return
        if self._source.live and self._looking is None and self.status is not Status.SILENCE:
            self._look_later(0)

    def _miss(self, segmenter: Segmenter, gap: Gap) -> None:
        """End an open segment where samples are missing, and begin anew behind them."""
        self._break_off(segmenter)
        self._captured += gap.samples
        self.reset()

    def _break_off(self, segmenter: Segmenter) -> None:
        self._pass_on(segmenter.finish())
        self._apply(inputs.MicrophoneStalled())

    def _look_later(self, idle: int) -> None:
        self._looking = asyncio.get_running_loop().call_later(_LOOK_S, self._look, self._captured, idle)

    def _look(self, captured: int, idle: int) -> None:
        """End an open segment when the microphone gives no samples any more: a frozen tab, a closed lid."""
        self._looking = None
        if self._segmenter is None or self.status is Status.SILENCE:
            return
        idle = idle + 1 if captured == self._captured else 0
        if idle < _IDLE_LOOKS:
            self._look_later(idle)
            return
        _log.warning("the microphone gives no samples any more: the utterance ends here")
        self._break_off(self._segmenter)
        self.reset()  # the next sample has the position it was captured at

    def _pass_on(self, events: list[SpeechEvent]) -> None:
        resets = self._resets
        for event in events:
            name = name_of(event)
            if name is not None:
                self._say(name)
            if self._resets != resets:
                return  # the call does not listen any more: what came after that was not heard
            if not isinstance(event, SpeechStarted | SpeechCancelled):  # suspicion changes nothing in the call
                self._apply(event)

    def _say(self, name: SpeechEventName) -> None:
        self._status = _STATUS_AFTER[name]
        self._emit(name)


def _load(vad: VAD, turn_detector: TurnDetector | None) -> None:
    vad.load()
    if turn_detector is not None:
        turn_detector.load()


async def _shielded(release: Coroutine[None, None, None]) -> None:
    """Await to the end, whatever is cancelled meanwhile: a microphone is always released."""
    releasing = asyncio.ensure_future(release)
    try:
        await asyncio.shield(releasing)
    except asyncio.CancelledError:
        await releasing
        raise


def _broken(what: str, error: Exception) -> MicdropError:
    return MicdropError(
        MicdropErrorCode.Mic,
        f"The microphone or its voice or turn detection {what} ({type(error).__name__}: {error}).",
        "Look at the traceback in the log, then start again.",
    )
