"""A page whose process is killed, at any moment of a call: nothing of the call is left, and the panel can say why."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import numpy as np
import pytest

from micdrop_widget import MicdropError
from micdrop_widget.audio import Pcm
from micdrop_widget.browser import Timing
from micdrop_widget.server import ServerCall
from tests.harness.spoken import spoken
from tests.page.calls import HeldCall, Opener, result, wait_until

TIMING = Timing(heartbeat_s=0.2, unanswered_beats=5, rejoin_s=0.5)
"""As for users, but in a tenth of the time."""

UNDECIDED = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {});"
"""The user is asked for the microphone, and does not answer."""

GONE = "The page that had the microphone was closed or is being reloaded."


def kill_page(held: HeldCall) -> None:
    """Kill the process that draws the page; the browser lives on."""
    browser = held.page.page.context.browser
    assert browser is not None
    protocol = browser.new_browser_cdp_session()
    processes = protocol.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    with held.page.page.expect_event("crash"):
        for renderer in renderers:
            os.kill(renderer, signal.SIGKILL)


async def answer_for_long(call: ServerCall, _: Pcm) -> None:
    await call.send_audio(np.random.default_rng(1).integers(-8000, 8000, 20 * 16_000).astype(np.int16))


def listen(held: HeldCall) -> None:
    held.start()
    wait_until(lambda: held.call.isListening)


def speak(held: HeldCall) -> None:
    held.start()
    wait_until(lambda: held.call.isUserSpeaking)


def answer(held: HeldCall) -> None:
    held.start()
    wait_until(lambda: held.call.isAssistantSpeaking)


@pytest.mark.parametrize("reach", [listen, speak, answer])
def test_a_call_whose_page_is_killed_ends_with_an_error(open_call: Opener, reach: Callable[[HeldCall], None]) -> None:
    server = open_call.serve(answer_for_long)
    microphone = None if reach is listen else spoken("stop").path
    held = open_call(server, timing=TIMING, microphone=microphone)
    reach(held)
    kill_page(held)
    assert_ended(open_call, held)
    assert held.errors == ["Mic"]


def test_a_start_whose_page_is_killed_while_it_asks_for_the_microphone_fails(open_call: Opener) -> None:
    held = open_call(timing=TIMING, script=UNDECIDED)
    started = held.call.start()
    held.page.wait_for_text("Waiting for the microphone")
    kill_page(held)
    with pytest.raises(MicdropError, match=GONE):
        result(started)
    assert_ended(open_call, held)
    assert held.errors == ["Mic"]


def test_a_call_whose_page_is_killed_while_it_ends_is_over(open_call: Opener) -> None:
    held = open_call(open_call.serve(answer_for_long), timing=TIMING, microphone=spoken("stop").path)
    answer(held)
    stopped = held.call.stop(graceful=True)
    wait_until(lambda: not held.call.isMicStarted)
    kill_page(held)
    result(stopped)
    assert_ended(open_call, held)


def assert_ended(open_call: Opener, held: HeldCall) -> None:
    """Check that the call ends in time, and that the next page says why and starts anew."""
    wait_until(lambda: not (held.call.isStarted or held.call.isStarting))
    assert [name for name in held.call.trait_names() if name.startswith("is") and getattr(held.call, name)] == []
    wait_until(lambda: held.server.server.calls == ())
    page = open_call.tab(held)
    if held.errors:
        page.wait_for_text(GONE, "error")
    page.press("start")
    wait_until(lambda: held.call.isStarted)
    assert held.call.error is None
    page.wait_for_live_tracks(1)
