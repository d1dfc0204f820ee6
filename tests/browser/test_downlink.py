"""What goes to the browser at once, and what waits for audio. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget.browser import Downlink, messages
from tests.harness.pages import RecordingCarrier, virtual_timing
from tests.harness.virtual_time import in_virtual_time

SHORT_S, LONG_S = 0.2, 0.4


def build_readout() -> messages.Content:
    return messages.vad_readout(0.5, -20)


def build_ack() -> messages.Content:
    return messages.ack("a", 1, 7, 0, 0)


def make_downlink() -> tuple[Downlink, RecordingCarrier]:
    carrier = RecordingCarrier()
    return Downlink(carrier, virtual_timing()), carrier


@in_virtual_time
async def test_the_delays_are_a_fifth_and_two_fifths_of_a_second() -> None:
    timing = virtual_timing()
    assert (timing.short_delay_s, timing.long_delay_s) == (SHORT_S, LONG_S)


@in_virtual_time
async def test_deferred_messages_go_behind_audio_once_each_in_their_order() -> None:
    downlink, carrier = make_downlink()
    for build in (build_readout, build_ack, build_readout):
        downlink.send_deferred(build, SHORT_S)
    await asyncio.sleep(0.06)
    downlink.send(messages.flush(1))
    assert carrier.types() == ["flush"]
    downlink.audio_sent()
    assert carrier.types() == ["flush", ["vad_readout", "ack"]]
    assert carrier.batches == 1
    downlink.audio_sent()
    await asyncio.sleep(60)
    assert carrier.types() == ["flush", ["vad_readout", "ack"]], "nothing waits"
    assert carrier.batches == 1


@in_virtual_time
async def test_without_audio_they_wait_for_their_delay() -> None:
    downlink, carrier = make_downlink()
    downlink.send_deferred(build_ack, SHORT_S)
    await asyncio.sleep(60)
    downlink.send_deferred(build_ack, LONG_S)
    await asyncio.sleep(60)
    assert carrier.times_s == pytest.approx([SHORT_S, 60 + LONG_S])
    assert carrier.types() == ["ack", "ack"]


@in_virtual_time
async def test_one_that_has_time_goes_with_one_that_has_less_whichever_came_first() -> None:
    downlink, carrier = make_downlink()
    downlink.send_deferred(build_ack, LONG_S)
    await asyncio.sleep(0.1)
    downlink.send_deferred(build_readout, SHORT_S)
    await asyncio.sleep(60)
    downlink.send_deferred(build_readout, SHORT_S)
    downlink.send_deferred(build_ack, LONG_S)
    await asyncio.sleep(60)
    assert carrier.types() == [["ack", "vad_readout"], ["vad_readout", "ack"]]
    assert carrier.times_s == pytest.approx([0.1 + SHORT_S, 60.1 + SHORT_S])


@in_virtual_time
async def test_what_is_cancelled_is_not_sent() -> None:
    downlink, carrier = make_downlink()
    downlink.send_deferred(build_readout, SHORT_S)
    downlink.send_deferred(build_ack, SHORT_S)
    downlink.cancel(build_readout)
    downlink.cancel(build_readout)
    await asyncio.sleep(60)
    assert carrier.types() == ["ack"]


@in_virtual_time
async def test_what_is_sent_may_defer_more() -> None:
    downlink, carrier = make_downlink()

    def build() -> messages.Content | None:
        if len(carrier.messages) < 3:
            downlink.send_deferred(build, SHORT_S)
        return build_readout()

    downlink.send_deferred(build, SHORT_S)
    await asyncio.sleep(60)
    assert carrier.times_s == pytest.approx([SHORT_S, 2 * SHORT_S, 3 * SHORT_S, 4 * SHORT_S])


@in_virtual_time
async def test_chunks_smaller_than_a_frame_do_not_send_deferred_messages_one_by_one() -> None:
    downlink, carrier = make_downlink()
    downlink.send_deferred(build_ack, LONG_S)
    await asyncio.sleep(0.049)
    downlink.audio_sent()
    assert carrier.types() == []
    downlink.send_deferred(build_readout, LONG_S)
    await asyncio.sleep(0.002)
    downlink.audio_sent()
    assert carrier.types() == [["ack", "vad_readout"]], "it is the first one's wait that counts"


@in_virtual_time
async def test_one_that_fails_takes_nothing_else_with_it() -> None:
    downlink, carrier = make_downlink()

    def fail() -> messages.Content:
        raise RuntimeError("no such level")

    downlink.send_deferred(fail, SHORT_S)
    downlink.send_deferred(lambda: None, SHORT_S)
    downlink.send_deferred(build_ack, SHORT_S)
    await asyncio.sleep(60)
    assert carrier.types() == ["ack"]
    assert carrier.batches == 1
