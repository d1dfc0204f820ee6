"""What a call has recorded of an answer, against what the server sent and the page played."""

from __future__ import annotations

import time

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.server import ServerCall
from tests.harness.page_clock import page_clock_offset
from tests.page.calls import HeldCall, Opener, wait_until

_SLACK_S = 0.1
"""Between a report of the page and what was heard when the answer was cut off, and what the browser's output holds."""

FLUSHED = "async () => (await window.__taps.read())[0].received.filter(({ type }) => type === 'flush').length === 2"
"""When the answer opens, and when it is cut off."""


def answer(seconds: int) -> Pcm:
    """Return an answer in which every sample would be missed: none is silent."""
    return np.random.default_rng(0).integers(1, 8000, seconds * 16_000).astype(np.int16)


@pytest.mark.parametrize("ignores_user", [False, True], ids=["listening", "not listening"])
def test_an_answer_is_recorded_whole(open_call: Opener, ignores_user: bool) -> None:
    held = start(open_call, answer(3), ignores_user=ignores_user)
    wait_until(lambda: held.reports and held.reports[-1]["samples"] == len(answer(3)))
    wait_until(lambda: not held.call.isAssistantSpeaking)
    assistant = recorded(held)
    assert np.array_equal(assistant[assistant != 0], answer(3))  # silent only before, after, and where the page stalled


@pytest.mark.parametrize("ignores_user", [False, True], ids=["listening", "not listening"])
def test_an_answer_that_is_cut_off_is_recorded_as_far_as_it_was_played(open_call: Opener, ignores_user: bool) -> None:
    held = start(open_call, answer(20), ignores_user=ignores_user)
    wait_until(lambda: held.call.recording is not None and len(recorded(held)) > 3 * 16_000)
    paused_s = time.monotonic()
    held.call.pause()
    wait_until(lambda: not held.call.isAssistantSpeaking)
    held.page.until(FLUSHED)
    (tap,) = held.page.taps()
    played_s = np.count_nonzero(tap.samples) / tap.sample_rate
    assert 2 < played_s < 19
    # Until the page hears of the pause it plays on, and longer where the machine is busy.
    flush = [message for message in tap.received if message.type == "flush"][-1]
    flushed_ms = page_clock_offset(held.page.page).monotonic_ms(tap.rendered_ms(flush.frame - tap.first_sample))
    unheard_s = played_s - np.count_nonzero(recorded(held)) / 16_000
    assert -_SLACK_S < unheard_s < _SLACK_S + flushed_ms / 1000 - paused_s


def start(open_call: Opener, pcm: Pcm, *, ignores_user: bool) -> HeldCall:
    async def greet(call: ServerCall) -> None:
        await call.send_audio(pcm)

    held = open_call(open_call.serve(greeting=greet), disable_interruption=ignores_user)
    held.page.press("start")
    return held


def recorded(held: HeldCall) -> Pcm:
    """Return what the latest call has recorded of the assistant."""
    assert held.call.recording is not None
    return held.call.recording.assistant
