"""Several views of one call in a page: one microphone, one loudspeaker; and a page that shows call after call."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from micdrop_widget import MicdropWidget
from micdrop_widget.audio import Pcm
from micdrop_widget.server import ServerCall
from tests.harness.listen import align
from tests.harness.spoken import spoken
from tests.page.calls import HeldCall, Opener, result, wait_for_turns, wait_until

ANSWER = np.random.default_rng(1).integers(-8000, 8000, 8 * 16_000).astype(np.int16)
"""An answer in which every place is unlike any other."""

_RAMP_SAMPLES = 80

COUNT_LISTENERS = """
window.__pageListeners = 0;
for (const target of [window, navigator.mediaDevices]) {
  const { addEventListener } = target;
  target.addEventListener = (type, listener, options) => {
    if (["pagehide", "pageshow", "devicechange"].includes(type)) {
      window.__pageListeners++;
      options?.signal?.addEventListener("abort", () => { window.__pageListeners--; });
    }
    addEventListener.call(target, type, listener, options);
  };
}
"""


@pytest.fixture(scope="module")
def in_two_views(open_shared_call: Opener) -> HeldCall:
    """Hold a call that was started in the second of two views; the answer is being heard, and the user is muted."""

    async def respond(call: ServerCall, _: Pcm) -> None:
        await call.send_audio(ANSWER)

    held = open_shared_call(open_shared_call.serve(respond), views=2, microphone=spoken("stop").path)
    held.page.press("start", view=1)
    wait_until(lambda: held.call.isAssistantSpeaking)
    result(held.call.mute())
    return held


def test_two_views_show_the_same_call(in_two_views: HeldCall) -> None:
    for view in (0, 1):
        in_two_views.page.wait_for_text("Assistant is speaking", view=view)


def test_two_views_have_one_microphone_and_one_loudspeaker(in_two_views: HeldCall) -> None:
    assert in_two_views.page.live_tracks() == len(in_two_views.page.tracks()) == 1
    contexts = in_two_views.page.evaluate("window.__taps.contexts()")
    assert contexts.count("running") == 1


def test_the_call_goes_on_without_the_view_in_which_it_was_started(in_two_views: HeldCall) -> None:
    in_two_views.page.remove(1)
    wait_for_turns(in_two_views.call, 1)
    assert (in_two_views.call.isStarted, in_two_views.call.isMicStarted) == (True, True)
    (tap,) = in_two_views.page.taps()
    heard = np.rint(tap.samples * 32768).astype(np.int16)
    lag = align(ANSWER, heard).lag
    assert np.array_equal(heard[lag : lag + len(ANSWER)], ANSWER)
    assert not heard[:lag].any(), "nothing of it was heard twice"
    assert not heard[lag + len(ANSWER) + _RAMP_SAMPLES :].any(), "nothing of it was heard twice"


def test_the_call_ends_with_its_last_view(open_call: Opener) -> None:
    held = open_call(views=2)
    held.start()
    held.page.remove(0)
    held.page.remove(1)
    wait_until(lambda: not held.call.isStarted)
    held.page.wait_for_live_tracks(0)
    wait_until(lambda: held.server.server.calls == ())


def test_ten_starts_that_are_stopped_at_once_leave_nothing_on(open_call: Opener) -> None:
    held = open_call()
    for _ in range(10):
        started = held.call.start()
        result(held.call.stop())
        result(started)
    held.page.wait_for_live_tracks(0)
    assert (held.call.isStarted, held.call.isStarting, held.call.isMicStarted) == (False, False, False)
    assert held.call.error is None


def test_a_call_that_is_started_again_and_again_has_one_microphone(open_call: Opener) -> None:
    held = open_call()
    for started in [held.call.start(), held.call.start()]:
        result(started)
    result(held.call.start())
    assert [track.ready_state for track in held.page.tracks()] == ["live"]


def test_a_closed_call_leaves_neither_microphone_nor_connection_nor_thread(open_call: Opener) -> None:
    held = open_call()
    traits_thread = f"micdrop-traits-{held.call.model_id[:8]}"
    held.start()
    assert traits_thread in [thread.name for thread in threading.enumerate()]
    held.call.close()
    held.call.close()
    held.page.wait_for_live_tracks(0)
    wait_until(lambda: held.server.server.calls == ())
    wait_until(lambda: traits_thread not in [thread.name for thread in threading.enumerate()])


def test_calls_shown_one_after_the_other_leave_one_microphone_and_nothing_that_grows(open_call: Opener) -> None:
    held = open_call(script=COUNT_LISTENERS)
    call = held.call
    for number in range(30):
        if number % 10 == 9:
            start(held, call)
        held.page.remove(number)
        call = open_call.widget(held.server.url)
        held.page.show(call)
    start(held, call)
    held.page.wait_for_live_tracks(1)
    assert len(held.page.tracks()) == 4
    held.page.until("() => window.__taps.contexts().filter((state) => state !== 'closed').length === 1")
    held.page.until("() => window.__pageListeners === 3")
    wait_until(lambda: len(held.server.server.calls) == 1)


def start(held: HeldCall, call: MicdropWidget) -> None:
    """Press Start in the only view there is, and wait until its call is ready."""
    held.page.press("start")
    wait_until(lambda: call.isStarted)
