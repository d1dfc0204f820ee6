"""Turns, as they are told from the steps of the call machine. A clock of milliseconds is passed in."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.errors import error_for_close
from micdrop_widget.history.turns import Turn
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from tests.state.world import World

QUESTION = SpeechConfirmed(position=8192, start=512, pcm=np.ones(7680, np.int16))
SECOND = wire.Audio(bytes(32_000))


def live() -> World:
    """Return a call that became ready at 1000 ms; its clock stands there."""
    return World(now_ms=0).start().ready(at_ms=1000)


def turns(world: World) -> list[Turn]:
    return list(world.timeline.turns)


def test_a_turn_has_every_time_since_start() -> None:
    world = World(now_ms=50_000).start().ready(at_ms=50_100)
    world.at(51_000, QUESTION)
    world.at(51_032, SpeechContinued(np.ones(512, np.int16)))
    world.at(52_000, SpeechEnded(24_576))
    world.receive_at(52_300, wire.Message(wire.TextMessage("user", "Hello?")))
    world.receive_at(52_400, SECOND)
    world.receive_at(52_450, SECOND)
    world.heard_at(52_500, 160)
    world.heard_at(54_400, 32_000)
    world.fire_at(54_600, Timer.ANSWER_GAP)
    turn = Turn(
        start_sample=512,
        confirmed_sample=8192,
        confirmed_ms=1000,
        end_sample=24_576,
        stopped_ms=2000,
        user_message_ms=2300,
        first_audio_ms=2400,
        heard_ms=2500,
        answer_end_ms=4400,
    )
    assert turns(world) == [turn]
    assert turn.utterance_ms == (24_576 - 512) / 16
    assert turn.answer_latency_ms == 500


def test_what_has_not_happened_yet_is_none() -> None:
    world = live()
    assert turns(world) == []
    world.at(2000, QUESTION)
    (turn,) = turns(world)
    assert turn == Turn(512, 8192, 2000)
    assert turn.utterance_ms is None
    assert turn.answer_latency_ms is None


def test_a_greeting_is_the_answer_to_nothing() -> None:
    world = live()
    world.receive_at(1100, SECOND)
    world.heard_at(1200, 16_000)
    world.fire_at(1400, Timer.ANSWER_GAP)
    world.at(2000, QUESTION)
    assert turns(world) == [Turn(512, 8192, 2000)]


def test_an_interruption_ends_the_answer_of_the_turn_before() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(3000, SpeechEnded(24_576))
    world.receive_at(3100, SECOND)
    world.heard_at(3200, 1600)
    world.at(3700, SpeechConfirmed(40_000, 30_000, np.ones(10_000, np.int16)))
    first, second = turns(world)
    assert (first.answer_end_ms, first.interrupted) == (3700, True)
    assert second == Turn(30_000, 40_000, 3700)


def test_an_answer_in_pieces_ends_with_its_last_piece() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(3000, SpeechEnded(24_576))
    world.receive_at(3100, SECOND)
    world.heard_at(4100, 16_000)
    world.fire_at(4300, Timer.ANSWER_GAP)
    world.receive_at(5000, SECOND)
    world.heard_at(6000, 16_000)
    world.fire_at(6200, Timer.ANSWER_GAP)
    (turn,) = turns(world)
    assert (turn.first_audio_ms, turn.heard_ms, turn.answer_end_ms, turn.interrupted) == (3100, 4100, 6000, False)


@pytest.mark.parametrize("command", [inputs.Mute(), inputs.Pause(), inputs.Stop()])
def test_a_turn_closed_by_the_user_has_its_time_but_no_end_sample(command: inputs.Input) -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(2500, command)
    world.at(2600, SpeechEnded(24_576))
    (turn,) = turns(world)
    assert (turn.stopped_ms, turn.end_sample, turn.utterance_ms) == (2500, None, None)


def test_a_turn_dies_with_its_connection() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(2500, inputs.ConnectionClosed(world.call.connection, 1006))
    assert turns(world)[0].stopped_ms == 2500


def test_speech_that_goes_nowhere_is_no_turn() -> None:
    world = World(now_ms=0)
    world.apply(inputs.StartMic())
    world.apply(inputs.MicrophoneOpened(world.call.mic_request))
    world.at(100, QUESTION)
    assert world.state.isUserSpeaking
    world.at(200, SpeechEnded(24_576))
    world.start().ready(at_ms=1000)
    world.apply(inputs.Mute())
    world.at(1100, QUESTION)
    assert turns(world) == []


def test_speech_while_connecting_is_a_turn() -> None:
    world = World(now_ms=0).start()
    world.at(300, QUESTION)
    assert turns(world) == [Turn(512, 8192, 300)]


def test_turns_survive_the_end_of_the_call_and_the_next_start_begins_anew() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(2500, inputs.ConnectionClosed(world.call.connection, 4401))
    assert world.state.error is not None
    assert str(world.state.error) == str(error_for_close(4401))
    assert len(turns(world)) == 1
    world.apply(inputs.StartMic())
    world.apply(inputs.MicrophoneOpened(world.call.mic_request))
    world.at(3000, QUESTION)
    assert len(turns(world)) == 1
    world.apply(inputs.Start(Settings(has_url=True)))
    assert turns(world) == []


def endpointing() -> World:
    """Return a call with a turn detector, asked at 3000 ms; the user was heard for 24 576 samples."""
    world = World(now_ms=0).start(detects_turns=True).ready(at_ms=1000)
    world.at(2000, QUESTION)
    world.at(3000, SpeechEnded(24_576))
    world.at(3032, SpeechContinued(np.ones(512, np.int16)))
    assert turns(world) == [Turn(512, 8192, 2000, end_sample=25_088)]
    return world


def test_a_turn_ends_when_the_detector_says_so_and_with_all_that_was_sent() -> None:
    world = endpointing().at(3050, inputs.TurnPredicted(1, complete=True))
    world.at(3064, SpeechContinued(np.ones(512, np.int16)))
    assert turns(world) == [Turn(512, 8192, 2000, end_sample=25_088, stopped_ms=3050)]


def test_a_turn_with_a_pause_is_one_turn() -> None:
    world = endpointing().at(3050, inputs.TurnPredicted(1, complete=False))
    world.at(3500, SpeechConfirmed(32_768, 32_256, np.ones(512, np.int16)))
    assert turns(world) == [Turn(512, 8192, 2000)]
    world.at(4000, SpeechEnded(40_960))
    world.at(4050, inputs.TurnPredicted(2, complete=False))
    world.fire_at(8050, Timer.ENDPOINTING)
    assert turns(world) == [Turn(512, 8192, 2000, end_sample=40_960, stopped_ms=8050)]


@pytest.mark.parametrize("command", [inputs.Mute(), inputs.Pause(), inputs.Stop()])
def test_a_pause_that_the_user_closes_ends_the_turn(command: inputs.Input) -> None:
    assert turns(endpointing().at(3100, command)) == [Turn(512, 8192, 2000, end_sample=25_088, stopped_ms=3100)]


def test_the_stages_of_an_answer_as_the_server_measured_them_stand_in_its_turn() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.receive_at(2100, wire.Message(wire.TextMessage("assistant", "Hi.", {"stage_times_ms": {"end": 1.0}})))
    world.at(3000, SpeechEnded(24_576))
    world.receive_at(3100, wire.Message(wire.TextMessage("user", "Hello?", {"stage_times_ms": {"stt": 20.0}})))
    assert turns(world)[0].stage_times_ms == {"stt": 20.0}
    times = {"stt": 20.0, "first_text": 30.5}
    world.receive_at(3200, wire.Message(wire.TextMessage("assistant", "Well", {"stage_times_ms": times})))
    for other in (None, {}, {"stage_times_ms": None}, {"stage_times_ms": {"stt": "soon"}}):
        world.receive_at(3300, wire.Message(wire.TextMessage("assistant", "Well", other)))
    assert turns(world)[0].stage_times_ms == times


def test_the_stages_of_an_interrupted_answer_belong_to_the_turn_that_asked_for_it() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(3000, SpeechEnded(24_576))
    world.receive_at(3200, SECOND)
    world.heard_at(3300, 160)
    world.at(3500, SpeechConfirmed(position=40_000, start=32_000, pcm=np.ones(512, np.int16)))
    world.receive_at(3600, wire.Message(wire.TextMessage("assistant", "W", {"stage_times_ms": {"first_text": 9}})))
    assert [turn.stage_times_ms for turn in turns(world)] == [{"first_text": 9}, None]
