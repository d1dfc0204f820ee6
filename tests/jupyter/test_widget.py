"""The widget without a browser: traits, threads, errors, ends. The real thing is in `tests/e2e`."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
from collections.abc import Generator
from contextvars import ContextVar
from typing import Any

import ipywidgets
import numpy as np
import pytest
import traitlets
from numpy.typing import NDArray

from micdrop_widget import MicdropError, MicdropErrorCode, MicdropServer, MicdropState, MicdropWidget, VolumeVAD
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.server import CallRefused, ServerCall
from micdrop_widget.vad import Status
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import until
from tests.paths import FIXTURES
from tests.turn.detectors import ScriptedDetector

SENTENCE = FIXTURES / "sentence.wav"
MARKER = "xyzzy-secret"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Generator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.name != "fake-front-end"]
    assert left == []


@pytest.fixture
def server() -> Generator[MicdropServer]:
    running = MicdropServer().start()
    yield running
    running.stop()


def flags(call: MicdropWidget) -> list[str]:
    """Collect the names of the flags as they become true."""
    seen: list[str] = []
    names = [name for name in call.trait_names() if name.startswith("is")]
    call.observe(lambda change: seen.append(change.name) if change.new else None, names)
    return seen


async def test_a_whole_call_in_the_order_of_the_state_diagram(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = as_pcm(SENTENCE)
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    seen = flags(call)
    await call.start()
    page.speak(sentence)
    await call.until(isAssistantSpeaking=True, timeout=20)
    await call.until(isAssistantSpeaking=False, timeout=20)
    await call.stop()
    turn = call.turns[0]
    call.close()
    order = ["isStarting", "isMicStarted", "isStarted", "isUserSpeaking", "isAssistantSpeaking"]
    assert [name for name in seen if name in order] == order
    assert np.array_equal(np.concatenate(page.heard), sentence[turn.start_sample : turn.end_sample])
    assert [item.role for item in call.conversation] == ["assistant", "user", "assistant"]
    assert call.state == MicdropState(conversation=call.conversation, micDeviceId="default", micDevices=call.micDevices)
    assert not page.mic_open


async def test_handlers_are_called_on_the_handler_thread_alone_where_the_traits_agree_with_the_state(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    threads: set[str] = set()
    disagreements: list[str] = []

    def watch(change: Any) -> None:
        threads.add(threading.current_thread().name)
        for field in MicdropState.FIELDS:
            if getattr(call, field) != getattr(call.state, field):
                disagreements.append(field)

    call.observe(watch, [*MicdropState.FIELDS, "state", "_owner"])
    call.on("StateChange", lambda state, previous: threads.add(threading.current_thread().name))
    await call.start()
    await call.mute()
    await call.pause()
    await call.stop()
    call.close()
    assert threads == {"micdrop-handlers"}
    assert disagreements == []


async def test_prints_of_a_handler_belong_to_the_cell_that_registered_it(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell: ContextVar[int] = ContextVar("cell")
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    seen: list[tuple[str, int]] = []
    cell.set(1)
    call.observe(lambda change: seen.append(("observe", cell.get())), "isStarted")
    cell.set(2)
    call.on("Message", lambda item: seen.append(("on", cell.get())))
    cell.set(3)
    await call.start()
    await call.until(isListening=True, timeout=10)
    call.close()
    assert ("observe", 1) in seen
    assert ("on", 2) in seen
    assert all(number != 3 for _, number in seen)


async def test_a_handler_that_raises_is_shown_and_the_call_goes_on(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    received: list[bool] = []
    call.observe(lambda change: 1 / 0, "isStarted")
    call.observe(lambda change: received.append(change.new), "isStarted")
    await call.start()
    await call.until(isListening=True, timeout=10)
    call.close()
    assert received == [True, False]
    assert "ZeroDivisionError" in capsys.readouterr().err


async def test_observers_and_handlers_can_be_removed(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    received: list[object] = []
    call.observe(received.append, "isStarted")
    call.on("Message", received.append)
    call.unobserve(received.append, "isStarted")
    call.off("Message", received.append)
    await call.start()
    call.close()
    assert received == []


async def test_on_msg_receives_the_panels_messages_on_the_handler_thread_and_harms_nobody(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    received: list[tuple[str, str]] = []

    def note(widget: object, content: dict[str, Any], buffers: object) -> None:
        if content["type"] != "probed":  # the line is measured at any moment
            received.append((content["type"], threading.current_thread().name))
        raise RuntimeError("of the user's")

    call.on_msg(note)
    page.show(call)
    await call.start()
    await until(lambda: len(received) >= 2)  # the thread is handed messages, and nobody waits for it
    assert received[:2] == [("hello", "micdrop-handlers"), ("mic_prompting", "micdrop-handlers")]
    call.on_msg(note, remove=True)  # what came before may still wait for the thread
    page.press("mute")
    await call.until(isMuted=True, timeout=10)
    call.close()
    assert "command" not in [kind for kind, _ in received]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [("denied", "not allowed"), ("no_device", "finds no microphone"), ("insecure_context", "ssh -L"), ("odd", "Fake")],
)
async def test_a_microphone_that_is_refused(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch, refusal: str, words: str
) -> None:
    page = FakeFrontEnd(monkeypatch, refusal=refusal)
    call = MicdropWidget(server.url)
    page.show(call)
    errors: list[MicdropError] = []
    call.on("Error", errors.append)
    with pytest.raises(MicdropError, match=words) as caught:
        await call.start()
    call.close()
    assert caught.value.code is MicdropErrorCode.Mic
    assert len(errors) == 1
    assert call.error is errors[0]
    assert not call.isStarting


async def test_a_missing_url_is_reported_without_asking_for_the_microphone(monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget()
    page.show(call)
    with pytest.raises(MicdropError, match="MissingUrl"):
        await call.start()
    call.close()
    assert "open_mic" not in page.types()
    assert call.error is not None
    assert page.details["error"]["remedy"].startswith("Give the server's address")


async def test_a_refused_connection_releases_the_microphone(monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget("ws://127.0.0.1:9")
    page.show(call)
    with pytest.raises(MicdropError, match="Connection"):
        await call.start()
    call.close()
    assert page.types().count("open_mic") == 1
    assert page.types()[-1] == "close_mic"


def test_an_error_that_nobody_awaits_reaches_trait_and_event(monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget()
    page.show(call)
    received = threading.Event()
    call.on("Error", lambda error: received.set())
    call.start()
    assert received.wait(10)
    call.close()
    gc.collect()
    assert call.error is not None
    assert call.error.code is MicdropErrorCode.MissingUrl


async def test_pressing_start_and_stop_in_the_panel(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    page.press("start")
    await call.until(isListening=True, timeout=10)
    page.press("mute")
    await call.until(isMuted=True, timeout=10)
    page.press("unmute")
    page.press("pause")
    await call.until(isMuted=False, isPaused=True, timeout=10)
    page.press("resume")
    page.press("fly")
    page.press("stop")
    await call.until(isStarted=False, timeout=10)
    call.close()
    assert not page.mic_open
    assert not call.isPaused


async def test_a_second_start_opens_no_second_microphone(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await asyncio.gather(call.start(), call.start(), call.start())
    await call.start()
    call.close()
    assert page.types().count("open_mic") == 1


async def test_stop_before_start_is_through_ends_both_quietly(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    for _ in range(30):  # wherever the start has got to
        started = call.start()
        await call.stop()
        await started
        assert call.error is None
    call.close()
    assert not page.mic_open


async def test_close_during_a_call_ends_everything_and_again_is_no_error(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    call.close()
    call.close()
    page.press("start")
    assert not page.mic_open
    assert ("comm_close", {}) in page.published
    for method in (call.start, call.stop, call.mute):
        with pytest.raises(RuntimeError, match="was closed"):
            method()


async def test_removing_the_panel_ends_the_call(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.leave(page_gone=False)
    await call.until(isStarted=False, timeout=10)
    call.close()


async def test_a_page_that_is_reloaded_finds_its_call_and_takes_the_microphone_again(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.leave(page_gone=True)
    state = await call.until(isMicStarted=False, timeout=10)
    assert state.isStarted
    page.name = "page-2"
    page.show(call)
    page.press("start")
    state = await call.until(isMicStarted=True, timeout=10)
    assert state.isStarted
    assert state.error is None
    assert page.types().count("open_mic") == 2
    call.close()


async def test_a_front_end_cannot_write_the_state(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    page.write_traits({"isStarted": True, "_closed": True, "conversation": [{"role": "user", "content": "forged"}]})
    assert (call.isStarted, call._closed, call.conversation) == (False, False, ())
    call.close()


async def test_messages_that_come_in_one_are_taken_in_order(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    frame = {"type": "audio", "request": page.request, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0}
    parts: list[dict[str, Any]] = [{"type": "command", "name": "mute"}, frame, {"type": "command", "name": "pause"}]
    page.send({"type": "bundle", "contents": [{"from": page.name, **part} for part in parts]}, [bytes(1024)])
    state = await call.until(isPaused=True, timeout=5)
    assert (state.isMuted, call.link.messages) == (True, 1)
    call.close()


async def test_messages_that_cannot_be_read_are_logged_and_harm_nobody(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    page.send({"type": "audio", "request": "one"})
    page.send({"type": "sing"})
    assert caplog.text.count("cannot be read") == 2
    await call.start()
    call.close()


def test_unknown_options_name_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeFrontEnd(monkeypatch)
    with pytest.raises(TypeError, match="'disable_interruption'"):
        MicdropWidget("ws://localhost:1", disable_interuption=True)  # type: ignore[call-arg]
    call = MicdropWidget("ws://localhost:1")
    with pytest.raises(TypeError, match="'params'"):
        call.start(param={})  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="ws://"):
        call.start(url="http://localhost")
    call.close()


async def test_no_secret_is_published_shown_or_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def check(params: dict[str, Any]) -> None:
        assert params["token"] == MARKER
        raise CallRefused(4401)

    server = MicdropServer(check_params=check).start()
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(
        f"{server.url}/?key={MARKER}", params={"token": MARKER}, headers={"Authorization": f"Bearer {MARKER}"}
    )
    page.show(call)
    with pytest.raises(MicdropError, match="Unauthorized") as caught:
        await call.start()
    shown = [repr(call), repr(call.state), str(caught.value), caplog.text, json.dumps(call.get_state(), default=repr)]
    call.close()
    server.stop()
    assert not any(MARKER in text for text in shown)
    assert MARKER not in json.dumps(page.published, default=repr)


async def test_two_widgets_do_not_disturb_each_other(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = []
    calls = []
    for _ in range(2):
        pages.append(FakeFrontEnd(monkeypatch))
        calls.append(MicdropWidget(server.url))
        pages[-1].show(calls[-1])
    await asyncio.gather(*(call.start() for call in calls))
    calls[0].close()
    assert pages[1].mic_open
    assert calls[1].isStarted
    await calls[1].stop()
    await calls[1].start()
    calls[1].close()


async def test_what_is_played_is_what_the_server_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = np.arange(50_000, dtype=np.int64).astype(np.int16)

    async def respond(call: ServerCall, utterance: Pcm) -> None:
        await call.send_audio(answer)

    server = MicdropServer(respond).start()
    sentence = as_pcm(SENTENCE)
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.speak(sentence)
    await call.until(isAssistantSpeaking=True, timeout=20)
    await call.until(isAssistantSpeaking=False, timeout=20)
    call.close()
    server.stop()
    assert np.array_equal(np.concatenate(page.heard), answer)


async def test_the_debug_log_prints_the_call_under_the_cell_that_made_the_widget(
    server: MicdropServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "micdrop_widget.call")
    sentence = as_pcm(SENTENCE)
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(f"{server.url}/?key={MARKER}", debug_log=True, params={"token": MARKER})
    page.show(call)
    await call.start()
    page.speak(sentence)
    await call.until(isAssistantSpeaking=True, timeout=20)
    call.close()
    shown = capsys.readouterr().out
    lines = ["asks for the microphone", "connects", "sends the params", "sends StartSpeaking", "sends StopSpeaking"]
    positions = [shown.index(line) for line in lines]
    assert positions == sorted(positions)
    assert [record.getMessage() for record in caplog.records if record.name == "micdrop_widget.call"] == (
        shown.splitlines()
    )
    assert MARKER not in shown


async def test_another_microphone_takes_over_and_a_muted_call_stays_muted(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    await call.mute()
    await call.change_mic_device("usb")
    assert [m["device_id"] for m in page.messages if m["type"] == "open_mic"] == [None, "usb"]
    state = await call.until(isMicStarted=True, timeout=10)
    call.close()
    assert state.isStarted
    assert state.isMicMuted


async def test_a_microphone_chosen_before_the_call_is_the_one_that_opens(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.change_mic_device("usb")
    assert "open_mic" not in page.types()
    await call.start()
    call.close()
    assert [m["device_id"] for m in page.messages if m["type"] == "open_mic"] == ["usb"]


async def test_that_interruption_is_disabled_is_a_trait_by_option_and_where_echo_is_not_cancelled(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch, settings={"echoCancellation": False})
    with MicdropWidget(disable_interruption=True) as never_started:
        assert never_started.isInterruptionDisabled
        assert never_started.state.isInterruptionDisabled
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    assert not call.isInterruptionDisabled
    await call.start()
    assert call.isInterruptionDisabled
    call.close()


async def test_turn_detection_and_conversation_can_be_changed_during_a_call(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    await call.start()
    detector = ScriptedDetector(True)
    await call.set_turn_detector(detector)
    await call.set_turn_max_wait(900)
    assert (call.options.turn_detector, call.options.turn_max_wait_ms) == (detector, 900)
    with pytest.raises(
        TypeError, match=r"turn_detector: expected a TurnDetector like SmartTurn\(\), or None, got 'smart'"
    ):
        call.set_turn_detector("smart")  # type: ignore[arg-type]
    page.speak(as_pcm(SENTENCE))
    await call.until(lambda state: len(state.conversation) == 3, timeout=10)
    await call.clear_conversation()
    assert call.conversation == ()
    assert page.types().count("open_mic") == 1
    call.close()


async def test_the_levels_are_traits_that_notify_while_somebody_observes_them_and_are_read_at_any_time(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    assert (call.microphone_level_db, call.speaker_level_db) == (-100.0, -100.0)
    await call.start()
    assert not call._observes_levels()
    page.speak(np.full(8 * 512, 16384, dtype=np.int16))
    changes: list[float] = []
    call.observe(lambda change: changes.append(change.new), "microphone_level_db")
    assert call._observes_levels()
    page.speak(np.full(8 * 512, 16384, dtype=np.int16))
    await call.wait_for("Levels", lambda levels: levels.microphone_db == -6.0, timeout=10)
    await call.wait_for("Levels", lambda levels: levels.microphone_db == -100.0, timeout=10)
    call.unobserve_all("microphone_level_db")
    assert not call._observes_levels()
    call.close()
    assert changes == [-6.0, -100.0]
    assert not any("level_db" in str(published) for published in page.published if "update" in str(published))


async def test_another_loudspeaker_is_sent_to_every_page_and_one_that_fails_is_withdrawn(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.change_speaker_device("headset")
    await call.until(speakerDeviceId="headset", timeout=10)
    page.show(call)  # a second page
    page.send({"type": "speaker_failed", "device_id": "headset", "detail": "NotFoundError"})
    await call.until(speakerDeviceId=None, timeout=10)
    call.close()
    received = [m for m in page.messages if m["type"] == "set_speaker"]
    assert received == [{"type": "set_speaker", "to": None, "device_id": "headset"}] * 2
    assert "NotFoundError" in caplog.text


async def test_the_traits_have_followed_when_an_awaited_method_returns(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    for _ in range(20):
        await call.start()
        assert (call.isStarted, call.isMicStarted) == (True, True)
        await call.mute()
        assert call.isMuted
        await call.unmute()
        await call.stop()
        assert (call.isStarted, call.isMuted) == (False, False)
    call.close()


async def test_a_handler_may_await_the_call(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)

    async def leave(item: object) -> None:
        await call.stop()

    call.on("Message", leave)
    await call.start()
    await call.until(isStarted=False, timeout=10)
    call.close()


async def test_a_detector_given_to_start_is_the_one_in_use_where_the_microphone_came_first(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(VolumeVAD):
        windows = 0

        def update(self, window: NDArray[np.float32]) -> Status:
            self.windows += 1
            return super().update(window)

    sentence = as_pcm(SENTENCE)
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start_mic()
    await call.start()
    assert page.types().count("open_mic") == 1
    await call.stop()
    await call.start_mic()
    counting = Counting()
    await call.start(vad=counting)
    page.speak(sentence)
    await call.until(isAssistantSpeaking=True, timeout=10)
    call.close()
    assert counting.windows > 0


PROCESSING = ("echoCancellation", "noiseSuppression", "autoGainControl")


async def test_the_browser_is_asked_for_the_processing_that_was_chosen_also_while_the_microphone_is_open(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, noise_suppression=False)
    page.show(call)
    await call.start()
    await call.start(noise_suppression=False)  # nothing new
    await call.start(echo_cancellation=False)
    await call.until(isMicStarted=True, timeout=10)
    await call.stop()
    await call.start(auto_gain_control=False, noise_suppression=True)
    call.close()
    asked = [message["constraints"] for message in page.messages if message["type"] == "open_mic"]
    assert [[constraints[name] for name in PROCESSING] for constraints in asked] == [
        [True, False, True],
        [False, False, True],
        [False, True, False],
    ]


async def test_the_microphone_says_what_was_really_applied_to_it(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"deviceId": "usb", "echoCancellation": False, "noiseSuppression": True, "autoGainControl": False}
    page = FakeFrontEnd(monkeypatch, settings=settings)
    call = MicdropWidget(server.url)
    page.show(call)
    assert call.microphone is None
    await call.start()
    microphone = call.microphone
    assert microphone is not None
    assert (microphone.label, microphone.sample_rate) == ("Fake", 16_000)
    assert (microphone.echo_cancellation, microphone.noise_suppression, microphone.auto_gain_control) == (
        False,
        True,
        False,
    )
    await call.stop()
    assert call.microphone is None
    call.close()


async def test_a_handler_that_does_not_return_holds_up_neither_the_call_nor_the_traits(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    hangs, release, seen = threading.Event(), threading.Event(), []

    def hang(change: Any) -> None:
        hangs.set()
        release.wait(60)

    call.observe(hang, "isStarting")
    call.on("StateChange", lambda state, _: seen.append(state.isStarted))
    await call.start()
    assert await asyncio.to_thread(hangs.wait, 10)
    assert (call.isStarted, call.isMicStarted) == (True, True)
    await call.mute()
    assert call.isMuted
    await call.stop()
    assert (call.isStarted, seen) == (False, [])
    release.set()
    call.close()
    assert (seen[0], True in seen, seen[-1]) == (False, True, False), "in order, nothing is missing"


async def test_close_waits_a_while_for_handlers_and_for_a_call_that_does_not_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(MicdropWidget, "_close_s", 0.05)
    FakeFrontEnd(monkeypatch)
    call = MicdropWidget()
    release = threading.Event()
    call.on("StateChange", lambda *_: release.wait(60))
    await call.mute()

    async def never(*, graceful: bool = False) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(call._call.core, "stop", never)
    call.close()
    assert call._closed
    assert "did not end properly" in caplog.text
    assert call.comm is None
    release.set()
    call._handler_thread.stop()


async def test_an_end_that_fails_releases_everything_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    FakeFrontEnd(monkeypatch)
    call = MicdropWidget()

    async def fail(*, graceful: bool = False) -> None:
        raise OSError("of the disk")

    monkeypatch.setattr(call._call.core, "stop", fail)
    call.close()  # and the fixture sees that no thread is left
    assert call.comm is None
    assert "of the disk" in caplog.text


async def test_an_async_handler_runs_on_the_loop_of_its_cell(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    said: asyncio.Queue[object] = asyncio.Queue()  # of this loop
    call.on("Message", said.put)
    await call.start()
    assert await asyncio.wait_for(said.get(), 10) == call.conversation[0]
    call.close()


async def test_decorated_observers_of_a_subclass_are_handlers_too(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mine(MicdropWidget):
        @traitlets.observe("isStarted")
        def note(self, change: Any) -> None:
            seen.append((self, change.new, threading.current_thread().name))

    seen: list[tuple[Mine, bool, str]] = []
    page = FakeFrontEnd(monkeypatch)
    call = Mine(server.url)
    page.show(call)
    await call.start()
    call.close()
    assert seen == [(call, True, "micdrop-handlers"), (call, False, "micdrop-handlers")]


async def test_a_link_lets_another_widget_follow(server: MicdropServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    box = ipywidgets.Checkbox()
    traitlets.dlink((call, "isMuted"), (box, "value"))
    followed = threading.Event()
    box.observe(lambda change: followed.set(), "value")
    await call.mute()
    assert await asyncio.to_thread(followed.wait, 10)
    assert box.value
    call.close()
    box.close()


async def test_what_needs_a_cell_to_be_sent_is_sent_for_the_one_that_made_the_widget(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent: ContextVar[str] = ContextVar("parent")  # ipykernel 7.0 raises where it has no value
    parents: list[str] = []
    page = FakeFrontEnd(monkeypatch)
    publish = page.take

    def publish_for_a_cell(kind: str, data: dict[str, Any], buffers: list[bytes]) -> None:
        parents.append(parent.get())
        publish(kind, data, buffers)

    monkeypatch.setattr(page, "take", publish_for_a_cell)
    token = parent.set("the cell that made it")
    call = MicdropWidget(server.url)
    parent.reset(token)
    page.show(call)
    await call.start()
    parent.set("another cell")
    call.send_state("isMuted")
    call.close()
    assert ("comm_msg", "open_mic") in [(kind, data.get("content", {}).get("type")) for kind, data in page.published]
    assert set(parents) == {"the cell that made it", "another cell"}
