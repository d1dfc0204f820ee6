"""The call machine in an event loop: applies inputs to it, and performs its effects."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from micdrop_widget.audio import Pcm, ms_to_samples, pcm_to_bytes
from micdrop_widget.call.events import CallListener
from micdrop_widget.call.hearing import Hearing
from micdrop_widget.call.idle_watch import IdleWatch
from micdrop_widget.call.keeper import CallKeeper
from micdrop_widget.call.levels import LevelMeter
from micdrop_widget.call.log import describe
from micdrop_widget.call.microphone_task import MicrophoneTask
from micdrop_widget.call.options import CallOptions
from micdrop_widget.call.silence_watch import SilenceWatch
from micdrop_widget.call.sinks import AudioSink
from micdrop_widget.call.sources import AudioSource
from micdrop_widget.call.transport import Transport
from micdrop_widget.call.turn_taking import TurnTaking
from micdrop_widget.errors import MicdropError
from micdrop_widget.history.call_folder import WAV
from micdrop_widget.history.diagnosis import CallFacts, FactCollector, LinkFacts
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.step_events import step_events
from micdrop_widget.history.timeline import Timeline
from micdrop_widget.history.writer import RecordingWriter
from micdrop_widget.protocol import encode_client_frame
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import Call, MicdropState, Phase, Settings, effects, inputs, snapshot, step
from micdrop_widget.vad import VAD
from micdrop_widget.vad.combine import detectors

__all__ = ["Engine", "settings_of"]

_log = logging.getLogger("micdrop_widget.call.engine")
_call_log = logging.getLogger("micdrop_widget.call")


class Engine:
    """One call, on one event loop, between a microphone, a server and a loudspeaker.

    Parameters
    ----------
    source, sink
        Microphone and loudspeaker.
    options, vad
        The options, and the detector that they name; both may be replaced between calls.
    listener
        Gets events and log lines.
    describe_transport
        Returns how the call is carried, and how well, as JSON values.
    """

    def __init__(
        self,
        source: AudioSource,
        sink: AudioSink,
        options: CallOptions,
        vad: VAD,
        listener: CallListener,
        *,
        describe_transport: Callable[[], Mapping[str, Any]],
    ) -> None:
        self.options = options
        self.vad = vad
        self.call = Call(settings_of(options))
        self.state: MicdropState = snapshot(self.call)
        self.timeline = Timeline()
        self.events = EventLog()
        self._facts = FactCollector()
        self.transport = Transport(self.apply)
        self.turn_taking = TurnTaking(self.apply)
        self.recorder = RecordingWriter(
            live_source=source.live, live_sink=getattr(sink, "live", False), report=self._report_not_kept
        )
        self.keeper = CallKeeper(lambda: self.vad, describe_transport, self._report_not_kept)
        self.levels = LevelMeter(
            is_observed=listener.observes_levels, emit=lambda levels: listener.on_event("Levels", (levels,))
        )
        self.hearing = Hearing(
            apply=self.apply,
            listens=lambda: self.call.listens,
            endpointing=lambda: self.call.endpointing,
            record=self._record_captured,
            emit=self._emit_speech_event,
            detected=self._record_detection,
            watch=IdleWatch(),
            silence=SilenceWatch(
                is_silent=lambda: self.call.mic_silent,
                report=lambda is_silent: self.apply(inputs.MicrophoneSilent(is_silent)),
            ),
        )
        self.microphone = MicrophoneTask(source, self.hearing, apply=self.apply, ready_for_more=self._ready_for_more)
        self._sink = sink
        self._sink.bind(self._receive_progress)
        self._listener = listener
        self._inputs: deque[inputs.Input] = deque()
        self._stepping = False
        self._timers: dict[effects.Timer, asyncio.TimerHandle] = {}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[MicdropState]]] = []
        self._warned: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop of the call; None before its first step."""

    def begin_history(self) -> None:
        """Begin the recording, the turns and the events of a new call; what is kept of the one before stays as it is.

        Raises
        ------
        OSError
            The file of the recording, or the folder of the call, cannot be written; nothing has begun.
        """
        timeline, events = Timeline(), EventLog()
        folder = self.keeper.begin(self.options, lambda: timeline.turns, lambda: self.call.conversation, events)
        record = self.options.record
        if folder is not None and record is True:
            record = folder / WAV
        self.recorder.begin(record, events, lambda: timeline.turns)
        self.timeline, self.events = timeline, events

    def apply(self, event: inputs.Input) -> None:
        """Apply an input to the machine, after those that wait, and perform the effects."""
        self._inputs.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._inputs:
                self._step(self._inputs.popleft())
        finally:
            self._stepping = False

    def when(self, reached: Callable[[], bool]) -> asyncio.Future[MicdropState]:
        """Wait, from now on, until a condition holds after some step; the result is the state in which it did."""
        future: asyncio.Future[MicdropState] = asyncio.get_running_loop().create_future()
        if reached():
            future.set_result(self.state)
        else:
            self._waiting.append((reached, future))
        return future

    def facts(self, link: LinkFacts | None = None) -> CallFacts:
        """Return what a diagnosis needs to know; from any thread."""
        now_ms = 0.0 if self._loop is None else self._loop.time() * 1000
        is_live = self.hearing.is_live
        return self._facts.facts(self.call, self.timeline.turns, self.vad, now_ms, mic_is_live=is_live, link=link)

    async def released(self) -> None:
        """Wait until microphone and socket are released, and the recording is in its file."""
        await self.microphone.closed()
        await self.transport.closed()
        await self.recorder.closed()
        await self.keeper.closed()

    def _step(self, event: inputs.Input) -> None:
        self._loop = asyncio.get_running_loop()
        now_ms = self._loop.time() * 1000
        if isinstance(event, inputs.Start):
            self.timeline.begin(now_ms)
            self._warned.clear()
        before = self.call
        self.call, asked = step(before, event, now_ms)
        if asked and _log.isEnabledFor(logging.DEBUG):
            _log.debug("%8.1f ms %r -> %r", self.timeline.since_start_ms(now_ms), event, asked)
        self.timeline.record(event, asked, self.call, now_ms)
        if before.in_call or self.call.in_call:
            for name, payload in step_events(event, asked, self.state):
                self._log_event(name, payload, now_ms)
        self._facts.record(event, asked, self.call, now_ms)
        if self.options.debug_log:
            self._log_effects(asked, now_ms)
        for effect in asked:
            try:
                self._perform(effect)
            except Exception:  # noqa: BLE001 - the border to the user's loudspeakers and detectors
                self._log_failure(effect)
        for turn in self.timeline.pop_settled():
            self._log_event("Turn", {"kind": turn.kind, "reply_latency_ms": turn.reply_latency_ms}, now_ms)
            self._listener.on_event("Turn", (turn,))
        self.keeper.note_step(self.microphone.microphone)
        if self.call.phase is Phase.IDLE:
            self.recorder.end()
            self.keeper.end()
        if self._waiting:
            self._wake()

    def _perform(self, effect: effects.Effect) -> None:  # noqa: PLR0912 - one case an effect
        match effect:
            case effects.SendAudio(pcm):
                self.transport.send(pcm_to_bytes(pcm))
            case effects.SendCommand(command):
                self.transport.send(encode_client_frame(command))
            case effects.SendParams():
                self.transport.send_params()
            case effects.UseTurnDetector():
                self.turn_taking.use(self.options.turn_detector)
            case effects.BeginTurn():
                self.turn_taking.begin()
            case effects.AddTurnAudio(pcm):
                self.turn_taking.add(pcm)
            case effects.PredictTurn(question):
                self.turn_taking.ask(question)
            case effects.Play(epoch, pcm):
                self._play(epoch, pcm)
            case effects.FlushPlayer(epoch):
                self._flush(epoch)
            case effects.SelectSpeaker(device_id):
                self._sink.select(device_id)
            case effects.OpenMicrophone(request, device_id):
                self._open_microphone(request, device_id)
            case effects.CloseMicrophone():
                self.microphone.close()
            case effects.ResetDetection():
                self.hearing.reset()
            case effects.OpenConnection(connection):
                self.turn_taking.use(self.options.turn_detector)
                self.transport.open(connection, self.options)
            case effects.CloseConnection():
                self.transport.close()
            case effects.SetTimer(timer, delay_ms, jitter):
                self._set_timer(timer, delay_ms * (1 - jitter * random.random()))
            case effects.CancelTimer(timer):
                self._cancel_timer(timer)
            case effects.StateChanged(state, previous):
                self.state = state
                self._listener.on_event("StateChange", (state, previous))
            case effects.Emit(event, arguments):
                self._listener.on_event(event, arguments)
            case effects.Warn(text):
                if text not in self._warned:
                    self._warned.add(text)
                    _log.warning("%s", text)
            case _:
                raise TypeError(f"unknown effect {effect!r}")

    def _play(self, epoch: int, pcm: Pcm) -> None:
        self.recorder.add_playback(epoch, pcm)
        self.levels.play(epoch, pcm)
        self._sink.play(epoch, pcm)

    def _flush(self, epoch: int) -> None:
        self._sink.flush(epoch)
        self.recorder.flush(epoch)
        self.levels.flush()

    def _open_microphone(self, request: int, device_id: str | None) -> None:
        turn_detector = self.options.turn_detector
        claims = [*detectors(self.vad), *([] if turn_detector is None else [turn_detector])]
        self.microphone.open(request, device_id, self.vad, self.turn_taking.use(turn_detector), claims)

    def _log_failure(self, effect: effects.Effect) -> None:
        """Log an effect that failed, once; the others of the step are done, and the call goes on."""
        what = f"{type(effect).__name__} failed"
        if what not in self._warned:
            self._warned.add(what)
            _log.exception("%s; the call goes on", what)
        if isinstance(effect, effects.Play):  # what cannot be played counts as heard: no report would ever come
            self.apply(inputs.PlaybackProgress(effect.epoch, self.call.playback_samples))

    def _record_captured(self, frame: Pcm, listens: bool, behind: int) -> None:
        """Record a captured frame; `behind` counts the samples that arrived with it and come after it."""
        now_ms = asyncio.get_running_loop().time() * 1000
        self.timeline.note_captured(self.hearing.captured + len(frame) + behind, now_ms)
        self.recorder.add_captured(frame, listens, behind)
        self._facts.add_captured(frame, listens, now_ms)
        if listens:
            self.levels.add_captured(frame)

    def _record_detection(self, vad: VAD) -> None:
        """Record the probability and the level that the detector found in a window."""
        self.recorder.add_probability(vad.probability)
        self._facts.add_detection(vad)

    def _receive_progress(self, epoch: int, samples: int) -> None:
        """Receive the loudspeaker's report."""
        age_ms = getattr(self._sink, "heard_age_ms", 0.0)
        self.recorder.add_heard(epoch, samples, age_ms)
        self.levels.note_heard(epoch, samples)
        self.apply(inputs.PlaybackProgress(epoch, samples, age_ms))
        self.timeline.note_underruns(getattr(self._sink, "underruns", 0))

    def _report_not_kept(self, error: MicdropError) -> None:
        self.apply(inputs.RecordingFailed(error))

    def _emit_speech_event(self, event: SpeechEventName) -> None:
        self._facts.add_speech_event(event)
        if self.call.in_call:
            self._log_event(f"vad.{event}", {}, asyncio.get_running_loop().time() * 1000)
        self._listener.on_speech_event(event)

    def _log_event(self, name: str, payload: Mapping[str, Any], now_ms: float) -> None:
        time_ms = self.timeline.since_start_ms(now_ms)
        sample = self.recorder.position(now_ms)
        self.events.add(time_ms, ms_to_samples(time_ms) if sample is None else sample, name, payload)

    def _log_effects(self, asked: tuple[effects.Effect, ...], now_ms: float) -> None:
        for effect in asked:
            what = describe(effect)
            if what is not None:
                line = f"{self.timeline.since_start_ms(now_ms) / 1000:9.3f} s  {what}"
                _call_log.info("%s", line)
                self._listener.on_log_line(line)

    def _set_timer(self, timer: effects.Timer, delay_ms: float) -> None:
        self._cancel_timer(timer)

        def fire() -> None:
            del self._timers[timer]
            self.apply(inputs.TimerFired(timer))

        self._timers[timer] = asyncio.get_running_loop().call_later(delay_ms / 1000, fire)

    def _cancel_timer(self, timer: effects.Timer) -> None:
        if timer in self._timers:
            self._timers.pop(timer).cancel()

    def _wake(self) -> None:
        for reached, future in self._waiting:
            if not future.done() and reached():
                future.set_result(self.state)
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]

    async def _ready_for_more(self) -> None:
        """Wait until a source that can wait may go on: the call is ready, has sent all audio, and asks no detector."""
        await self.when(
            lambda: (
                self.state.isStarted
                and not self.state.isReconnecting
                and not (self.call.endpointing and self.turn_taking.asked)
            )
        )
        await self.transport.drained()


def settings_of(options: CallOptions) -> Settings:
    """Return what the call machine needs of the options."""
    return Settings(
        has_url=options.url is not None,
        has_params=options.params is not None,
        disable_interruption=options.disable_interruption,
        reconnect=options.reconnect,
        detects_turns=options.turn_detector is not None,
        turn_max_wait_ms=options.turn_max_wait_ms,
    )
