"""Random sequences of everything that can happen: after each step the invariants hold (`World` checks them)."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from micdrop_widget import protocol as wire
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Phase, Settings, inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import MicPhase
from tests.state.world import World

CLOSE_CODES = (1000, 1001, 1005, 1006, 1011, 4400, 4401, 4404, 4999)
LOUD = np.random.default_rng(1).integers(-8000, 8000, 600).astype(np.int16)
ANSWER = wire.TextMessage("assistant", "Hello")

frames: st.SearchStrategy[wire.ServerFrame] = st.one_of(
    st.builds(wire.Audio, st.integers(0, 2000).map(bytes)),
    st.sampled_from(
        [
            wire.Message(ANSWER),
            wire.Message(wire.TextMessage("user", "Hi")),
            wire.CancelLastUserMessage(),
            wire.SkipAnswer(),
            wire.EndCall(),
            wire.ToolCall("t"),
            wire.PartialAssistantMessage("Hel"),
            wire.Classification("a", "b", 1),
            wire.Unknown("x"),
            wire.Malformed("Message", "why"),
        ]
    ),
)


def broken(code: MicdropErrorCode) -> MicdropError:
    return MicdropError(code, "It broke.", "Mend it.")


failures = st.sampled_from(MicdropErrorCode).map(broken)
late = st.sampled_from([0, 0, 0, 1])
rarely = st.sampled_from([False, False, False, True])


def in_call(machine: AnyCall) -> bool:
    return machine.world.call.in_call


def mic_opening(machine: AnyCall) -> bool:
    return machine.world.call.mic is MicPhase.OPENING


def connecting(machine: AnyCall) -> bool:
    return machine.world.call.phase is Phase.CONNECTING


def connected(machine: AnyCall) -> bool:
    return machine.world.call.phase in (Phase.GREETING, Phase.LIVE, Phase.ENDING)


class AnyCall(RuleBasedStateMachine):
    """Commands at any time; reports of what is open, and late ones of what is not; timers as they run out."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(
        begins=st.sampled_from(["idle", "microphone first", "connecting", "greeting", "live", "live", "again"]),
        has_params=st.booleans(),
        disable_interruption=st.booleans(),
        max_attempts=st.sampled_from([None, 0, 1, 2]),
        detects_turns=st.booleans(),
    )
    def begin(
        self, begins: str, has_params: bool, disable_interruption: bool, max_attempts: int | None, detects_turns: bool
    ) -> None:
        """Begin where most things happen, not only where everything begins."""
        world = self.world
        world.now_ms = 1000
        if begins == "microphone first":
            world.apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(world.call.mic_request))
        elif begins != "idle":
            options = Settings(True, has_params, disable_interruption, Reconnect(max_attempts), detects_turns)
            world.apply(inputs.Start(options)).apply(inputs.MicrophoneOpened(world.call.mic_request))
        if begins in ("greeting", "live", "again"):
            world.apply(inputs.ConnectionOpened(world.call.connection))
        if begins in ("live", "again"):
            world.receive(wire.Message(ANSWER))
        if begins == "again":
            world.apply(inputs.ConnectionClosed(world.call.connection, 1006))

    def step(self, event: inputs.Input) -> None:
        self.world.apply(event)

    @rule(
        has_url=st.sampled_from([True, True, True, False]),
        has_params=st.booleans(),
        disable_interruption=st.booleans(),
        max_attempts=st.sampled_from([None, 0, 1, 2]),
        detects_turns=st.booleans(),
    )
    def start(
        self, has_url: bool, has_params: bool, disable_interruption: bool, max_attempts: int | None, detects_turns: bool
    ) -> None:
        self.step(
            inputs.Start(Settings(has_url, has_params, disable_interruption, Reconnect(max_attempts), detects_turns))
        )

    @rule(sure=rarely)
    def start_fails(self, sure: bool) -> None:
        if sure:
            self.step(inputs.StartFailed(broken(MicdropErrorCode.Unknown)))

    @rule(
        command=st.sampled_from(
            [
                inputs.StartMic(),
                inputs.StartMic("usb"),
                inputs.Pause(),
                inputs.Resume(),
                inputs.Mute(),
                inputs.Unmute(),
                inputs.ClearConversation(),
                inputs.MicrophoneSilent(is_silent=True),
                inputs.MicrophoneSilent(is_silent=False),
                inputs.TurnDetectionChanged(detects_turns=True, turn_max_wait_ms=2000),
                inputs.TurnDetectionChanged(detects_turns=False, turn_max_wait_ms=4000),
            ]
        )
    )
    def request(self, command: inputs.Input) -> None:
        self.step(command)

    @precondition(in_call)
    @rule(graceful=st.sampled_from([True, True, False]), sure=rarely)
    def stop(self, graceful: bool, sure: bool) -> None:
        if not sure:
            return
        self.step(inputs.Stop(graceful))
        assert graceful or self.world.call.phase is Phase.IDLE
        assert graceful or self.world.microphone is None

    @rule(ms=st.sampled_from([1, 50, 500]))
    def wait(self, ms: int) -> None:
        self.world.now_ms += ms

    # The microphone

    @precondition(mic_opening)
    @rule(echo_cancellation=st.booleans(), age=late)
    def microphone_opens(self, echo_cancellation: bool, age: int) -> None:
        self.step(inputs.MicrophoneOpened(self.world.call.mic_request - age, "m", echo_cancellation))

    @precondition(mic_opening)
    @rule(age=late, sure=rarely)
    def microphone_fails(self, age: int, sure: bool) -> None:
        if sure:
            self.step(inputs.MicrophoneFailed(self.world.call.mic_request - age, broken(MicdropErrorCode.Mic)))

    @precondition(lambda self: self.world.state.isMicStarted)
    @rule(error=st.none() | failures, age=late, unplugged=st.booleans())
    def microphone_ends(self, error: MicdropError | None, age: int, unplugged: bool) -> None:
        unplugged = unplugged and error is not None
        self.step(inputs.MicrophoneEnded(self.world.call.mic_request - age, error, unplugged))

    @rule(labels=st.sets(st.sampled_from(["m", "usb", "built-in"])))
    def devices_are_listed(self, labels: set[str]) -> None:
        devices = tuple(Device(label, label) for label in sorted(labels))
        self.step(inputs.DevicesListed(devices, devices))

    @precondition(lambda self: self.world.state.isMicStarted)
    @rule(samples=st.integers(1, 600))
    def speech_begins(self, samples: int) -> None:
        # The VAD never confirms twice, but an event may be on its way when the microphone becomes ignored.
        if not self.world.state.isUserSpeaking:
            self.step(SpeechConfirmed(9000, 0, LOUD[:samples]))

    @precondition(lambda self: self.world.state.isMicStarted)
    @rule()
    def speech_goes_on(self) -> None:
        self.step(SpeechContinued(LOUD[:512]))

    @precondition(lambda self: self.world.state.isMicStarted)
    @rule()
    def speech_ends(self) -> None:
        self.step(SpeechEnded(9000))

    @precondition(lambda self: self.world.call.question)
    @rule(complete=st.booleans(), age=late)
    def turn_is_predicted(self, complete: bool, age: int) -> None:
        self.step(inputs.TurnPredicted(self.world.call.question - age, complete))

    # The connection

    @precondition(connecting)
    @rule(age=late)
    def socket_opens(self, age: int) -> None:
        self.step(inputs.ConnectionOpened(self.world.call.connection - age))

    @precondition(connecting)
    @rule(error=failures, age=late)
    def socket_fails(self, error: MicdropError, age: int) -> None:
        self.step(inputs.ConnectionFailed(self.world.call.connection - age, error))

    @precondition(connected)
    @rule(close_code=st.sampled_from(CLOSE_CODES), age=late, sure=rarely)
    def socket_closes(self, close_code: int, age: int, sure: bool) -> None:
        if sure:
            self.step(inputs.ConnectionClosed(self.world.call.connection - age, close_code))

    @precondition(connected)
    @rule(frame=frames, age=st.sampled_from([0, 0, 0, 1]))
    def server_speaks(self, frame: wire.ServerFrame, age: int) -> None:
        if self.world.socket is not None:  # a server that has closed says nothing more
            self.step(inputs.Received(self.world.call.connection - age, frame))

    @precondition(in_call)
    @rule(round_trip_ms=st.sampled_from([1, 40]), age=late)
    def ping_returns(self, round_trip_ms: float, age: int) -> None:
        self.step(inputs.RoundTripMeasured(self.world.call.connection - age, round_trip_ms))

    # Player and timers

    @precondition(in_call)
    @rule(share=st.sampled_from([0.0, 0.5, 1.0, 1.0, 1.5]), age=late)
    def player_reports(self, share: float, age: int) -> None:
        self.step(inputs.PlaybackProgress(self.world.epoch - age, round(self.world.given * share)))

    @precondition(lambda self: self.world.timers)
    @rule(choice=st.integers(0, 4))
    def timer_runs_out(self, choice: int) -> None:
        running = sorted(self.world.timers, key=lambda timer: timer.value)
        self.world.fire(running[choice % len(running)])

    # What follows by itself

    @invariant()
    def an_end_comes_by_itself(self) -> None:
        """See that a graceful stop ends when the player plays and timers run out, whatever the server does."""
        if self.world.call.phase is not Phase.ENDING:
            return
        world = World(call=self.world.call, now_ms=self.world.now_ms)
        world.epoch, world.given, world.timers = self.world.epoch, self.world.given, set(self.world.timers)
        world.socket, world.server_ready = self.world.socket, True
        for _ in range(10):
            if world.given:
                world.heard(world.given)
            for timer in sorted(world.timers, key=lambda timer: timer.value):
                if timer in world.timers:
                    world.fire(timer)
            if world.call.phase is Phase.IDLE:
                return
        raise AssertionError("the call never ends")

    def teardown(self) -> None:
        self.world.apply(inputs.Stop())
        assert self.world.call.phase is Phase.IDLE
        assert (self.world.microphone, self.world.socket, self.world.timers) == (None, None, set())


TestAnyCall = AnyCall.TestCase
TestAnyCall.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)


def test_the_timers_of_the_world_are_those_of_the_machine() -> None:
    assert {timer.value for timer in Timer} == {
        *("microphone", "connection", "ready", "retry", "answer", "playback"),
        *("answer gap", "echo tail", "goodbye", "endpointing"),
    }
