"""The end of a turn: the detector is asked, the turn is over or goes on, and the utterance stays one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micdrop_widget.speech import SpeechConfirmed
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import AddTurnAudio, BeginTurn, PredictTurn, Timer
from tests.state.spoken import ENDED, audio, confirmed, continued, ramp
from tests.state.wording import WATCHDOGS
from tests.state.world import World


def listening() -> World:
    return World(now_ms=1000).start(detects_turns=True).ready()


def speaking() -> World:
    return listening().apply(confirmed(1000)).apply(continued(1000, 512))


def endpointing() -> World:
    """Return a call in a pause: 1512 samples were spoken, and the detector is asked."""
    world = speaking().apply(ENDED)
    assert PredictTurn(1) in world.effects
    assert not world.state.isUserSpeaking
    assert not world.state.isProcessing
    return world


def goes_on(start: int) -> SpeechConfirmed:
    return SpeechConfirmed(start + 512, start, ramp(start, 512))


def test_a_complete_turn_is_over_at_once() -> None:
    world = endpointing().apply(inputs.TurnPredicted(1, complete=True))
    assert world.commands() == ["params", "StartSpeaking", "1512", "StopSpeaking"]
    assert world.state.isProcessing
    assert world.timers - WATCHDOGS == set()


def test_an_incomplete_turn_waits_for_more_and_then_is_over() -> None:
    world = endpointing().apply(inputs.TurnPredicted(1, complete=False))
    assert world.asked() == ["set endpointing 4000 ms"]
    assert world.state.isListening
    world.fire(Timer.ENDPOINTING)
    assert world.commands() == ["params", "StartSpeaking", "1512", "StopSpeaking"]
    assert world.state.isProcessing


def test_no_answer_within_a_second_is_an_answer() -> None:
    world = speaking().apply(ENDED)
    assert world.asked() == ["predict turn 1", "set endpointing 1000 ms"]
    world.fire(Timer.ENDPOINTING).apply(inputs.TurnPredicted(1, complete=False))
    assert world.commands()[-1] == "StopSpeaking"
    assert world.timers - WATCHDOGS == set()


def test_a_turn_with_a_pause_is_one_utterance_with_every_sample_of_it() -> None:
    world = endpointing().apply(continued(1512, 512))
    world.apply(inputs.TurnPredicted(1, complete=False)).apply(continued(2024, 512)).apply(goes_on(2536))
    assert world.state.isUserSpeaking
    assert world.timers - WATCHDOGS == set()
    world.apply(continued(3048, 512)).apply(ENDED).apply(inputs.TurnPredicted(2, complete=True))
    assert world.commands() == ["params", "StartSpeaking", "3560", "StopSpeaking"]
    sent = [sent for sent in world.sent if isinstance(sent, np.ndarray)]
    assert np.array_equal(np.concatenate(sent), ramp(0, 3560))


def test_an_answer_that_comes_after_the_user_went_on_is_late() -> None:
    world = endpointing().apply(goes_on(1512)).apply(inputs.TurnPredicted(1, complete=True))
    assert world.state.isUserSpeaking
    world.apply(ENDED).apply(inputs.TurnPredicted(1, complete=True))
    assert world.commands()[-1] == "2024", "the answer to the first question does not answer the second"
    world.apply(inputs.TurnPredicted(2, complete=True))
    assert world.commands()[-1] == "StopSpeaking"


def test_the_detector_processes_what_is_sent_from_the_pre_roll_on_and_begins_anew_with_each_turn() -> None:
    world, heard = listening(), list[object]()
    turn: list[inputs.Input] = [
        confirmed(1000),
        continued(1000),
        ENDED,
        continued(1512),
        goes_on(2024),
        ENDED,
        inputs.TurnPredicted(2, True),
    ]
    for event in (*turn, continued(9000), confirmed(700)):
        world.apply(event)
        heard += [effect for effect in world.effects if isinstance(effect, BeginTurn | AddTurnAudio)]
    told = [len(effect.pcm) if isinstance(effect, AddTurnAudio) else "open" for effect in heard]
    assert told == ["open", 1000, 512, 512, 512, "open", 700]


@pytest.mark.parametrize(
    ("command", "sent"),
    [(inputs.Mute(), ["StopSpeaking"]), (inputs.Pause(), ["StopSpeaking", "Mute"]), (inputs.Stop(), ["StopSpeaking"])],
)
@pytest.mark.parametrize("begins", [speaking, endpointing])
def test_mute_pause_and_stop_close_the_turn_without_asking(
    begins: Callable[[], World], command: inputs.Input, sent: list[str]
) -> None:
    world = begins()
    before = world.commands()
    world.apply(command)
    assert not any(isinstance(effect, PredictTurn) for effect in world.effects)
    assert world.commands()[len(before) :] == sent
    assert world.timers - WATCHDOGS == set()
    world.apply(inputs.TurnPredicted(1, complete=True))
    assert world.commands()[len(before) :] == sent


def test_a_microphone_that_ends_in_a_pause_closes_the_turn() -> None:
    world = endpointing()
    world.apply(inputs.MicrophoneEnded(world.call.mic_request))
    assert world.commands()[-1] == "StopSpeaking"
    assert world.timers - WATCHDOGS == set()


def test_a_lost_connection_takes_the_turn_with_it() -> None:
    world = endpointing()
    world.apply(inputs.ConnectionClosed(world.call.connection, 1006))
    assert world.timers - WATCHDOGS == {Timer.RETRY}
    assert not world.call.endpointing
    world.apply(inputs.TurnPredicted(1, complete=True))
    assert not world.state.isProcessing


def test_the_assistant_does_not_speak_into_a_pause() -> None:
    world = endpointing().receive(audio())
    assert world.effects == ()


def test_without_a_call_there_is_no_turn() -> None:
    world = World(now_ms=0).apply(inputs.StartMic())
    world.apply(inputs.MicrophoneOpened(world.call.mic_request)).apply(confirmed()).apply(ENDED)
    assert world.asked() == []
    assert not world.state.isUserSpeaking


def test_a_turn_that_is_over_before_the_server_is_ready_is_sent_when_it_is() -> None:
    world = World(now_ms=0).start(detects_turns=True).apply(confirmed(1000)).apply(ENDED)
    world.apply(inputs.TurnPredicted(1, complete=True))
    assert world.commands() == ["params"]
    world.ready()
    assert world.commands() == ["params", "StartSpeaking", "1000", "StopSpeaking"]
    assert world.state.isProcessing


def test_another_turn_detection_in_a_pause_ends_the_turn_and_the_next_one_is_its_own() -> None:
    world = endpointing().apply(inputs.TurnDetectionChanged(detects_turns=True, turn_max_wait_ms=900))
    assert world.commands() == ["params", "StartSpeaking", "1512", "StopSpeaking"]
    assert world.state.isProcessing
    world.apply(inputs.TurnPredicted(1, complete=False))  # of the former detector
    assert world.timers - WATCHDOGS == set()
    world.apply(confirmed(1000)).apply(ENDED).apply(inputs.TurnPredicted(2, complete=False))
    assert world.asked() == ["set endpointing 900 ms"]


def test_without_a_turn_detector_from_here_on_the_speech_ends_the_turn() -> None:
    world = listening().apply(inputs.TurnDetectionChanged(detects_turns=False, turn_max_wait_ms=4000))
    world.apply(confirmed(1000)).apply(ENDED)
    assert world.commands() == ["params", "StartSpeaking", "1000", "StopSpeaking"]


def test_another_turn_detection_in_the_middle_of_speech_ends_the_turn_and_the_rest_is_the_next_one() -> None:
    world = speaking().apply(inputs.TurnDetectionChanged(detects_turns=True, turn_max_wait_ms=900))
    assert world.asked() == ["reset detection", "send StopSpeaking", "use the turn detector"]
    assert not world.state.isUserSpeaking
    world.apply(confirmed(1000))
    assert world.commands()[-2:] == ["StartSpeaking", "1000"]
