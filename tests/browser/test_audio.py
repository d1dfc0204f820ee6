"""The browser as microphone and loudspeaker, on the kernel's side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.browser import BrowserMicrophone, BrowserSpeaker, Downlink, FrontEnds, messages
from micdrop_widget.browser import downlink as downlink_module
from micdrop_widget.browser import heartbeat as heartbeat_module
from micdrop_widget.browser import microphone as microphone_module
from micdrop_widget.browser import pages as pages_module
from micdrop_widget.browser import speaker as speaker_module
from micdrop_widget.call.sources import Gap
from micdrop_widget.errors import MicdropError, MicdropErrorCode


class Sent:
    """What was sent to the browser."""

    def __init__(self) -> None:
        self.contents: list[dict[str, Any]] = []
        self.samples: list[Pcm] = []
        self.at_once: list[bool] = []
        self.something = asyncio.Event()

    def __call__(self, content: dict[str, Any], buffers: list[bytes] | None) -> None:
        self.something.set()
        self.contents += content["contents"] if content["type"] == "bundle" else [content]
        has_samples = content["type"] == "play"
        self.at_once.append(len(buffers or []) > has_samples)
        if buffers and has_samples:
            self.samples.append(pcm_from_bytes(buffers[0]))


def shown(*names: str) -> FrontEnds:
    front_ends = FrontEnds()
    for name in names:
        front_ends.hello(name)
    return front_ends


def frame(seq: int, request: int = 1) -> messages.AudioFrame:
    return messages.AudioFrame("a", request, seq, seq * 512, 0, 0.0, np.full(512, seq, dtype=np.int16))


async def opened(microphone: BrowserMicrophone) -> AsyncIterator[Pcm | Gap]:
    opening = asyncio.ensure_future(microphone.open(None))
    for _ in range(5):  # until it has asked
        await asyncio.sleep(0)
    microphone.receive(messages.MicPrompting("a", 1, 0.0))
    microphone.receive(messages.MicOpened("a", 1, "", 16000, messages.MicSettings(), (), ()))
    await opening
    return microphone.frames()


async def first_samples(frames: AsyncIterator[Pcm | Gap], count: int) -> list[int]:
    heard = [await frames.__anext__() for _ in range(count)]
    return [int(pcm[0]) for pcm in heard if not isinstance(pcm, Gap)]


async def test_the_first_front_end_shown_owns_a_call_started_from_python() -> None:
    assert await shown("a", "b").choose_owner() == "a"


async def test_the_front_end_that_pressed_start_owns_the_call() -> None:
    front_ends = shown("a", "b")
    front_ends.owner = "b"
    assert await front_ends.choose_owner() == "b"


async def test_an_owner_that_leaves_owns_nothing() -> None:
    front_ends = shown("a", "b")
    front_ends.owner = "a"
    front_ends.bye("a")
    assert front_ends.owner is None
    assert front_ends.shown
    front_ends.bye("b")
    front_ends.bye("b")
    assert not front_ends.shown


async def test_without_a_panel_the_microphone_fails_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "_ANSWER_S", 0.01)
    with pytest.raises(MicdropError, match="No call panel is shown") as caught:
        await BrowserMicrophone(Downlink(Sent()), FrontEnds()).open(None)
    assert caught.value.code is MicdropErrorCode.Mic
    assert "last line of a cell" in caught.value.remedy


async def test_a_browser_that_does_not_answer_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone_module, "_ANSWER_S", 0.01)
    with pytest.raises(MicdropError, match="did not answer") as caught:
        await BrowserMicrophone(Downlink(Sent()), shown("a")).open(None)
    assert "without await" in caught.value.remedy


async def test_a_question_nobody_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone_module, "_PERMISSION_S", 0.01)
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    opening = asyncio.ensure_future(microphone.open(None))
    await asyncio.sleep(0)
    microphone.receive(messages.MicPrompting("a", 1, 0.0))
    with pytest.raises(MicdropError, match="was not answered"):
        await opening


async def test_a_refusal_before_the_prompt_is_announced_is_the_error() -> None:
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    opening = asyncio.ensure_future(microphone.open("usb"))
    await asyncio.sleep(0)
    microphone.receive(messages.MicFailed("a", 1, "no_device", "NotFoundError"))
    with pytest.raises(MicdropError, match="finds no microphone"):
        await opening


async def test_opening_asks_the_owner_for_the_device() -> None:
    sent = Sent()
    opening = asyncio.ensure_future(BrowserMicrophone(Downlink(sent), shown("a")).open("usb"))
    await asyncio.wait_for(sent.something.wait(), 10)
    opening.cancel()
    assert sent.contents[0]["to"] == "a"
    assert sent.contents[0]["device_id"] == "usb"
    assert sent.contents[0]["constraints"]["echoCancellation"] is True


async def test_frames_come_in_order_once_each_however_the_threads_overtake() -> None:
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    frames = await opened(microphone)
    for seq in (2, 0, 1, 1, 0, 4, 3, 2):
        microphone.receive(frame(seq))
    assert await first_samples(frames, 5) == [0, 1, 2, 3, 4]


async def test_a_frame_that_never_comes_is_silence_after_half_a_second_of_later_ones() -> None:
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    frames = await opened(microphone)
    for seq in (0, *range(2, 19)):
        microphone.receive(frame(seq))
    assert await first_samples(frames, 19) == [0, 0, *range(2, 19)]


async def test_frames_of_an_earlier_request_are_ignored() -> None:
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    frames = await opened(microphone)
    microphone.receive(frame(0, request=7))
    microphone.receive(frame(0))
    assert await first_samples(frames, 1) == [0]


async def test_a_microphone_that_goes_away_ends_the_frames_with_an_error() -> None:
    microphone = BrowserMicrophone(Downlink(Sent()), shown("a"))
    frames = await opened(microphone)
    microphone.receive(frame(0))
    microphone.receive(messages.MicEnded("a", 1))
    assert await first_samples(frames, 1) == [0]
    with pytest.raises(MicdropError, match="went away"):
        await frames.__anext__()


async def test_closing_tells_every_front_end_and_makes_late_answers_void() -> None:
    sent = Sent()
    microphone = BrowserMicrophone(Downlink(sent), shown("a"))
    await opened(microphone)
    await microphone.close()
    assert sent.contents[-1] == {"type": "close_mic", "to": None, "request": 1}
    microphone.receive(frame(0))
    microphone.receive(messages.MicFailed("a", 1, "denied", ""))


async def test_frames_are_acknowledged_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_LATER_S", 0.01)
    sent = Sent()
    microphone = BrowserMicrophone(Downlink(sent), shown("a"))
    await opened(microphone)
    sent.something.clear()
    for seq in (0, 1, 3):
        microphone.receive(frame(seq))
    await asyncio.wait_for(sent.something.wait(), 10)
    ack = sent.contents[-1]
    assert (ack["type"], ack["to"], ack["request"], ack["seq"]) == ("ack", "a", 1, 1)
    assert [content["type"] for content in sent.contents].count("ack") == 1
    await microphone.close()


async def test_frames_that_come_late_are_acknowledged_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    monkeypatch.setattr(downlink_module, "_LATER_S", 60)
    sent = Sent()
    microphone = BrowserMicrophone(Downlink(sent), shown("a"))
    await opened(microphone)
    await asyncio.sleep(0.05)  # it is asked whether it is there
    sent.something.clear()
    microphone.receive(frame(0))
    await asyncio.sleep(0.05)
    assert not sent.something.is_set()
    microphone.receive(replace(frame(1), sent_ms=frame(1).sent_ms - 100))
    await asyncio.wait_for(sent.something.wait(), 10)
    assert (sent.contents[-1]["type"], sent.contents[-1]["seq"]) == ("ack", 1)
    assert sent.contents[-1]["lag_ms"] > 60
    await microphone.close()


async def test_the_page_is_asked_whether_it_is_there_while_no_audio_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    monkeypatch.setattr(heartbeat_module, "_BEAT_S", 0.05)
    monkeypatch.setattr(microphone_module, "_STREAMS_MS", 1e9)
    sent = Sent()

    def asked() -> int:
        return [content["type"] for content in sent.contents].count("alive")

    async def asked_again(since: int) -> None:
        while asked() == since:
            sent.something.clear()
            await asyncio.wait_for(sent.something.wait(), 10)

    microphone = BrowserMicrophone(Downlink(sent), shown("a"))
    await opened(microphone)
    await asked_again(0)
    await asked_again(1)
    microphone.receive(frame(0))
    before = asked()
    await asyncio.sleep(0.2)
    assert asked() == before, "the audio says so"
    monkeypatch.setattr(microphone_module, "_STREAMS_MS", 0)
    await asked_again(before)
    await microphone.close()


async def test_a_closed_microphone_acknowledges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    sent = Sent()
    microphone = BrowserMicrophone(Downlink(sent), shown("a"))
    await opened(microphone)
    microphone.receive(frame(0))
    await microphone.close()
    await asyncio.sleep(0.05)
    assert "ack" not in [content["type"] for content in sent.contents]


def speaker(sent: Sent) -> tuple[BrowserSpeaker, list[tuple[int, int]]]:
    front_ends = shown("a")
    front_ends.owner = "a"
    reports: list[tuple[int, int]] = []
    browser_speaker = BrowserSpeaker(Downlink(sent), front_ends)
    browser_speaker.bind(lambda epoch, samples: reports.append((epoch, samples)))
    return browser_speaker, reports


def test_at_most_two_seconds_wait_in_the_browser_and_all_of_it_arrives() -> None:
    sent = Sent()
    browser_speaker, reports = speaker(sent)
    minute = np.arange(60 * 16000, dtype=np.int64).astype(np.int16)
    browser_speaker.play(0, minute)
    heard = 0
    while heard < len(minute):
        ahead = sum(len(pcm) for pcm in sent.samples) - heard
        assert 0 < ahead <= 32000
        heard += min(ahead, 1600)
        browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0))
    assert np.array_equal(np.concatenate(sent.samples), minute)
    starts = np.cumsum([0, *(len(pcm) for pcm in sent.samples)])[:-1]
    assert [content["position"] for content in sent.contents] == starts.tolist()
    assert reports[-1] == (0, len(minute))


def test_a_flush_forgets_what_waits_and_reports_of_before() -> None:
    sent = Sent()
    browser_speaker, reports = speaker(sent)
    browser_speaker.play(0, np.zeros(100_000, dtype=np.int16))
    browser_speaker.flush(1)
    assert sent.contents[-1] == {"type": "flush", "to": None, "epoch": 1}
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 16000, 0))
    assert reports == []
    browser_speaker.play(1, np.ones(10, dtype=np.int16))
    assert sent.contents[-1] == {"type": "play", "to": "a", "epoch": 1, "position": 0}
    assert len(sent.samples[-1]) == 10


def test_silence_an_answers_beginning_and_what_a_dry_page_waits_for_are_sent_at_once() -> None:
    sent = Sent()
    browser_speaker, _ = speaker(sent)
    chunk = np.zeros(1600, dtype=np.int16)
    for _ in range(4):
        browser_speaker.play(0, chunk)
    assert sent.at_once == [True, True, True, False]
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 1600, 0))
    browser_speaker.play(0, chunk)
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 8000, 0))
    browser_speaker.play(0, chunk)
    browser_speaker.flush(1)
    assert sent.at_once[4:] == [False, True, True]


async def test_small_chunks_do_not_carry_a_filler_each() -> None:
    sent = Sent()
    browser_speaker, _ = speaker(sent)
    for _ in range(30):
        browser_speaker.play(0, np.zeros(320, dtype=np.int16))
    filled = [20 * number for number, is_filled in enumerate(sent.at_once) if is_filled]
    assert filled == [0, 60, 120, 180, 240], "ms"


async def test_what_can_wait_goes_behind_a_chunk_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_AT_LEAST_S", 0)
    sent = Sent()
    downlink = Downlink(sent)
    front_ends = shown("a")
    await front_ends.choose_owner()
    microphone, browser_speaker = BrowserMicrophone(downlink, front_ends), BrowserSpeaker(downlink, front_ends)
    await opened(microphone)
    sent.contents.clear()
    microphone.receive(frame(0))
    assert sent.contents == []
    browser_speaker.play(1, np.zeros(32_000, dtype=np.int16))
    told = ["play", "ack"]
    assert [content["type"] for content in sent.contents] == told
    microphone.receive(frame(1))
    browser_speaker.play(1, np.zeros(1600, dtype=np.int16))
    assert [content["type"] for content in sent.contents] == told, "no room in the page: nothing has gone"
    await microphone.close()


async def test_small_chunks_of_a_burst_are_put_together_once_the_page_has_half_a_second() -> None:
    sent = Sent()
    browser_speaker, _ = speaker(sent)
    answer = np.arange(36 * 1600, dtype=np.int64).astype(np.int16)
    for start in range(0, len(answer), 1600):
        browser_speaker.play(0, answer[start : start + 1600])
    for heard in range(3200, 44_800 + 1, 3200):
        browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0))
    assert [len(pcm) for pcm in sent.samples] == [*[1600] * 5, *[8000] * 3, *[9600] * 2, 6400]
    assert np.array_equal(np.concatenate(sent.samples), answer)


async def test_what_comes_ahead_of_time_does_not_wait_for_more_than_a_fifth_of_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert speaker_module._REST_S == 1 / 5
    monkeypatch.setattr(speaker_module, "_REST_S", 0.01)
    sent = Sent()
    browser_speaker, _ = speaker(sent)
    browser_speaker.play(0, np.zeros(8000, dtype=np.int16))
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    assert len(sent.samples) == 1
    sent.something.clear()
    await asyncio.wait_for(sent.something.wait(), 10)
    assert [len(pcm) for pcm in sent.samples] == [8000, 3200]
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.flush(1)
    await asyncio.sleep(0.05)
    assert len(sent.samples) == 2, "cut off"


def test_what_was_heard_since_the_last_report_is_told_when_the_answer_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)

    def cut_off(after_s: float, *, of: int = 16_000, heard: int = 1600) -> list[tuple[int, int]]:
        nonlocal now_s
        browser_speaker, reports = speaker(Sent())
        browser_speaker.play(0, np.zeros(of, dtype=np.int16))
        if heard:
            browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0))
            assert reports.pop() == (0, heard)
        now_s += after_s
        browser_speaker.flush(0)
        assert reports == [], "silent, but the same answer"
        browser_speaker.flush(1)
        return reports

    assert cut_off(0.1) == [(0, 3200)]
    assert cut_off(60) == [(0, 6400)], "a page that does not report any more does not play either"
    assert cut_off(0.1, of=2000) == [(0, 2000)]
    assert cut_off(0.1, of=1600) == []
    assert cut_off(0.1, heard=0) == []


def test_only_the_owner_says_what_was_heard() -> None:
    browser_speaker, reports = speaker(Sent())
    browser_speaker.play(0, np.zeros(100, dtype=np.int16))
    browser_speaker.receive(messages.PlaybackProgress("b", 0, 100, 0))
    assert reports == []
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 100, 0))
    assert reports == [(0, 100)]


def test_an_answer_whose_page_is_gone_is_over() -> None:
    sent = Sent()
    browser_speaker, reports = speaker(sent)
    browser_speaker.play(0, np.zeros(100_000, dtype=np.int16))
    browser_speaker.lose()
    assert reports == [(0, 100_000)]
    assert sum(len(pcm) for pcm in sent.samples) == 32_000
    browser_speaker.lose()
    assert reports == [(0, 100_000)]


def test_an_answer_that_no_page_plays_does_not_wait() -> None:
    sent = Sent()
    reports: list[tuple[int, int]] = []
    browser_speaker = BrowserSpeaker(Downlink(sent), FrontEnds())
    browser_speaker.bind(lambda epoch, samples: reports.append((epoch, samples)))
    browser_speaker.play(0, np.zeros(100, dtype=np.int16))
    browser_speaker.play(0, np.zeros(50, dtype=np.int16))
    assert reports == [(0, 100), (0, 150)]
    assert sent.contents == []


async def test_another_page_plays_on_from_what_was_heard_and_the_first_is_silent() -> None:
    sent = Sent()
    front_ends = shown("a", "b")
    front_ends.owner = "a"
    browser_speaker = BrowserSpeaker(Downlink(sent), front_ends)
    answer = np.arange(50_000, dtype=np.int64).astype(np.int16)
    for start in range(0, len(answer), 3_000):
        browser_speaker.play(0, answer[start : start + 3_000])
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 10_000, 0))
    sent.contents.clear()
    sent.samples.clear()
    front_ends.owner = "b"
    browser_speaker.move("a")
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 12_000, 0))  # too late to count
    browser_speaker.receive(messages.PlaybackProgress("b", 0, 30_000, 0))
    assert sent.contents[0] == {"type": "flush", "to": "a", "epoch": 0}
    assert {content["to"] for content in sent.contents[1:]} == {"b"}
    assert sent.contents[1]["position"] == 10_000
    assert np.array_equal(np.concatenate(sent.samples), answer[10_000:])


def test_what_another_page_plays_first_is_sent_at_once() -> None:
    sent = Sent()
    front_ends = shown("a", "b")
    front_ends.owner = "a"
    browser_speaker = BrowserSpeaker(Downlink(sent), front_ends)
    for _ in range(3):
        browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 800, 0))
    sent.at_once.clear()
    front_ends.owner = "b"
    browser_speaker.move("a")
    assert sent.at_once[:2] == [False, True]  # silence where it was heard, and the first chunk where it goes on


def test_an_answer_given_up_is_not_played_again_where_the_call_moves() -> None:
    sent = Sent()
    browser_speaker, _ = speaker(sent)
    browser_speaker.play(0, np.zeros(1000, dtype=np.int16))
    browser_speaker.lose()
    sent.contents.clear()
    browser_speaker.move("a")
    assert [content["type"] for content in sent.contents] == ["flush"]
