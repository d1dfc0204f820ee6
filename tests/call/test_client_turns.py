"""Turns on a real socket: one utterance for a turn with a pause in it, and Smart Turn in a whole call."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropError, MicdropServer, SileroVAD, SmartTurn, TextMessage
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.server import ServerCall
from tests.harness.callers import loud, quiet, ready_client, turns_over
from tests.harness.leaks import until
from tests.paths import FIXTURES
from tests.turn.detectors import ScriptedDetector, SlowDetector

pytestmark = pytest.mark.usefixtures("clean_loop")

SECOND_SENTENCE = slice(140_880, 260_038)
"""Of two_sentences.wav: 0.6 s of silence, the sentence (10 000 to 55 280), 4 s of silence. Smart Turn is sure of it."""


class Ear:
    """What the server takes from a caller: each utterance, whole."""

    def __init__(self) -> None:
        self.utterances: list[Pcm] = []

    async def respond(self, call: ServerCall, utterance: Pcm) -> None:
        self.utterances.append(utterance.copy())
        await call.send_message("user", f"{len(utterance)} samples")


async def test_a_turn_with_a_pause_reaches_the_server_as_one_utterance_pause_included() -> None:
    ear, detector = Ear(), ScriptedDetector(0.1, 0.9)
    async with MicdropServer(ear.respond) as server:
        call, mic, events = ready_client(server.url, turn_detector=detector)
        async with call:
            await call.start()
            assert detector.calls == ["load"]
            mic.say(quiet(2))
            mic.say(turns_over(3))
            await until(lambda: "predict" in detector.calls)
            for _ in range(5):
                mic.say(quiet(1))
            assert not call.state.isProcessing
            mic.say(turns_over(4))
            await until(lambda: ear.utterances)
    spoken = np.concatenate([quiet(1), turns_over(3), quiet(5), turns_over(4)])
    assert len(ear.utterances) == 1
    assert np.array_equal(ear.utterances[0], spoken)
    assert np.array_equal(detector.heard[0], spoken)
    assert detector.calls == ["load", "reset", "predict", "predict"]
    assert events.course("isUserSpeaking") == [False, True, False, True, False]
    assert len(call.turns) == 1
    assert call.turns[0].end_sample == 18 * 512


async def test_however_the_microphone_chops_it_the_turn_is_one_and_whole() -> None:
    ear = Ear()
    spoken = np.concatenate([turns_over(3), quiet(5), turns_over(4)])
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=ScriptedDetector(False, False))
        async with call:
            await call.start()
            mic.say(spoken)  # in one piece: the second half is heard before anybody could answer
            await until(lambda: call.turns and call.turns[0].end_sample == len(spoken))
            mic.say(quiet(1)[:100])
            await call.stop()
            await until(lambda: ear.utterances)
    assert np.array_equal(ear.utterances[0], spoken)


async def test_an_incomplete_turn_is_over_when_nothing_more_comes() -> None:
    ear, detector = Ear(), ScriptedDetector(False)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=detector, turn_max_wait_ms=60)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: ear.utterances)
            assert np.array_equal(ear.utterances[0], turns_over(3))
            (turn,) = call.turns
            assert turn.stopped_ms is not None
            assert turn.confirmed_ms is not None
            assert turn.stopped_ms - turn.confirmed_ms >= 60


async def test_a_detector_that_does_not_answer_within_a_second_closes_the_turn() -> None:
    ear, detector = Ear(), SlowDetector(False)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=detector)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: ear.utterances)
            (turn,) = call.turns
            assert turn.stopped_ms is not None
            assert turn.confirmed_ms is not None
            assert 1000 <= turn.stopped_ms - turn.confirmed_ms < 4000
            detector.may_answer.set()
            await until(lambda: "predict" in detector.calls)


async def test_a_detector_that_fails_closes_the_turn_and_the_call_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    ear, detector = Ear(), ScriptedDetector(ZeroDivisionError("no"), True)
    async with MicdropServer(ear.respond) as server:
        call, mic, events = ready_client(server.url, turn_detector=detector)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: len(ear.utterances) == 1)
            mic.say(turns_over(3))
            await until(lambda: len(ear.utterances) == 2)
    assert events.errors == []
    assert "ZeroDivisionError: no" in caplog.text


async def test_a_detector_that_cannot_be_loaded_fails_the_start(caplog: pytest.LogCaptureFixture) -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url, turn_detector=SmartTurn(model="/nowhere.onnx"))
        async with call:
            with pytest.raises(MicdropError, match="turn detection could not be started"):
                await call.start()
        assert mic.closed == 1


async def test_a_detector_given_to_start_serves_a_microphone_that_is_open_already() -> None:
    ear, detector = Ear(), ScriptedDetector(False, True)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start_mic()
            await call.start(turn_detector=detector)
            mic.say(turns_over(3))
            await until(lambda: detector.calls == ["load", "reset", "predict"])
            mic.say(turns_over(3))
            await until(lambda: ear.utterances)
    assert np.array_equal(ear.utterances[0], np.concatenate([turns_over(3), turns_over(3)]))


async def test_another_detector_in_a_pause_closes_the_turn_and_is_asked_about_the_next_one() -> None:
    ear, former, detector = Ear(), ScriptedDetector(False), ScriptedDetector(True)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=former)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: "predict" in former.calls)
            await call.set_turn_detector(detector)
            await until(lambda: len(ear.utterances) == 1)
            mic.say(turns_over(4))
            await until(lambda: len(ear.utterances) == 2)
            assert call.options.turn_detector is detector
            await call.set_turn_detector(None)
            mic.say(turns_over(5))
            await until(lambda: len(ear.utterances) == 3)
    assert [len(utterance) // 512 for utterance in ear.utterances] == [5, 6, 7]
    assert detector.calls == ["load", "reset", "predict"]
    assert former.calls.count("predict") == 1


async def test_another_detector_in_the_middle_of_a_sentence_makes_two_turns_of_it_and_loses_nothing() -> None:
    ear = Ear()
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=ScriptedDetector(False))
        async with call:
            await call.start()
            mic.say(loud(4))
            await until(lambda: call.state.isUserSpeaking)
            await call.set_turn_detector(ScriptedDetector(True))
            await until(lambda: ear.utterances)
            mic.say(turns_over(5))
            await until(lambda: len(ear.utterances) == 2)
    assert np.array_equal(np.concatenate(ear.utterances), np.concatenate([loud(4), turns_over(5)]))


async def test_the_longest_wait_can_be_changed_in_a_pause_which_ends_there() -> None:
    ear, detector = Ear(), ScriptedDetector(False, False)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=detector)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: "predict" in detector.calls)
            await call.set_turn_max_wait(60)
            await until(lambda: len(ear.utterances) == 1)
            mic.say(turns_over(3))
            await until(lambda: len(ear.utterances) == 2)
            with pytest.raises(ValueError, match="turn_max_wait_ms: expected milliseconds, 0 or more, got -1"):
                call.set_turn_max_wait(-1)
            assert call.options.turn_max_wait_ms == 60


async def test_a_detector_that_another_call_asks_is_refused_and_a_former_one_is_free() -> None:
    former, taken = ScriptedDetector(), ScriptedDetector()
    async with MicdropServer(Ear().respond) as server:
        first, _, _ = ready_client(server.url, turn_detector=taken)
        second, _, _ = ready_client(server.url, turn_detector=former)
        async with first, second:
            await first.start()
            await second.start()
            with pytest.raises(MicdropError, match=r"is used by another call now"):
                second.set_turn_detector(taken)
            assert second.options.turn_detector is former
            await first.set_turn_detector(None)
            await second.set_turn_detector(taken)
            await first.set_turn_detector(former)
            with pytest.raises(MicdropError, match=r"is used by another call now"):
                first.set_turn_detector(taken)
    third, _, _ = ready_client(None, turn_detector=taken)
    async with third:
        await third.start_mic()


async def test_a_conversation_that_is_cleared_goes_on_with_the_next_message() -> None:
    async with MicdropServer(Ear().respond) as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await call.until(lambda state: len(state.conversation) == 1)
            await call.clear_conversation()
            assert len(call.state.conversation) == 0
            mic.say(turns_over(4))
            state = await call.until(lambda state: len(state.conversation) == 1)
            assert state.conversation == (TextMessage("user", f"{6 * 512} samples"),)
            assert len(call.turns) == 2


async def test_mute_in_a_pause_closes_the_turn() -> None:
    ear, detector = Ear(), ScriptedDetector(False)
    async with MicdropServer(ear.respond) as server:
        call, mic, _ = ready_client(server.url, turn_detector=detector)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: "predict" in detector.calls)
            assert ear.utterances == []
            await call.mute()
            await until(lambda: ear.utterances)


@pytest.mark.alone
@pytest.mark.parametrize("pace", ["realtime", "fast"])
async def test_smart_turn_closes_a_finished_sentence(pace: str) -> None:
    ear = Ear()
    spoken = as_pcm(FIXTURES / "two_sentences.wav")[SECOND_SENTENCE]
    detector = SmartTurn()
    async with MicdropServer(ear.respond) as server:
        call = MicdropClient(
            server.url,
            source=ArraySource(spoken, pace=pace),  # type: ignore[arg-type]
            vad=SileroVAD(min_silence_ms=200),
            turn_detector=detector,
        )
        async with call:
            await call.start()
            await until(lambda: ear.utterances, 30)
            assert call.state.error is None
            (turn,) = call.turns
            assert detector.probability is not None
            assert detector.probability > 0.5
            assert turn.end_sample is not None
            assert turn.start_sample <= 10_000
            assert 55_280 <= turn.end_sample <= 55_280 + 16_000
            utterance = ear.utterances[0]
            assert np.array_equal(utterance, spoken[turn.start_sample : turn.start_sample + len(utterance)])
            assert turn.start_sample + len(utterance) >= 55_280


async def test_a_turn_is_an_event_when_it_is_over_and_answered() -> None:
    class Speaker(VirtualSpeaker):
        underruns = 2

    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url, sink=Speaker())
        async with call:
            await call.start()
            turn = call.wait_for("Turn", timeout=10)
            mic.say(turns_over(3))
            settled = await turn
            assert settled.kind == "user"
            assert settled.answer_end_ms is not None
            assert settled.underruns == 2
            assert list(call.turns) == [settled]
