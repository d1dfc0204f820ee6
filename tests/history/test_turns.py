"""Turns, as they follow from the steps of the call machine. A clock of milliseconds is passed in."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.errors import error_for_close
from micdrop_widget.history.turns import ToolUse, Turn, Turns, Verdict
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from tests.state.world import World


def noise(milliseconds: float, amplitude: int = 8000) -> Pcm:
    """Return sound: white noise."""
    pcm: Pcm = np.random.default_rng(5).integers(-amplitude, amplitude, round(milliseconds * 16)).astype(np.int16)
    return pcm


def silence(milliseconds: float) -> Pcm:
    return np.zeros(round(milliseconds * 16), np.int16)


# 480 ms that end at position 8192, 512 ms after the microphone was opened: sound in the last 210 ms.
QUESTION = SpeechConfirmed(position=8192, start=512, pcm=np.concatenate((silence(270), noise(210))))
SECOND = wire.Audio(pcm_to_bytes(noise(1000)))


def live() -> World:
    """Return a call that became ready at 1000 ms; its clock stands there."""
    return World(now_ms=0).start().ready(at_ms=1000)


def asked() -> World:
    """Return a call whose user has asked something, voiced from 1790 to 2490 ms; StopSpeaking was sent at 3000 ms."""
    world = live()
    world.at(2000, QUESTION)
    world.at(3000, SpeechContinued(np.concatenate((noise(490), silence(510)))))
    world.at(3000, SpeechEnded(24_192))
    return world


def turns(world: World) -> list[Turn]:
    return list(world.timeline.turns)


def anchors(turn: Turn) -> dict[str, Any]:
    """Return the times of a turn that are known."""
    names = [field.name for field in fields(Turn) if field.name.endswith("_ms") and field.name != "stage_times_ms"]
    return {name: value for name in names if (value := getattr(turn, name)) is not None}


def test_a_turn_has_every_time_since_start() -> None:
    world = World(now_ms=50_000).start().ready(at_ms=50_100)
    world.at(51_000, QUESTION)
    world.at(52_000, SpeechContinued(np.concatenate((noise(490), silence(510)))))
    world.at(52_000, SpeechEnded(24_192))
    world.receive_at(52_300, wire.Message(wire.TextMessage("user", "Hello?")))
    world.receive_at(52_400, wire.Audio(pcm_to_bytes(np.concatenate((silence(200), noise(800))))))
    world.receive_at(52_450, SECOND)
    world.heard_at(52_510, 160)
    world.receive_at(53_000, wire.Message(wire.TextMessage("assistant", "Hello!")))
    world.heard_at(54_500, 32_000)
    world.fire_at(54_700, Timer.ANSWER_GAP)
    (turn,) = turns(world)
    assert anchors(turn) == {
        "speech_start_ms": 790,
        "confirmed_ms": 1000,
        "speech_end_ms": 1490,
        "stopped_ms": 2000,
        "user_message_ms": 2300,
        "first_audio_ms": 2400,
        "heard_ms": 2500,
        "voiced_ms": 2700,
        "assistant_message_ms": 3000,
        "answer_end_ms": 4500,
        "answer_heard_ms": 2000,
        "answer_received_ms": 2000,
    }
    assert (turn.kind, turn.user_text, turn.assistant_text, turn.heard_text) == ("user", "Hello?", "Hello!", "Hello!")
    assert (turn.start_sample, turn.confirmed_sample, turn.end_sample) == (512, 8192, 24_192)
    assert turn.utterance_ms == (24_192 - 512) / 16
    assert turn.speech_ms == 700
    assert turn.transcription_ms == 300
    assert turn.answer_latency_ms == 500
    assert turn.reply_latency_ms == 1210
    assert [turn.endpointing_ms, turn.server_ms, turn.playout_ms, turn.lead_in_ms] == [510, 400, 100, 200]


def test_what_has_not_happened_yet_is_none() -> None:
    world = live()
    assert turns(world) == []
    world.at(2000, QUESTION)
    (turn,) = turns(world)
    assert anchors(turn) == {"speech_start_ms": 1790, "confirmed_ms": 2000}
    assert (turn.utterance_ms, turn.answer_latency_ms, turn.reply_latency_ms, turn.heard_text) == (None,) * 4


def test_speech_is_dated_by_its_capture_not_by_its_arrival() -> None:
    prompt, late = live(), live()
    for world, delay_ms in ((prompt, 0), (late, 300)):
        world.at(2000, QUESTION)
        world.at(3000 + delay_ms, SpeechContinued(np.concatenate((noise(490), silence(510)))))
        world.at(3000 + delay_ms, SpeechEnded(24_192))
    assert turns(prompt)[0].speech_end_ms == 2490
    assert turns(late)[0].speech_end_ms == pytest.approx(2490, abs=1)
    assert turns(late)[0].stopped_ms == 3300


def test_a_greeting_is_a_turn_of_its_own_kind_with_the_anchors_of_an_answer() -> None:
    world = live()
    world.receive_at(1050, wire.Message(wire.TextMessage("assistant", "Hello!")))
    world.receive_at(1100, SECOND)
    world.heard_at(1210, 160)
    world.heard_at(2200, 16_000)
    world.fire_at(2400, Timer.ANSWER_GAP)
    world.at(2500, QUESTION)
    greeting, question = turns(world)
    assert anchors(greeting) == {
        "first_audio_ms": 1100,
        "heard_ms": 1200,
        "voiced_ms": 1200,
        "assistant_message_ms": 1050,
        "answer_end_ms": 2200,
        "answer_heard_ms": 1000,
        "answer_received_ms": 1000,
    }
    assert (greeting.kind, greeting.assistant_text, greeting.reply_latency_ms) == ("greeting", "Hello!", None)
    assert (question.kind, question.assistant_text, question.confirmed_ms) == ("user", None, 2500)


def test_a_greeting_without_audio_is_no_turn() -> None:
    world = live().receive_at(1050, wire.Message(wire.TextMessage("assistant", "Hello!")))
    assert turns(world) == []


def test_an_answer_long_after_the_last_one_is_unprompted() -> None:
    world = asked()
    world.receive_at(3100, SECOND)
    world.receive_at(3200, wire.Message(wire.TextMessage("assistant", "One.")))
    world.heard_at(4200, 16_000)
    world.fire_at(4400, Timer.ANSWER_GAP)
    world.receive_at(9000, wire.Message(wire.TextMessage("assistant", "Time is up.")))
    world.receive_at(9100, SECOND)
    world.heard_at(9210, 160)
    first, second = turns(world)
    assert (first.assistant_text, first.answer_end_ms) == ("One.", 4200)
    assert (second.kind, second.assistant_text, second.first_audio_ms) == ("unprompted", "Time is up.", 9100)
    assert (second.stopped_ms, second.server_ms, second.reply_latency_ms) == (None, None, None)


def test_an_answer_that_was_held_back_behind_skip_answer_belongs_to_its_turn() -> None:
    world = asked().receive_at(3100, wire.SkipAnswer())
    world.receive_at(6900, SECOND)
    (turn,) = turns(world)
    assert (turn.kind, turn.skipped, turn.server_ms) == ("user", True, 3900)


def test_an_interruption_ends_the_answer_of_the_turn_before() -> None:
    world = asked()
    world.receive_at(3050, wire.Message(wire.TextMessage("assistant", "one two three four five")))
    world.receive_at(3100, SECOND)
    world.heard_at(3200, 1600)
    world.at(3700, SpeechConfirmed(40_000, 30_000, np.concatenate((silence(125), noise(500)))))
    first, second = turns(world)
    assert (first.answer_end_ms, first.interrupted, first.answer_heard_ms) == (3700, True, 100)
    assert second.start_sample == 30_000
    assert second.speech_start_ms is not None
    assert first.interruption_start_ms == second.speech_start_ms
    assert first.yield_ms == 3700 - second.speech_start_ms
    assert first.heard_text == ""
    assert second.yield_ms is None


def test_what_cut_an_answer_is_dated_anew_when_all_of_it_is_known() -> None:
    """Noise passes for speech until speech follows: then it is none, and the answer was cut before any sound."""
    cases: list[tuple[Pcm, float | None]] = [
        (noise(480), 3220.0),
        (np.concatenate((noise(480, 100), noise(300))), None),
    ]
    for heard, began_ms in cases:
        world = asked()
        world.receive_at(3100, SECOND)
        world.heard_at(3200, 1600)
        first_part, rest = heard[:7680], heard[7680:]
        world.at(3700, SpeechConfirmed(40_000, 32_320, first_part))
        assert turns(world)[0].interruption_start_ms == 3220
        world.at(4000, SpeechContinued(np.concatenate((rest, silence(300)))[:4800]))
        world.at(4000, SpeechEnded(44_800))
        assert turns(world)[0].interruption_start_ms == began_ms
        assert turns(world)[0].yield_ms == (None if began_ms is None else 3700 - began_ms)


def test_the_text_that_was_heard_is_cut_at_a_word() -> None:
    turn = Turn(assistant_text="one two three four", answer_heard_ms=500, answer_received_ms=1000, interrupted=True)
    assert turn.heard_text == "one two"


def test_an_interruption_that_was_no_speech_for_the_server_is_false() -> None:
    for frame in (wire.SkipAnswer(), wire.CancelLastUserMessage()):
        world = asked()
        world.receive_at(3100, SECOND)
        world.heard_at(3200, 1600)
        world.at(3700, SpeechConfirmed(40_000, 32_320, noise(480)))
        assert [turn.false_interruption for turn in turns(world)] == [False, False]
        world.at(4000, SpeechEnded(44_800))
        world.receive_at(4100, frame)
        assert [turn.false_interruption for turn in turns(world)] == [True, False]


def test_an_answer_in_pieces_ends_with_its_last_piece() -> None:
    world = asked()
    world.receive_at(3100, SECOND)
    world.heard_at(4100, 16_000)
    world.fire_at(4300, Timer.ANSWER_GAP)
    world.receive_at(5000, SECOND)
    world.heard_at(6000, 16_000)
    world.fire_at(6200, Timer.ANSWER_GAP)
    (turn,) = turns(world)
    assert (turn.first_audio_ms, turn.heard_ms, turn.answer_end_ms, turn.interrupted) == (3100, 3100, 6000, False)
    assert turn.answer_heard_ms == 2000


def test_a_pause_of_the_loudspeaker_before_the_first_sound_counts() -> None:
    world = asked()
    world.receive_at(3100, wire.Audio(pcm_to_bytes(np.concatenate((silence(400), noise(600))))))
    world.heard_at(3110, 160)
    world.heard_at(3300, 3200)
    world.heard_at(3900, 8000)
    (turn,) = turns(world)
    assert (turn.heard_ms, turn.voiced_ms) == (3100, 3800)


def test_a_hold_belongs_to_the_turn_that_it_ends_or_is_in_and_to_no_other() -> None:
    world = asked()
    world.at(3000.5, inputs.MicrophoneStalled())  # it has ended the speech
    assert turns(world)[0].holds == 1
    world.at(3500, inputs.MicrophoneStalled())
    assert turns(world)[0].holds == 1
    paused = World(now_ms=0).start(detects_turns=True).ready(at_ms=1000)
    paused.at(2000, QUESTION)
    paused.at(3000, SpeechEnded(24_192))
    paused.at(3000, inputs.MicrophoneStalled())
    assert turns(paused)[0].holds == 1


def test_tools_are_shown_with_their_durations() -> None:
    world = asked()
    world.receive_at(3100, wire.Message(wire.ToolCallMessage("a", "departures", "{}")))
    world.receive_at(3150, wire.Message(wire.ToolCallMessage("b", "weather", "{}")))
    world.receive_at(3280, wire.Message(wire.ToolResultMessage("a", "departures", "[]")))
    (turn,) = turns(world)
    assert turn.tools == (ToolUse("departures", 3100, 3280), ToolUse("weather", 3150))
    assert [tool.duration_ms for tool in turn.tools] == [180, None]


@pytest.mark.parametrize("command", [inputs.Mute(), inputs.Pause(), inputs.Stop()])
def test_a_turn_closed_by_the_user_has_its_time_but_no_end_sample(command: inputs.Input) -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(2500, command)
    world.at(2600, SpeechEnded(24_576))
    (turn,) = turns(world)
    assert (turn.stopped_ms, turn.end_sample, turn.utterance_ms) == (2500, None, None)
    assert turn.speech_end_ms == 2000


def test_a_turn_that_dies_with_its_connection_was_never_over_for_the_server() -> None:
    world = live()
    world.at(2000, QUESTION)
    world.at(2500, inputs.ConnectionClosed(world.call.connection, 1006))
    (turn,) = turns(world)
    assert (turn.stopped_ms, turn.speech_end_ms, turn.endpointing_ms) == (None, 2000, None)


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


def test_speech_while_connecting_is_a_turn_whose_commands_go_out_when_the_server_is_ready() -> None:
    world = World(now_ms=0).start()
    world.at(600, QUESTION)
    assert anchors(turns(world)[0]) == {"speech_start_ms": 390}
    world.at(1600, SpeechEnded(24_192))
    world.ready(at_ms=2000)
    (turn,) = turns(world)
    assert (turn.confirmed_ms, turn.stopped_ms) == (2000, 2000)


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
    """Return a call with a turn detector, asked at 3000 ms; 25 088 samples were captured."""
    world = World(now_ms=0).start(detects_turns=True).ready(at_ms=1000)
    world.at(2000, QUESTION)
    world.at(3000, SpeechContinued(noise(1024)))
    world.at(3000, SpeechEnded(24_576))
    world.at(3032, SpeechContinued(silence(32)))
    assert turns(world)[0].end_sample == 25_088
    return world


def test_a_turn_ends_when_the_detector_says_so_and_with_all_that_was_sent() -> None:
    world = endpointing().at(3050, inputs.TurnPredicted(1, complete=True))
    world.at(3064, SpeechContinued(silence(32)))
    (turn,) = turns(world)
    assert (turn.end_sample, turn.stopped_ms) == (25_088, 3050)
    assert turn.verdicts == (Verdict(3050, complete=True),)


def test_a_turn_with_a_pause_is_one_turn() -> None:
    world = endpointing().at(3050, inputs.TurnPredicted(1, complete=False))
    world.at(3500, SpeechConfirmed(32_768, 32_256, noise(32)))
    assert turns(world)[0].end_sample is None
    assert turns(world)[0].speech_end_ms is None
    world.at(4000, SpeechEnded(40_960))
    world.at(4050, inputs.TurnPredicted(2, complete=False))
    world.fire_at(8050, Timer.ENDPOINTING)
    (turn,) = turns(world)
    assert (turn.end_sample, turn.stopped_ms) == (40_960, 8050)
    assert [verdict.complete for verdict in turn.verdicts] == [False, False]
    assert turn.speech_end_ms == pytest.approx(3488, abs=20)


@pytest.mark.parametrize("command", [inputs.Mute(), inputs.Pause(), inputs.Stop()])
def test_a_pause_that_the_user_closes_ends_the_turn(command: inputs.Input) -> None:
    (turn,) = turns(endpointing().at(3100, command))
    assert (turn.end_sample, turn.stopped_ms) == (25_088, 3100)


def test_settled_turns_are_reported_once_and_with_all_that_they_became() -> None:
    world = asked()
    world.receive_at(3100, SECOND)
    world.heard_at(3200, 1600)
    assert world.timeline.pop_settled() == []
    world.at(3700, SpeechConfirmed(40_000, 32_320, noise(480)))
    (settled,) = world.timeline.pop_settled()
    assert settled.interrupted
    assert world.timeline.pop_settled() == []
    world.apply(inputs.Stop())
    assert [turn.confirmed_ms for turn in world.timeline.pop_settled()] == [3700]


def test_turns_are_a_sequence_that_shows_itself_as_a_table() -> None:
    assert repr(Turns()) == "<Turns: none yet>"
    assert "No turns yet" in Turns()._repr_html_()
    table = Turns([Turn(user_text="<b>", speech_end_ms=1000, voiced_ms=1420.4), Turn(kind="greeting")])
    assert (len(table), repr(table), table[1].kind, len(table[:1])) == (2, "<Turns: 2>", "greeting", 1)
    html = table._repr_html_()
    assert '<td style="text-align: left">&lt;b&gt;</td>' in html
    assert "<td>420</td>" in html


def test_the_columns_and_dtypes_of_the_frame_do_not_depend_on_the_turns() -> None:
    world = asked()
    world.receive_at(3100, SECOND)
    world.heard_at(3200, 1600)
    none, some = Turns().to_frame(), world.timeline.turns.to_frame()
    assert list(none.columns) == list(some.columns)
    assert list(none.dtypes) == list(some.dtypes)
    assert (len(none), len(some)) == (0, 1)
    assert some["speech_end_sample"][0] == 2490 * 16
    assert some["reply_latency_ms"][0] == 3100 - 2490
    assert bool(some["assistant_message_ms"].isna()[0])


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


def test_turns_are_equal_to_any_sequence_of_the_same_turns() -> None:
    world = asked()
    (turn,) = turns(world)
    rows = Turns((turn,))
    assert rows == Turns((turn,))
    assert rows == [turn]
    assert rows == (turn,)
    assert rows != Turns(())
    assert hash(rows) == hash(Turns((turn,)))


def test_stage_times_that_are_no_numbers_and_results_of_unknown_tools_are_ignored() -> None:
    world = asked()
    world.receive_at(3100, wire.Message(wire.TextMessage("user", "Hi", {"stage_times_ms": {"stt": "soon"}})))
    world.receive_at(3200, wire.Message(wire.ToolResultMessage("nobody", "weather", "{}")))
    (turn,) = turns(world)
    assert (turn.stage_times_ms, turn.tools) == (None, ())


def test_an_answer_was_heard_when_its_report_says_and_not_when_that_arrived() -> None:
    world = asked()
    world.at(3500, inputs.Received(1, SECOND))
    world.at(3900, inputs.PlaybackProgress(world.epoch, 3200, 80.0))
    assert turns(world)[-1].heard_ms == 3900 - 80 - 200
