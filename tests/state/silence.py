"""A call in virtual time, in which any participant may fall silent at any step, and never says a word again."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import count

from micdrop_widget import protocol as wire
from micdrop_widget.audio import samples_to_ms
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Phase, Settings, effects, inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.limits import (
    ANSWER_GAP_MS,
    ANSWER_MS,
    GOODBYE_MS,
    MICROPHONE_MS,
    PLAYBACK_STALL_MS,
    connection_limit_ms,
)
from tests.state.spoken import audio, confirmed, continued, says
from tests.state.world import World

PARTICIPANTS = ("microphone", "server", "loudspeaker", "detector", "page")
"""`page` is microphone and loudspeaker together. Three things are missed: the heartbeat of the page, the pings of the
server, and the samples of a microphone within speech."""

RECONNECT = Reconnect(max_attempts=2)
MISSED_PING_MS = 40_000
MISSED_HEARTBEAT_MS = 10_000
MISSED_SAMPLES_MS = 900
ANSWER_SAMPLES = 16_000

_ENDING_MS = GOODBYE_MS + 2 * (PLAYBACK_STALL_MS + samples_to_ms(4 * ANSWER_SAMPLES)) + ANSWER_GAP_MS

BOUND_MS = {
    Phase.OPENING: MICROPHONE_MS,
    Phase.CONNECTING: connection_limit_ms(RECONNECT),
    Phase.GREETING: 1000,
    Phase.RETRYING: RECONNECT.max_delay_ms,
    Phase.ENDING: _ENDING_MS,
}
"""How long each phase may last; a call may be live for as long as somebody wants it."""


class SilentCall:
    """One call with everybody around it.

    Parameters
    ----------
    silent
        Who falls silent.
    at_step
        With which step.
    detects_turns
        Whether there is a turn detector.
    """

    def __init__(self, silent: Iterable[str] = (), at_step: int = 0, *, detects_turns: bool = True) -> None:
        self.world = World()
        self.steps = 0
        self.phases = [Phase.IDLE]
        """The phases it went through, each where it came first."""
        self._silent = {*silent, *(("microphone", "loudspeaker") if "page" in silent else ())}
        self._at_step = at_step
        self._settings = Settings(True, True, reconnect=RECONNECT, detects_turns=detects_turns)
        self._agenda: list[tuple[float, int, str, Callable[[], inputs.Input | None]]] = []
        self._order = count()
        self._timers: dict[Timer, int] = {}
        self._phase_since_ms = 0.0
        self._last_frame_ms = 0.0
        self._fell_silent = False

    # What the user does

    def start(self) -> SilentCall:
        self._step(inputs.Start(self._settings))
        return self

    def do(self, event: inputs.Input) -> SilentCall:
        self._step(event)
        return self

    def speak(self) -> SilentCall:
        """Say a sentence, as far as there is a microphone to hear it."""
        for event in (confirmed(), continued(), SpeechEnded(1512)):
            if self.world.state.isMicStarted and not self._is_silent("microphone"):
                self._step(event)
        return self

    def wait(self, duration_ms: float) -> SilentCall:
        """Let time go by: everybody says what is due."""
        end_ms = self.world.now_ms + duration_ms
        while self._agenda and self._agenda[0][0] <= end_ms:
            at_ms, _, who, what = heapq.heappop(self._agenda)
            self.world.now_ms = max(at_ms, self.world.now_ms)
            self._check_bounds()
            event = None if self._is_silent(who) else what()
            if event is not None:
                self._step(event)
        self.world.now_ms = end_ms
        self._check_bounds()
        return self

    def assert_nothing_is_open(self) -> None:
        """Raise unless the call is over, and nothing waits, listens or is connected."""
        world = self.world
        assert world.call.phase is Phase.IDLE
        assert (world.microphone, world.socket, world.timers) == (None, None, set())
        state = world.state
        assert not any((state.isStarting, state.isStarted, state.isProcessing, state.isAssistantSpeaking))

    # What everybody else does

    def _step(self, event: inputs.Input) -> None:
        if isinstance(event, SpeechConfirmed | SpeechContinued | SpeechEnded) and not self.world.call.listens:
            return
        if isinstance(event, inputs.Received):
            self._last_frame_ms = self.world.now_ms
        before = self.world.call
        self.world.apply(event)
        self.steps += 1
        call = self.world.call
        if call.phase is not before.phase:
            self._phase_since_ms = self.world.now_ms
            self.phases += [] if call.phase in self.phases else [call.phase]
        if call.processing and not (before.processing and before.phase is Phase.LIVE):
            self._last_frame_ms = self.world.now_ms
        for effect in self.world.effects:
            self._respond(effect)
        if self._silent and self.steps >= self._at_step and not self._fell_silent:
            self._fell_silent = True
            self._later("watchdog", MISSED_PING_MS, self._miss_ping)
            self._later("watchdog", MISSED_HEARTBEAT_MS, self._miss_heartbeat)
            self._later("watchdog", MISSED_SAMPLES_MS, self._miss_samples)

    def _miss_ping(self) -> inputs.Input | None:
        call = self.world.call
        answers_pings = call.phase in (Phase.GREETING, Phase.LIVE, Phase.ENDING) and self.world.socket is not None
        return inputs.ConnectionClosed(call.connection, 1006) if answers_pings and "server" in self._silent else None

    def _miss_samples(self) -> inputs.Input | None:
        return inputs.MicrophoneStalled() if "microphone" in self._silent else None

    def _miss_heartbeat(self) -> inputs.Input | None:
        return inputs.Stop() if "page" in self._silent else None

    def _respond(self, effect: effects.Effect) -> None:
        match effect:
            case effects.SetTimer(timer, delay_ms):
                number = self._timers[timer] = next(self._order)
                self._later("clock", delay_ms, lambda: self._fire(timer, number))
            case effects.CancelTimer(timer):
                self._timers.pop(timer, None)
            case effects.OpenMicrophone(request):
                self._later("microphone", 50, lambda: self._while_requested(request))
                if self._fell_silent:
                    self._later("watchdog", MISSED_HEARTBEAT_MS, self._miss_heartbeat)
            case effects.OpenConnection(connection):
                self._later("server", 20, lambda: self._while_connected(inputs.ConnectionOpened(connection)))
            case effects.SendParams():
                self._frames(10, says("Hello"), audio(ANSWER_SAMPLES))
            case effects.SendCommand(wire.StopSpeaking()):
                self._frames(30, says("Well?", "user"), says("Yes."), audio(ANSWER_SAMPLES), wire.EndCall())
            case effects.PredictTurn(question):
                self._later("detector", 40, lambda: inputs.TurnPredicted(question, complete=question % 2 == 0))
            case effects.Play(epoch, pcm):
                given = self.world.given
                self._later("loudspeaker", 10, lambda: inputs.PlaybackProgress(epoch, given - len(pcm) + 1))
                self._later("loudspeaker", samples_to_ms(given), lambda: inputs.PlaybackProgress(epoch, given))

    def _frames(self, delay_ms: float, *frames: wire.ServerFrame) -> None:
        for number, frame in enumerate(frames, 1):
            self._later("server", number * delay_ms, self._frame(inputs.Received(self.world.call.connection, frame)))

    def _frame(self, received: inputs.Received) -> Callable[[], inputs.Input | None]:
        return lambda: self._while_connected(received)

    def _fire(self, timer: Timer, number: int) -> inputs.Input | None:
        if self._timers.get(timer) != number:
            return None
        del self._timers[timer]
        return inputs.TimerFired(timer)

    def _while_requested(self, request: int) -> inputs.Input | None:
        return inputs.MicrophoneOpened(request) if self.world.microphone == request else None

    def _while_connected(self, event: inputs.ConnectionOpened | inputs.Received) -> inputs.Input | None:
        return event if self.world.socket == event.connection else None

    def _later(self, who: str, delay_ms: float, what: Callable[[], inputs.Input | None]) -> None:
        heapq.heappush(self._agenda, (self.world.now_ms + delay_ms, next(self._order), who, what))

    def _is_silent(self, who: str) -> bool:
        return who in self._silent and self.steps >= self._at_step

    def _check_bounds(self) -> None:
        call, now_ms = self.world.call, self.world.now_ms
        lasted_ms = now_ms - self._phase_since_ms
        assert call.phase not in BOUND_MS or lasted_ms <= BOUND_MS[call.phase], f"{call.phase} lasts {lasted_ms} ms"
        if call.phase is Phase.LIVE and call.processing:
            assert now_ms - self._last_frame_ms <= ANSWER_MS, "an answer is awaited for ever"
