"""The browser as microphone, on the kernel's side. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.browser import BrowserMicrophone, Downlink, messages
from micdrop_widget.call.sources import Gap
from micdrop_widget.errors import MicdropError
from tests.harness.pages import RecordingCarrier, pages_with, virtual_timing
from tests.harness.virtual_time import in_virtual_time


def frame(seq: int, request: int = 1) -> messages.AudioFrame:
    return messages.AudioFrame("a", request, seq, seq * 512, 0, 0.0, np.full(512, seq, dtype=np.int16))


def make_microphone(carrier: RecordingCarrier | None = None) -> BrowserMicrophone:
    timing = virtual_timing()
    return BrowserMicrophone(Downlink(carrier or RecordingCarrier(), timing), pages_with("a"), timing)


async def opened(microphone: BrowserMicrophone) -> AsyncIterator[Pcm | Gap]:
    opening = asyncio.ensure_future(microphone.open(None))
    await asyncio.sleep(0)
    microphone.receive(messages.MicPrompting("a", 1, 0.0))
    microphone.receive(messages.MicOpened("a", 1, "", 16000, messages.MicSettings(), (), ()))
    await opening
    return microphone.frames()


async def first_samples(frames: AsyncIterator[Pcm | Gap], count: int) -> list[int]:
    captured = [await frames.__anext__() for _ in range(count)]
    return [int(pcm[0]) for pcm in captured if not isinstance(pcm, Gap)]


@in_virtual_time
async def test_opening_asks_the_owner_for_the_device_without_delay() -> None:
    carrier = RecordingCarrier()
    opening = asyncio.ensure_future(make_microphone(carrier).open("usb"))
    await asyncio.sleep(0)
    opening.cancel()
    assert carrier.contents[0]["to"] == "a"
    assert carrier.contents[0]["device_id"] == "usb"
    assert carrier.contents[0]["constraints"]["echoCancellation"] is True
    assert carrier.urgent == [True]


@in_virtual_time
async def test_a_page_that_does_not_answer_within_ten_seconds_is_an_error_of_its_own() -> None:
    microphone = make_microphone()
    silent: list[float] = []
    microphone.on_no_answer = lambda: silent.append(asyncio.get_running_loop().time())
    with pytest.raises(MicdropError, match="did not answer") as caught:
        await microphone.open(None)
    assert "without await" in caught.value.remedy
    assert silent == [10.0]


@in_virtual_time
async def test_a_prompt_that_nobody_answers_ends_after_two_minutes() -> None:
    microphone = make_microphone()
    opening = asyncio.ensure_future(microphone.open(None))
    await asyncio.sleep(1)
    microphone.receive(messages.MicPrompting("a", 1, 0.0))
    with pytest.raises(MicdropError, match="was not answered"):
        await opening
    assert asyncio.get_running_loop().time() == 121.0


@in_virtual_time
async def test_a_refusal_before_the_prompt_is_announced_is_the_error() -> None:
    microphone = make_microphone()
    opening = asyncio.ensure_future(microphone.open("usb"))
    await asyncio.sleep(0)
    microphone.receive(messages.MicFailed("a", 1, "no_device", "NotFoundError"))
    with pytest.raises(MicdropError, match="finds no microphone"):
        await opening


@in_virtual_time
async def test_it_is_wanted_from_the_request_until_it_is_closed() -> None:
    microphone = make_microphone()
    opening = asyncio.ensure_future(microphone.open(None))
    wanted_when_asked: list[bool] = []
    microphone.on_opening = lambda: wanted_when_asked.append(microphone.is_wanted)
    assert not microphone.is_wanted
    await asyncio.sleep(0)
    assert wanted_when_asked == [True]
    opening.cancel()
    await microphone.close()
    assert not microphone.is_wanted


@in_virtual_time
async def test_frames_come_in_order_once_each_however_the_threads_overtake() -> None:
    microphone = make_microphone()
    frames = await opened(microphone)
    for seq in (2, 0, 1, 1, 0, 4, 3, 2):
        microphone.receive(frame(seq))
    assert await first_samples(frames, 5) == [0, 1, 2, 3, 4]


@in_virtual_time
async def test_a_frame_that_never_comes_is_silence_after_half_a_second_of_later_ones() -> None:
    microphone = make_microphone()
    frames = await opened(microphone)
    for seq in (0, *range(2, 19)):
        microphone.receive(frame(seq))
    assert await first_samples(frames, 19) == [0, 0, *range(2, 19)]


@in_virtual_time
async def test_frames_of_an_earlier_request_are_ignored() -> None:
    microphone = make_microphone()
    frames = await opened(microphone)
    microphone.receive(frame(0, request=7))
    microphone.receive(frame(0))
    assert await first_samples(frames, 1) == [0]


@in_virtual_time
async def test_a_microphone_that_goes_away_ends_the_frames_with_an_error() -> None:
    microphone = make_microphone()
    frames = await opened(microphone)
    microphone.receive(frame(0))
    microphone.receive(messages.MicEnded("a", 1))
    assert await first_samples(frames, 1) == [0]
    with pytest.raises(MicdropError, match="went away"):
        await frames.__anext__()


@in_virtual_time
async def test_closing_reaches_every_page_and_makes_late_answers_void() -> None:
    carrier = RecordingCarrier()
    microphone = make_microphone(carrier)
    await opened(microphone)
    await microphone.close()
    assert carrier.contents[-1] == {"type": "close_mic", "to": None, "request": 1}
    microphone.receive(frame(0))
    microphone.receive(messages.MicFailed("a", 1, "denied", ""))


@in_virtual_time
async def test_frames_are_acknowledged_together_within_two_fifths_of_a_second() -> None:
    carrier = RecordingCarrier()
    microphone = make_microphone(carrier)
    await opened(microphone)
    for seq in (0, 1, 3):
        microphone.receive(frame(seq))
    await asyncio.sleep(60)
    assert carrier.times_of("ack") == [0.4]
    ack = carrier.contents[-1]
    assert ack == {"type": "ack", "to": "a", "request": 1, "seq": 1, "least_lag_ms": 0.0, "lag_ms": 0.0}


@in_virtual_time
async def test_frames_that_come_late_are_acknowledged_within_a_fifth_of_a_second() -> None:
    carrier = RecordingCarrier()
    microphone = make_microphone(carrier)
    await opened(microphone)
    microphone.receive(frame(0))
    await asyncio.sleep(0.1)
    microphone.receive(replace(frame(1), sent_ms=39.0))
    assert carrier.times_of("ack") == []
    await asyncio.sleep(60)
    assert carrier.times_of("ack") == [pytest.approx(0.3)]
    ack = carrier.contents[-1]
    assert (ack["least_lag_ms"], ack["lag_ms"]) == (0, pytest.approx(61, abs=0.2))


@in_virtual_time
async def test_the_heartbeat_is_left_out_while_audio_streams() -> None:
    microphone = make_microphone()
    await opened(microphone)
    question = {"type": "alive", "to": "a", "request": 1}
    assert microphone.build_heartbeat("a") == question
    await asyncio.sleep(10)
    microphone.receive(frame(0))
    await asyncio.sleep(0.4)
    assert microphone.build_heartbeat("a") is None
    await asyncio.sleep(0.1)
    assert microphone.build_heartbeat("a") == question
    microphone.receive(frame(1))
    await asyncio.sleep(0.1)
    await microphone.close()
    assert microphone.build_heartbeat("a") == {**question, "request": 2}, "a closed one streams nothing"


@in_virtual_time
async def test_a_closed_microphone_acknowledges_nothing() -> None:
    carrier = RecordingCarrier()
    microphone = make_microphone(carrier)
    await opened(microphone)
    microphone.receive(frame(0))
    await microphone.close()
    await asyncio.sleep(60)
    assert carrier.times_of("ack") == []
