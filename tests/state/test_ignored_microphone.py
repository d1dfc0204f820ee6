"""Mute, pause and disabled interruption, alone and together, in every order, at every moment of a call."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import ResetDetection, Timer
from tests.state.spoken import ENDED, answered, audio, confirmed, continued, listening
from tests.state.world import World

MUTE, UNMUTE, PAUSE, RESUME = inputs.Mute(), inputs.Unmute(), inputs.Pause(), inputs.Resume()


def test_mute_closes_the_utterance_and_answers_go_on_playing() -> None:
    world = listening().apply(confirmed()).apply(MUTE)
    assert world.asked() == ["send StopSpeaking", "reset detection"]
    assert world.state.isProcessing
    assert not world.state.isUserSpeaking
    world.receive(audio(1600)).heard(1)
    assert world.state.isAssistantSpeaking
    assert world.commands() == ["params", "StartSpeaking", "1000", "StopSpeaking"]


def test_pause_closes_the_utterance_then_sends_mute_and_is_silent() -> None:
    world = listening().apply(confirmed()).apply(PAUSE)
    assert world.commands() == ["params", "StartSpeaking", "1000", "StopSpeaking", "Mute"]
    assert not world.state.isProcessing
    world = answered().apply(PAUSE)
    assert world.commands() == ["params", "Mute"]
    assert "flush to epoch 1" in world.asked()
    assert not world.state.isAssistantSpeaking


def test_during_a_pause_audio_is_dropped_and_messages_are_kept() -> None:
    item = wire.TextMessage("assistant", "Hello")
    world = listening().apply(PAUSE).receive(audio()).receive(wire.Message(item))
    assert world.given == 0
    assert world.state.conversation == (item,)
    assert world.events == [("Message", (item,))]
    sent = list(world.sent)
    world.apply(RESUME).receive(audio(10))
    assert world.sent == sent
    assert world.given == 10
    assert world.state.isMicMuted is False


def test_a_second_pause_sends_nothing() -> None:
    world = listening().apply(PAUSE).apply(PAUSE)
    assert world.commands() == ["params", "Mute"]


def test_speech_that_was_on_its_way_when_the_microphone_became_ignored_goes_nowhere() -> None:
    for switch in (MUTE, PAUSE):
        world = listening().apply(switch)
        sent = list(world.sent)
        world.apply(confirmed()).apply(continued()).apply(ENDED)
        assert world.sent == sent
        assert not world.state.isUserSpeaking
        assert not world.state.isProcessing


@pytest.mark.parametrize("undo", [UNMUTE, RESUME])
def test_speech_begun_before_is_not_continued_after(undo: inputs.Input) -> None:
    world = listening().apply(confirmed()).apply(MUTE if undo == UNMUTE else PAUSE)
    assert ResetDetection() in world.effects
    world.apply(undo).apply(continued()).apply(ENDED)
    assert [sent for sent in world.commands() if sent != "Mute"] == ["params", "StartSpeaking", "1000", "StopSpeaking"]


def assert_ignored(world: World, muted: bool, paused: bool, echo: bool) -> None:
    assert world.state.isMicMuted is (muted or paused or echo)
    assert world.state.isListening is (world.state.isMicStarted and not (muted or paused or echo))


STEPS = ("mute", "unmute", "pause", "resume", "answer", "end of answer", "end of echo", "answer over")


@pytest.mark.parametrize(("switch", "length"), [("option", 4), ("no echo cancellation", 3)])
def test_the_microphone_is_ignored_while_anything_requires_it_in_every_order(switch: str, length: int) -> None:
    for order in permutations(STEPS, length):
        world = World(now_ms=1000)
        if switch == "option":
            world.start(disable_interruption=True).ready()
        else:
            world.apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(1, echo_cancellation=False)).start().ready()
        world.receive(audio(100)).heard(1)
        muted, paused, heard, tail = False, False, True, False
        for step in order:
            match step:
                case "mute" | "unmute":
                    muted = step == "mute"
                    world.apply(MUTE if muted else UNMUTE)
                case "pause":
                    paused, heard, tail = True, False, False
                    world.apply(PAUSE)
                case "resume":
                    paused = False
                    world.apply(RESUME)
                case "answer":
                    heard = heard or not paused
                    world.receive(audio(100)).heard(1)
                case "end of answer":
                    tail = tail or heard
                    world.heard(world.given)
                case "answer over" if Timer.ANSWER_GAP in world.timers:
                    heard = False
                    world.fire(Timer.ANSWER_GAP)
                case "end of echo" if Timer.ECHO_TAIL in world.timers:
                    tail = False
                    world.fire(Timer.ECHO_TAIL)
            assert_ignored(world, muted, paused, heard or tail)


def test_the_echo_tail_is_300_ms_after_the_last_sample_and_longer_than_the_wait_for_more() -> None:
    world = answered(disable_interruption=True)
    assert world.state.isMicMuted
    world.heard(1600)
    assert world.asked() == ["set answer gap 200 ms", "set echo tail 300 ms"]
    world.fire(Timer.ANSWER_GAP)
    assert not world.state.isAssistantSpeaking
    assert world.state.isMicMuted
    world.fire(Timer.ECHO_TAIL)
    assert world.state.isListening


def test_an_answer_that_goes_on_after_a_gap_begins_its_echo_tail_again() -> None:
    world = answered(disable_interruption=True).heard(1600).receive(audio(100)).fire(Timer.ECHO_TAIL)
    assert world.state.isMicMuted  # more is to be heard
    world.heard(1700)
    assert world.timers == {Timer.ANSWER_GAP, Timer.ECHO_TAIL}


def test_with_interruption_allowed_the_microphone_stays_open() -> None:
    world = answered().heard(1600)
    assert not world.state.isMicMuted
    assert world.timers == {Timer.ANSWER_GAP}


def test_without_echo_cancellation_the_answer_is_not_interrupted() -> None:
    world = World().apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(1, echo_cancellation=False)).start().ready()
    world.receive(audio()).heard(1)
    assert world.state.isMicMuted
    world.apply(confirmed())
    assert world.commands() == ["params"]
    assert world.state.isAssistantSpeaking


def test_a_microphone_that_changes_during_the_answer_brings_its_own_switch() -> None:
    world = answered().apply(inputs.MicrophoneEnded(1)).apply(inputs.StartMic())
    assert not world.state.isMicMuted
    world.apply(inputs.MicrophoneOpened(world.call.mic_request, echo_cancellation=False))
    assert world.state.isMicMuted


@pytest.mark.parametrize("closing", [MUTE, PAUSE, inputs.Stop(), inputs.Stop(graceful=True)])
@pytest.mark.parametrize("moment", ["heard", "tail", "tail after the answer"])
def test_no_delayed_opening_of_the_microphone_survives_mute_pause_or_stop(closing: inputs.Input, moment: str) -> None:
    world = answered(disable_interruption=True)
    if moment != "heard":
        world.heard(1600)
    if moment == "tail after the answer":
        world.fire(Timer.ANSWER_GAP)
    world.apply(closing)
    for timer in (Timer.ANSWER_GAP, Timer.ECHO_TAIL):
        if timer in world.timers:
            world.fire(timer)
    assert not world.call.listens
    sent = list(world.sent)
    assert world.apply(confirmed()).sent == sent


TOGGLES: tuple[inputs.Input, ...] = (MUTE, UNMUTE, PAUSE, RESUME)


@pytest.mark.parametrize("moment", ["waiting for the microphone", "connecting", "waiting for the server", "retrying"])
def test_requests_before_the_server_is_ready_hold_when_it_is(moment: str) -> None:
    for toggles in product(TOGGLES, repeat=3):
        world = World(now_ms=0)
        begin = listening().call.settings
        until_ready: list[inputs.Input] = [inputs.MicrophoneOpened(1), inputs.ConnectionOpened(1)]
        if moment == "retrying":
            world.start().ready().apply(inputs.ConnectionClosed(1, 1006))
            until_ready = [inputs.TimerFired(Timer.RETRY), inputs.ConnectionOpened(2)]
        else:
            world.apply(inputs.Start(begin))
            done = ("waiting for the microphone", "connecting", "waiting for the server").index(moment)
            for event in until_ready[:done]:
                world.apply(event)
            until_ready = until_ready[done:]
        muted = paused = False
        for toggle in toggles:
            world.apply(toggle)
            muted = toggle == MUTE or (muted and toggle != UNMUTE)
            paused = toggle == PAUSE or (paused and toggle != RESUME)
        for event in until_ready:
            world.apply(event)
        world.ready()
        assert (world.state.isMuted, world.state.isPaused) == (muted, paused)
        assert_ignored(world, muted, paused, echo=False)
        assert "StartSpeaking" not in world.commands()
        # A pause that is over before the server is ready is none of its business.
        assert world.commands().count("Mute") == int(paused and moment != "retrying")


@pytest.mark.parametrize("toggle", [MUTE, PAUSE])
def test_in_the_middle_of_speech_while_connecting_the_utterance_is_kept_complete(toggle: inputs.Input) -> None:
    world = World().start().apply(confirmed()).apply(toggle).apply(continued()).apply(ENDED).ready()
    expected = ["params", "StartSpeaking", "1000", "StopSpeaking", *(["Mute"] if toggle == PAUSE else [])]
    assert world.commands() == expected
    assert world.state.isProcessing is (toggle == MUTE)


def test_a_pause_and_a_resume_before_ready_leave_the_greeting_alone() -> None:
    world = World().start().apply(PAUSE).apply(RESUME).ready()
    assert world.commands() == ["params"]
    world.receive(audio())
    assert world.given == 1600


def test_while_the_connection_is_down_no_audio_is_processed_whatever_the_user_requests() -> None:
    world = listening().apply(confirmed()).apply(inputs.ConnectionClosed(1, 1006))
    for toggle in (UNMUTE, RESUME):
        world.apply(toggle)
        assert world.state.isMicMuted
        assert not world.call.listens
    assert not world.state.isUserSpeaking
    world.apply(confirmed()).apply(continued())
    assert world.call.outbox == ()
