"""Everything around the call machine, faked: microphone, socket, player, timers, and a clock that is set by hand.

After each step it checks what must always hold, whatever the input was (`invariants`).
"""

from __future__ import annotations

from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm
from micdrop_widget.history.timeline import Timeline
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued
from micdrop_widget.state import Call, MicdropState, Phase, Settings, effects, inputs, snapshot, step
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import MicPhase
from tests.state.invariants import check_state, check_turns
from tests.state.wording import in_words


class World:
    """A call and its surroundings.

    Parameters
    ----------
    now_ms
        The time to begin at.
    call
        The call to begin with.
    """

    def __init__(self, *, now_ms: float = 0, call: Call | None = None) -> None:
        self.now_ms = now_ms
        self.call = Call() if call is None else call
        self.state: MicdropState = snapshot(self.call)
        self.timeline = Timeline()
        self.effects: tuple[effects.Effect, ...] = ()
        """What the last step asked for."""
        self.timers: set[Timer] = set()
        """The timers that run."""
        self.microphone: int | None = None
        """Number of the request for the microphone that is open or asked for."""
        self.socket: int | None = None
        """Number of the socket that is open or being opened."""
        self.sent: list[object] = []
        """What went out on the current socket: "params", commands and samples."""
        self.server_ready = False
        """The current socket has heard from the server, or the grace period is over."""
        self.utterance_open = False
        self.epoch = 0
        self.given = 0
        """Samples of this epoch that the player was given."""
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        """Every event so far but StateChange."""
        self._may_be_sent: list[Pcm] = []

    # Steps

    def apply(self, event: inputs.Input) -> World:
        """Let the machine take a step and do what it asks for."""
        self._happens(event)
        before, self.effects = self.call, ()
        if isinstance(event, SpeechConfirmed | SpeechContinued) and before.listens:
            self._may_be_sent.append(event.pcm)
        was_ready = self.server_ready
        if before.phase is Phase.GREETING and (
            event == inputs.TimerFired(Timer.READY)
            or (isinstance(event, inputs.Received) and event.connection == self.socket)
        ):
            self.server_ready = True
        if isinstance(event, inputs.Start) and before.phase in (Phase.IDLE, Phase.ENDING):
            self.timeline.begin(self.now_ms)
        self.call, self.effects = step(before, event, self.now_ms)
        self.timeline.record(event, self.effects, self.call, self.now_ms)
        becomes_ready = self.server_ready and not was_ready
        for effect in self.effects:
            self._perform(effect, becomes_ready)
        self._check(before)
        return self

    def at(self, now_ms: float, event: inputs.Input) -> World:
        """Take a step at a time."""
        assert now_ms >= self.now_ms
        self.now_ms = now_ms
        return self.apply(event)

    def start(self, *, has_params: bool = True, reconnect: Reconnect | None = None, **settings: Any) -> World:
        """Start a call as far as the open socket: everything but the server's first frame."""
        options = Settings(has_url=True, has_params=has_params, reconnect=reconnect or Reconnect(), **settings)
        self.apply(inputs.Start(options))
        if self.call.mic is MicPhase.OPENING:
            self.apply(inputs.MicrophoneOpened(self.call.mic_request))
        return self.apply(inputs.ConnectionOpened(self.call.connection))

    def ready(self, *, at_ms: float | None = None) -> World:
        """Let the server say its first word, that it has nothing to answer."""
        return self.receive_at(self.now_ms if at_ms is None else at_ms, wire.SkipAnswer())

    def receive(self, frame: wire.ServerFrame) -> World:
        """Receive a frame on the current socket."""
        return self.apply(inputs.Received(self.call.connection, frame))

    def receive_at(self, now_ms: float, frame: wire.ServerFrame) -> World:
        """Receive a frame at a time."""
        return self.at(now_ms, inputs.Received(self.call.connection, frame))

    def heard(self, samples: int) -> World:
        """Let the player report how much of its epoch was heard."""
        return self.apply(inputs.PlaybackProgress(self.epoch, samples))

    def heard_at(self, now_ms: float, samples: int) -> World:
        """Let the player report at a time."""
        return self.at(now_ms, inputs.PlaybackProgress(self.epoch, samples))

    def fire(self, timer: Timer) -> World:
        """Let a timer run out that runs."""
        assert timer in self.timers, f"{timer} does not run"
        return self.apply(inputs.TimerFired(timer))

    def fire_at(self, now_ms: float, timer: Timer) -> World:
        """Let a timer run out at a time."""
        assert timer in self.timers, f"{timer} does not run"
        return self.at(now_ms, inputs.TimerFired(timer))

    def asked(self) -> list[str]:
        """Return what the last step asked for, in words, without StateChanged."""
        return in_words(self.effects)

    def commands(self) -> list[str]:
        """Return what went out on the current socket, a number for each run of samples."""
        told: list[str] = []
        for sent in self.sent:
            match sent:
                case str():
                    told.append(sent)
                case wire.StartSpeaking() | wire.StopSpeaking() | wire.MuteCommand():
                    told.append(wire.encode_client_frame(sent))
                case _ if told and told[-1].isdigit():
                    told[-1] = str(int(told[-1]) + len(sent))  # type: ignore[arg-type]
                case _:
                    told.append(str(len(sent)))  # type: ignore[arg-type]
        return told

    # What the surroundings do

    def _happens(self, event: inputs.Input) -> None:
        match event:
            case inputs.TimerFired(timer):
                assert timer in self.timers, f"{timer} cannot fire: it does not run"
                self.timers.discard(timer)
            case inputs.ConnectionFailed(connection) | inputs.ConnectionClosed(connection) if connection == self.socket:
                self.socket = None
            case inputs.MicrophoneFailed(request) | inputs.MicrophoneEnded(request) if request == self.microphone:
                self.microphone = None

    def _perform(self, effect: effects.Effect, becomes_ready: bool) -> None:  # noqa: PLR0912 - one case an effect
        match effect:
            case effects.SetTimer(timer, delay_ms, jitter):
                assert delay_ms >= 0
                assert 0 <= jitter < 1
                self.timers.add(timer)
            case effects.CancelTimer(timer):
                self.timers.discard(timer)
            case effects.OpenMicrophone(request):
                assert self.microphone is None, "a second microphone"
                self.microphone = request
            case effects.CloseMicrophone():
                self.microphone = None
            case effects.OpenConnection(connection):
                assert self.socket is None, "a second socket"
                self.socket, self.sent, self.server_ready, self.utterance_open = connection, [], False, False
            case effects.CloseConnection():
                self.socket = None
            case effects.SendParams():
                assert self.sent == [], "params are the first frame"
                self.sent.append("params")
            case effects.SendCommand(command):
                self._send_command(command, becomes_ready)
            case effects.SendAudio(pcm):
                assert self.utterance_open, "audio outside of an utterance"
                assert any(pcm is spoken for spoken in self._may_be_sent), "samples of an ignored microphone"
                self._send(pcm, becomes_ready)
            case effects.Play(epoch, pcm):
                assert not any((self.call.paused, self.call.utterance_open)), "audio that must not be heard"
                assert epoch >= self.epoch, "an epoch that is over"
                if epoch > self.epoch:
                    self.epoch, self.given = epoch, 0
                self.given += len(pcm)
            case effects.FlushPlayer(epoch):
                assert epoch > self.epoch, "a flush begins a new epoch"
                self.epoch, self.given = epoch, 0
            case effects.Emit(event, arguments):
                self.events.append((event, arguments))

    def _send_command(self, command: object, becomes_ready: bool) -> None:
        match command:
            case wire.StartSpeaking():
                assert not self.utterance_open, "StartSpeaking twice"
                self.utterance_open = True
                self._send(command, becomes_ready)
            case wire.StopSpeaking():
                assert self.utterance_open, "StopSpeaking without StartSpeaking"
                self.utterance_open = False
                self._send(command, becomes_ready=True)
            case wire.MuteCommand():
                assert not self.utterance_open, "Mute before StopSpeaking"
                self._send(command, becomes_ready=True)

    def _send(self, sent: object, becomes_ready: bool) -> None:
        assert self.socket is not None, "nothing to send it on"
        assert self.server_ready, "sent between params and ready"
        # What was said before mute or pause, while the server was not ready, goes out when it is.
        assert becomes_ready or not (self.call.muted or self.call.paused), "a muted microphone sends nothing"
        self.sent.append(sent)

    # What must always hold

    def _check(self, before: Call) -> None:
        call, state = self.call, snapshot(self.call)
        changes = [effect for effect in self.effects if isinstance(effect, effects.StateChanged)]
        if state == self.state:
            assert changes == [], "StateChange without a change"
        else:
            assert changes == [effects.StateChanged(state, self.state)]
            assert self.effects[0] is changes[0], "handlers see the state that belongs to their event"
        errors = [e.arguments for e in self.effects if isinstance(e, effects.Emit) and e.event == "Error"]
        assert errors == ([(state.error,)] if state.error not in (None, self.state.error) else []), "an Error a failure"
        self.state = state
        check_state(call, state)
        check_turns(self.timeline.turns, self.timeline.since_start_ms(self.now_ms))
        assert call.connection >= before.connection
        assert call.mic_request >= before.mic_request
        assert call.epoch >= before.epoch
        self._check_surroundings()

    def _check_surroundings(self) -> None:
        call = self.call
        assert (self.microphone is None) == (call.mic is MicPhase.CLOSED)
        if call.phase in (Phase.IDLE, Phase.OPENING, Phase.RETRYING):
            assert self.socket is None
        elif call.phase is not Phase.ENDING:
            assert self.socket == call.connection
        if call.phase is Phase.IDLE:
            assert self.timers <= {Timer.MICROPHONE}, "a timer outlives the call"
        # Whatever is waited for comes about without the user: a timer runs, or the player has something to report.
        assert (Timer.RETRY in self.timers) == (call.phase is Phase.RETRYING)
        assert call.phase is not Phase.GREETING or Timer.READY in self.timers
        assert not call.echo_tail or Timer.ECHO_TAIL in self.timers
        assert (Timer.ENDPOINTING in self.timers) == call.endpointing
        assert (Timer.MICROPHONE in self.timers) == (call.mic is MicPhase.OPENING)
        assert (Timer.CONNECTION in self.timers) == (call.phase is Phase.CONNECTING)
        assert (Timer.ANSWER in self.timers) == (call.phase is Phase.LIVE and call.processing)
        assert Timer.PLAYBACK not in self.timers or call.unheard_samples, "a watchdog of nothing"
        assert 0 <= call.heard_samples <= call.playback_samples
        player_has_samples = call.playback_samples > 0
        assert call.playback_samples == (self.given if self.epoch == call.epoch else 0)
        assert not call.assistant_speaking or player_has_samples
        if call.phase is Phase.ENDING and not player_has_samples:
            assert Timer.GOODBYE in self.timers, "a graceful stop that waits for ever"
        if call.phase is Phase.ENDING and player_has_samples:
            watched = Timer.PLAYBACK if call.unheard_samples else Timer.ANSWER_GAP
            assert watched in self.timers, "a graceful stop that waits for the loudspeaker for ever"
