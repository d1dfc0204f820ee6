"""Our client against a server with faults: §1 of the protocol page, a test for each statement, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropError, TextMessage
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.testing import FaultyCall, FaultyServer, Script, in_virtual_time
from tests.harness.callers import Events, Mic, loud, quiet, ready_client, turns_over, utterances


@asynccontextmanager
async def calling(
    *scripts: Script, line: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[MicdropClient, Mic, Events, FaultyServer]]:
    """Hold a call with a server that does as it is told."""
    async with FaultyServer(*scripts, **(line or {})) as server:
        call, mic, events = ready_client(server.url, **options)
        async with call:
            await call.start()
            yield call, mic, events, server


def now_s() -> float:
    return asyncio.get_running_loop().time()


def said(call: MicdropClient) -> list[str]:
    return [item.content for item in call.state.conversation if isinstance(item, TextMessage)]


def codes(events: Events) -> list[str]:
    return [error.code.value for error in events.errors]


# Opening


@in_virtual_time
async def test_a_server_that_says_nothing_is_ready_after_a_second_and_gets_what_was_said_meanwhile() -> None:
    async def says_nothing(call: FaultyCall) -> None:
        await call.hold()

    mic = Mic()
    mic.live = False
    async with FaultyServer(says_nothing) as server:
        call, _, _ = ready_client(server.url, params={"a": 1}, source=mic)
        async with call:
            began_s = now_s()
            starting = asyncio.ensure_future(call.start())
            await asyncio.sleep(0.9)
            assert server.calls[0].frames == ['{"a": 1}']
            await starting
            assert now_s() - began_s == pytest.approx(1, abs=0.1)
            mic.say(turns_over(10))
            await asyncio.sleep(1)
        assert len(utterances(server.calls[0].frames[1:])) == 1


@pytest.mark.parametrize(("code", "error"), [(4400, "BadRequest"), (4401, "Unauthorized"), (4404, "NotFound")])
@pytest.mark.parametrize("ready", [False, True])
@in_virtual_time
async def test_a_refusal_is_an_error_and_is_not_tried_again(code: int, error: str, ready: bool) -> None:
    async def refuses(call: FaultyCall) -> None:
        if ready:
            await call.ready()
            await call.wait(5)
        await call.close(code, "so it is")

    async with FaultyServer(refuses) as server:
        call, _, events = ready_client(server.url)
        async with call:
            starting = asyncio.gather(call.start(), return_exceptions=True)
            await asyncio.sleep(60)
            (outcome,) = await starting
            assert isinstance(outcome, MicdropError) is not ready
            assert codes(events) == [error]
            assert not call.state.isStarted
        assert server.handshakes == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "BadRequest"), (401, "Unauthorized"), (403, "Unauthorized"), (404, "NotFound"), (503, "InternalServer")],
)
@in_virtual_time
async def test_a_handshake_answered_with_a_status_is_the_error_it_stands_for(status: int, error: str) -> None:
    async with FaultyServer(status) as server:
        call, _, events = ready_client(server.url)
        async with call:
            with pytest.raises(MicdropError, match=f"HTTP {status}"):
                await call.start()
        assert codes(events) == [error]


@in_virtual_time
async def test_a_handshake_that_is_never_answered_fails_the_start_in_time() -> None:
    async with FaultyServer(200, handshake_ms=3_600_000) as server:
        call, _, events = ready_client(server.url)
        async with call:
            with pytest.raises(MicdropError):
                await call.start()
            assert now_s() <= 16
        assert codes(events) == ["Connection"]


# Lost connections


async def ready(call: FaultyCall) -> None:
    await call.ready()


@pytest.mark.parametrize("code", [1001, 1006, 1009, 1011, 4999])
@in_virtual_time
async def test_a_lost_connection_comes_back_to_a_new_call_that_gets_the_params_again(code: int) -> None:
    async def is_lost(call: FaultyCall) -> None:
        await call.message("system", "the first")
        await call.wait(5)
        if code == 1006:
            call.abort()
        else:
            await call.close(code)

    async def greets(call: FaultyCall) -> None:
        await call.message("system", "the second")

    async with calling(is_lost, greets, params={"token": "x"}) as (call, _, events, server):
        await call.wait_for("Message", timeout=20)
        await asyncio.sleep(1)
        assert [each.frames for each in server.calls] == [['{"token": "x"}'], ['{"token": "x"}']]
        assert said(call) == ["the first", "the second"]
        assert events.course("isReconnecting") == [False, True, False]
        assert events.course("isStarted") == [False, True]


@pytest.mark.parametrize("code", [1000, None])
@in_virtual_time
async def test_a_normal_close_ends_the_call_without_an_error(code: int | None) -> None:
    async def closes(call: FaultyCall) -> None:
        await call.ready()
        await call.wait(5)
        await call.close(code)

    async with calling(closes) as (call, _, events, server):
        await call.until(isStarted=False, timeout=20)
        await asyncio.sleep(60)
        assert codes(events) == []
        assert server.handshakes == 1


@in_virtual_time
async def test_attempts_to_come_back_grow_apart_and_go_on_without_end() -> None:
    async def is_cut(call: FaultyCall) -> None:
        await call.ready()
        call.abort()

    async with calling(is_cut, 503) as (call, _, _events, server):
        counts = []
        for _ in range(4):
            await asyncio.sleep(50)
            counts.append(server.handshakes)
        assert call.state.isReconnecting
        # 1, 2, 4, 8 and then 10 s between them, up to three tenths left out
        assert 6 <= counts[0] <= 10
        assert [5 <= later - earlier <= 8 for earlier, later in pairwise(counts)] == [True] * 3


@in_virtual_time
async def test_the_utterance_that_a_cut_interrupts_is_dropped_and_the_next_one_is_whole() -> None:
    async def is_cut(call: FaultyCall) -> None:
        await call.ready()
        await call.speech(100)
        call.abort()

    async with calling(is_cut, ready) as (call, mic, _, server):
        mic.say(loud(10))
        await call.until(isReconnecting=True, timeout=5)
        mic.say(quiet(5))
        await call.until(isReconnecting=False, timeout=20)
        mic.say(turns_over(10))
        await asyncio.sleep(1)
        assert utterances(server.calls[1].frames) == [turns_over(10).tobytes()]


@in_virtual_time
async def test_a_server_that_stalls_is_given_up() -> None:
    async def stalls(call: FaultyCall) -> None:
        await call.ready()
        await call.stall()

    async with calling(stalls, ping_interval_s=20, reconnect={"max_attempts": 0}) as (call, _, events, _server):
        await call.until(isStarted=False, timeout=100)
        assert codes(events) == ["Connection"]
        assert now_s() <= 61


# What the server says


@in_virtual_time
async def test_malformed_and_unknown_frames_are_survived_and_the_answer_behind_them_is_heard_whole() -> None:
    async def talks_nonsense(call: FaultyCall) -> None:
        await call.ready()
        await call.malformed()
        said = await call.utterance()
        await call.answer(said, odd_bytes=True, pace=0, chunk_ms=30)
        await call.message("assistant", "done")

    speaker = VirtualSpeaker(pace="fast", keep=True)
    async with calling(talks_nonsense, sink=speaker) as (call, mic, events, server):
        mic.say(turns_over(3))
        await call.wait_for("Turn", lambda turn: turn.kind == "user", timeout=5)
        (said,) = utterances(server.calls[0].frames)
        assert speaker.heard.tobytes() == b"\x01\x02" + said, "behind the two bytes that came alone"
        assert events.errors == []


@pytest.mark.parametrize(
    "rhythm",
    [
        {"chunk_ms": 20, "jitter_ms": 15},
        {"burst": 5},
        {"pace": 0.0, "chunk_ms": 5000},
        {"chunk_ms": 0.1, "pace": 0.0},
        {"odd_bytes": True, "chunk_ms": 37},
        {"pace": 0.5},
    ],
    ids=str,
)
@in_virtual_time
async def test_an_answer_is_heard_whole_in_whatever_rhythm_it_comes(rhythm: dict[str, Any]) -> None:
    pcm = loud(40)

    async def answers(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.answer(pcm, **rhythm)
        await call.message("assistant", "done")

    speaker = VirtualSpeaker(keep=True)
    async with calling(answers, sink=speaker, line={"delay_ms": 150, "jitter_ms": 60}) as (call, mic, _, _server):
        mic.say(turns_over(10))
        turn = await call.wait_for("Turn", timeout=30)
        assert np.array_equal(speaker.heard, pcm)
        assert turn.answer_heard_ms == 40 * 32


@in_virtual_time
async def test_an_answer_that_stops_in_the_middle_ends_with_what_was_heard_of_it() -> None:
    async def stops(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.answer(loud(100), stop_after_ms=1000)
        await call.hold()

    async with calling(stops) as (call, mic, events, _):
        mic.say(turns_over(10))
        await call.until(isAssistantSpeaking=True, timeout=5)
        await call.until(isAssistantSpeaking=False, timeout=5)
        assert call.state.isListening
        assert call.turns[0].answer_heard_ms == 1000
        assert events.errors == []


@in_virtual_time
async def test_late_audio_of_an_answer_that_was_interrupted_is_not_heard() -> None:
    async def goes_on(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.answer(loud(400))

    speaker = VirtualSpeaker(keep=True)
    async with calling(goes_on, sink=speaker, line={"delay_ms": 300}) as (call, mic, _, _server):
        mic.say(turns_over(10))
        await call.until(isAssistantSpeaking=True, timeout=5)
        await asyncio.sleep(1)
        mic.say(loud(10))
        await call.until(isUserSpeaking=True, timeout=5)
        heard = len(speaker.heard)
        for _ in range(30):
            await asyncio.sleep(0.1)
            mic.say(loud(3))
        assert len(speaker.heard) == heard, "while the user speaks"
        assert call.turns[0].interrupted


@in_virtual_time
async def test_a_server_that_does_not_answer_is_waited_for_half_a_minute_and_then_listened_past() -> None:
    async with calling(ready) as (call, mic, events, _):
        mic.say(turns_over(10))
        await call.until(isProcessing=True, timeout=5)
        began_s = now_s()
        await call.until(isListening=True, timeout=60)
        assert now_s() - began_s == pytest.approx(30, abs=1)
        assert events.errors == []


@in_virtual_time
async def test_a_text_without_audio_is_waited_for_ten_seconds() -> None:
    async def has_no_voice(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.message("assistant", "only a text")

    async with calling(has_no_voice) as (call, mic, _, _server):
        mic.say(turns_over(10))
        await call.wait_for("Message", role="assistant", timeout=5)
        began_s = now_s()
        await call.until(isListening=True, timeout=60)
        assert now_s() - began_s == pytest.approx(10, abs=0.5)


@in_virtual_time
async def test_skip_answer_is_listened_after_and_an_answer_behind_it_is_heard() -> None:
    async def holds_back(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.ready()
        await call.wait(4)
        await call.answer(loud(20), pace=0)

    speaker = VirtualSpeaker(keep=True)
    async with calling(holds_back, sink=speaker) as (call, mic, _, _server):
        mic.say(turns_over(10))
        await call.until(isProcessing=True, timeout=5)
        await call.until(isListening=True, timeout=1)
        await call.until(isAssistantSpeaking=True, timeout=5)
        await call.until(isListening=True, timeout=5)
        assert np.array_equal(speaker.heard, loud(20))


@in_virtual_time
async def test_a_message_taken_back_is_removed_and_partial_texts_replace_one_another() -> None:
    async def changes_its_mind(call: FaultyCall) -> None:
        await call.message("assistant", "Hello.")
        await call.utterance()
        await call.message("user", "cough")
        await call.send("CancelLastUserMessage")
        for text in ("I", "I see", "I see you"):
            await call.send(f'PartialAssistantMessage "{text}"')
            await call.wait(1)
        await call.message("assistant", "I see you.")

    async with calling(changes_its_mind) as (call, mic, events, _):
        mic.say(turns_over(10))
        await call.wait_for("Message", lambda item: item == TextMessage("assistant", "I see you."), timeout=20)
        assert said(call) == ["Hello.", "I see you."]
        assert [text for (text,) in events.of("PartialAssistantMessage")] == ["I", "I see", "I see you"]
        assert call.state.partialAssistantMessage == ""


@in_virtual_time
async def test_the_goodbye_behind_end_call_is_heard_and_the_socket_stays_open() -> None:
    async def says_goodbye(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.send("EndCall")
        await call.wait(1)
        await call.answer(loud(60))

    speaker = VirtualSpeaker(keep=True)
    async with calling(says_goodbye, sink=speaker) as (call, mic, events, server):
        mic.say(turns_over(10))
        await call.wait_for("EndCall", timeout=5)
        assert server.calls[0].close_code is None
        await call.stop(graceful=True)
        assert np.array_equal(speaker.heard, loud(60))
        assert server.calls[0].close_code == 1000
        assert events.errors == []


@in_virtual_time
async def test_a_server_that_reads_slowly_gets_whole_utterances_and_no_frame_that_is_a_command() -> None:
    async with calling(ready, line={"delay_ms": 500, "jitter_ms": 500}) as (call, mic, _, server):
        for frames in (3, 1, 40):
            mic.say(turns_over(frames))
            await asyncio.sleep(2)
        call.pause()
        await asyncio.sleep(1)
        assert server.calls[0].frames[-1] == "Mute"
        assert len(utterances(server.calls[0].frames[:-1])) == 3
