"""Answers: what is played, when the assistant speaks, and how an interruption ends it for good."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Play, Timer
from tests.state.spoken import ENDED, answered, audio, confirmed, listening, ramp, says
from tests.state.wording import WATCHDOGS
from tests.state.world import World


def played(world: World, frames: list[bytes]) -> Pcm:
    """Receive frames and return the samples that were handed to the player, in order."""
    samples = [np.zeros(0, np.int16)]
    for frame in frames:
        world.receive(wire.Audio(frame))
        samples += [effect.pcm for effect in world.effects if isinstance(effect, Play)]
    return np.concatenate(samples)


@given(st.integers(0, 300), st.lists(st.integers(0, 602), max_size=12))
def test_frames_of_any_length_odd_ones_included_give_every_sample_once(samples: int, cuts: list[int]) -> None:
    data = pcm_to_bytes(ramp(-7, samples))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    frames = [data[start:end] for start, end in pairwise(edges)]
    assert_array_equal(played(listening(), frames), ramp(-7, samples))


def test_an_answer_of_single_bytes_is_an_answer() -> None:
    world = listening()
    pcm = played(world, [bytes([byte]) for byte in pcm_to_bytes(ramp(1000, 50))])
    assert_array_equal(pcm, ramp(1000, 50))
    assert world.call.playback_samples == 50


def test_a_frame_of_16_mib_is_played_whole() -> None:
    data = np.arange(2**23, dtype=np.int64).astype(np.int16).tobytes()
    assert played(listening(), [data]).tobytes() == data


def test_an_odd_byte_outlives_a_stall_within_the_answer_and_not_the_answer() -> None:
    world = listening().receive(wire.Audio(b"\x01\x00\x02")).heard(1).fire(Timer.ANSWER_GAP)
    assert played(world, [b"\x00\x03\x00"]).tolist() == [2, 3]
    world.receive(wire.Audio(b"\x09")).apply(confirmed()).apply(ENDED)
    assert played(world, [b"\x04\x00"]).tolist() == [4]


def test_the_assistant_speaks_while_it_is_heard_not_while_its_audio_arrives() -> None:
    world = listening().apply(confirmed()).apply(ENDED).receive(audio(1600))
    assert (world.state.isAssistantSpeaking, world.state.isProcessing) == (False, True)
    world.heard(1)
    assert (world.state.isAssistantSpeaking, world.state.isProcessing) == (True, False)
    world.heard(1599)
    assert world.timers - WATCHDOGS == set()
    world.heard(1600)
    assert world.state.isAssistantSpeaking
    world.fire(Timer.ANSWER_GAP)
    assert world.state.isListening


def test_a_server_that_stutters_is_still_one_answer() -> None:
    world = answered().heard(1600).receive(audio(100))
    assert world.timers - WATCHDOGS == set()
    assert world.state.isAssistantSpeaking
    assert world.epoch == 0
    world.heard(1700).fire(Timer.ANSWER_GAP).receive(audio(7))
    assert (world.epoch, world.given) == (1, 7)


def test_confirmed_speech_stops_the_assistant_at_once() -> None:
    world = answered().receive(wire.PartialAssistantMessage("Well")).apply(confirmed())
    assert world.asked() == [
        "flush to epoch 1",
        "cancel answer gap",
        "cancel echo tail",
        "send StartSpeaking",
        "send 1000 samples",
    ]
    assert not world.state.isAssistantSpeaking
    assert world.state.isUserSpeaking
    assert world.state.partialAssistantMessage == ""


def test_audio_that_was_not_heard_yet_is_flushed_too() -> None:
    world = listening().receive(audio()).apply(confirmed())
    assert world.asked()[0] == "flush to epoch 1"


def test_reports_of_what_was_flushed_do_not_bring_the_assistant_back() -> None:
    world = (
        answered()
        .apply(confirmed())
        .apply(inputs.PlaybackProgress(0, 1600))
        .apply(ENDED)
        .apply(inputs.PlaybackProgress(0, 1600))
    )
    assert not world.state.isAssistantSpeaking
    assert world.state.isProcessing


def test_nothing_is_played_while_the_user_speaks() -> None:
    world = listening().apply(confirmed()).receive(audio())
    assert world.given == 0


@pytest.mark.parametrize("round_trip_ms", [0, 0.5, 40, 300])
def test_late_audio_of_a_cancelled_answer_is_dropped_until_the_server_knows_that_the_user_has_spoken(
    round_trip_ms: float,
) -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, round_trip_ms))
    world.at(5000, confirmed()).apply(ENDED)
    if round_trip_ms:
        assert world.receive_at(5000 + round_trip_ms - 0.1, audio()).given == 0
    assert world.receive_at(5000 + round_trip_ms, audio()).given == 1600


def test_a_long_utterance_leaves_nothing_to_drop() -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, 40)).at(5000, confirmed()).at(5100, ENDED)
    assert world.receive_at(5100.1, audio()).given == 1600


def test_one_ping_that_met_a_stall_does_not_drop_the_next_answer() -> None:
    world = answered()
    for round_trip_ms in (30, 2000):
        world.apply(inputs.RoundTripMeasured(1, round_trip_ms))
    world.at(5000, inputs.Pause()).at(5010, inputs.Resume())
    assert world.receive_at(5059.9, audio()).given == 0
    assert world.receive_at(5060, audio()).given == 1600


def test_a_line_that_seems_slow_drops_half_a_second_at_most() -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, 2000)).at(5000, inputs.Pause()).at(5010, inputs.Resume())
    assert world.receive_at(5499.9, audio()).given == 0
    assert world.receive_at(5500, audio()).given == 1600


def test_half_a_sample_in_audio_that_was_dropped_does_not_shift_what_comes_after_it() -> None:
    """The server goes on with its answer after a pause: what is played again is played from the right byte on."""
    world = listening().receive(wire.Audio(b"\x01\x00\x02")).apply(inputs.Pause())
    world.receive(wire.Audio(b"\x00\x03")).apply(inputs.Resume())
    assert played(world, [b"\x00\x04\x00"]).tolist()[-1] == 4


def test_an_answer_begins_on_a_whole_sample_wherever_the_one_before_was_cut_off() -> None:
    world = listening().receive(wire.Audio(b"\x01\x00\x02")).apply(confirmed())
    world.receive(wire.Audio(b"\x00\x03\x00\x04")).apply(ENDED)
    assert played(world, [b"\x05\x00"]).tolist() == [5]


def test_late_audio_of_an_answer_that_a_pause_cancelled_is_dropped_as_well() -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, 40)).at(5000, inputs.Pause()).at(5010, inputs.Resume())
    assert world.receive_at(5079, audio()).given == 0
    assert world.receive_at(5080, audio()).given == 1600


def test_the_last_three_pings_count_and_one_of_an_earlier_socket_does_not() -> None:
    world = listening()
    for round_trip_ms in (1, 50, 60, 70):
        world.apply(inputs.RoundTripMeasured(1, round_trip_ms))
    assert world.apply(inputs.RoundTripMeasured(0, 2)).call.round_trip_ms == 50


def test_an_answer_may_come_unprompted_after_skip_answer() -> None:
    world = listening().apply(confirmed()).apply(ENDED).receive(wire.SkipAnswer())
    assert world.state.isListening
    world.receive_at(5000, audio()).heard(1)
    assert world.state.isAssistantSpeaking


def test_a_partial_answer_is_replaced_by_the_next_and_cleared_by_the_settled_message() -> None:
    world = listening().receive(wire.PartialAssistantMessage("The wea"))
    world.receive(wire.PartialAssistantMessage("The weather"))
    assert world.state.partialAssistantMessage == "The weather"
    world.receive(says("Hi", "user"))
    assert world.state.partialAssistantMessage == "The weather"
    world.receive(says("The weather is fine."))
    assert world.state.partialAssistantMessage == ""
    assert [event for event, _ in world.events] == ["PartialAssistantMessage"] * 2 + ["Message"] * 2


def test_late_words_of_an_answer_that_the_user_interrupted_are_not_shown() -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, 40)).at(5000, confirmed())
    world.receive(wire.PartialAssistantMessage("Wel")).apply(ENDED)
    world.receive_at(5039, wire.PartialAssistantMessage("Well"))
    assert world.state.partialAssistantMessage == ""
    assert world.events == []
    assert world.receive_at(5040, wire.PartialAssistantMessage("Yes")).state.partialAssistantMessage == "Yes"


@pytest.mark.parametrize(
    "clearing", [confirmed(), inputs.Received(1, wire.SkipAnswer()), inputs.Stop(), inputs.Pause()]
)
def test_a_partial_answer_goes_with_what_ends_it(clearing: inputs.Input) -> None:
    world = listening().receive(wire.PartialAssistantMessage("Well")).apply(clearing)
    assert world.state.partialAssistantMessage == ""


def test_cancel_last_user_message_takes_back_the_last_one_of_the_user_only() -> None:
    world = listening()
    for content, role in (("one", "user"), ("two", "assistant"), ("three", "user"), ("four", "assistant")):
        world.receive(says(content, role))
    world.apply(confirmed()).apply(ENDED).receive(wire.CancelLastUserMessage())
    assert [item.content for item in world.state.conversation if isinstance(item, wire.TextMessage)] == [
        "one",
        "two",
        "four",
    ]
    assert not world.state.isProcessing


def test_an_answer_that_begins_like_a_file_is_played_as_it_is_with_a_warning_that_says_what_to_send() -> None:
    world = listening().receive(wire.Audio(b"RIFF" + bytes(60)))
    assert world.asked()[0] == (
        "warn: the server sent audio that begins like a WAV file (RIFF); let it send signed 16-bit samples at 16 kHz "
        "alone, without a header"
    )
    assert [len(effect.pcm) for effect in world.effects if isinstance(effect, Play)] == [32]
    assert not any(line.startswith("warn") for line in world.receive(audio()).asked())
