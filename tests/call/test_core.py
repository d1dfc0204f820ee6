"""What both clients stand on, with a listener of the test's own and no client around it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from micdrop_widget import MicdropError, MicdropErrorCode, VirtualSpeaker
from micdrop_widget.call.core import CallCore
from micdrop_widget.call.options import CallOptions
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import Phase
from micdrop_widget.vad import Status
from tests.analysis.scripted import LoudnessVAD
from tests.harness.callers import LoudVAD, Mic, turns_over
from tests.harness.leaks import until
from tests.harness.servers import hold, scripted, serve_tcp, silent_after_accept

pytestmark = pytest.mark.usefixtures("clean_loop")


class Listener:
    """Notes all that a call reports."""

    def __init__(self) -> None:
        self.events: list[tuple[EventName, tuple[Any, ...]]] = []
        self.speech: list[SpeechEventName] = []
        self.lines: list[str] = []

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        self.events.append((event, arguments))

    def on_speech_event(self, event: SpeechEventName) -> None:
        self.speech.append(event)

    def observes_levels(self) -> bool:
        return False

    def on_log_line(self, line: str) -> None:
        self.lines.append(line)


def core(url: str | None = None, **options: Any) -> tuple[CallCore, Mic, Listener]:
    mic, listener = Mic(), Listener()
    made = CallOptions.of({"url": url, "vad": LoudVAD(), **options})
    return CallCore(made, mic, VirtualSpeaker(pace="fast"), listener), mic, listener


async def test_a_listener_gets_events_speech_events_and_log_lines() -> None:
    async with scripted(hold) as url:
        call, mic, listener = core(url, debug_log=True)
        await call.start()
        mic.say(turns_over(3))
        await until(lambda: len(listener.speech) == 3)
        await call.stop()
    assert listener.speech == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
    assert call.speech_status is Status.SILENCE
    assert {event for event, _ in listener.events} == {"StateChange", "Turn"}
    what = [line.partition(" s  ")[2] for line in listener.lines]
    assert [line for line in what if not line.startswith("state")] == [
        "asks for the microphone",
        "connects",
        "sends StartSpeaking",
        "sends StopSpeaking",
        "releases the microphone",
    ]


async def test_a_start_that_is_cancelled_is_given_up() -> None:
    async with serve_tcp(silent_after_accept) as url:
        call, mic, _ = core(url)
        starting = asyncio.ensure_future(call.start())
        await until(lambda: call.phase is Phase.CONNECTING)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert call.phase is Phase.IDLE
        await call.stop()
        assert mic.opened == mic.closed == 1


async def test_the_microphone_first_then_another_one_then_elsewhere() -> None:
    call, mic, _ = core()
    await call.change_mic_device("usb")
    assert mic.opened == 0
    await call.start_mic(device_id="usb")
    assert call.microphone is not None
    await call.change_mic_device("room")
    await call.move_mic()
    assert (mic.opened, mic.closed) == (3, 2)
    await call.stop()


async def test_a_microphone_that_cannot_be_opened_is_an_error_of_who_asked_for_it() -> None:
    call, mic, _ = core()

    async def refuse(device_id: str | None) -> Any:
        raise MicdropError(MicdropErrorCode.Mic, "It is gone.", "Plug it in.")

    await call.start_mic()
    mic.open = refuse  # type: ignore[method-assign]
    with pytest.raises(MicdropError, match=r"It is gone\. Plug it in\."):
        await call.move_mic()
    with pytest.raises(MicdropError, match="It is gone"):
        await call.start_mic()
    await call.stop()


async def test_other_detectors_open_the_microphone_again_and_wrong_options_change_nothing() -> None:
    call, mic, _ = core()
    await call.start_mic()
    before = call.options
    with pytest.raises(TypeError, match="did you mean 'vad'"):
        call.merge({"vadd": "volume"})
    assert call.options is before
    call.merge({"debug_log": True})
    assert mic.opened == 1
    other = LoudVAD()
    await call.start_mic({"vad": other})
    await until(lambda: mic.opened == 2)
    assert call.detector is other
    await call.stop()


async def test_a_recording_that_cannot_be_written_is_a_failed_start(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    async with scripted(hold) as url:
        call, mic, listener = core(url, record=folder / "call.wav")
        folder.rmdir()
        with pytest.raises(MicdropError, match=r"gone/call\.wav' cannot be written \(No such file or directory\)"):
            await call.start()
        assert [event for event, _ in listener.events] == ["StateChange", "Error"]
        assert (call.phase, call.recording, mic.opened) == (Phase.IDLE, None, 0)
        await call.start({"record": False})
        await call.stop()


async def test_what_happens_in_a_call_is_in_its_log_and_in_its_recording() -> None:
    async with scripted(hold) as url:
        call, mic, listener = core(url)
        await call.start()
        mic.say(turns_over(3))
        await until(lambda: len(listener.speech) == 3)
        await call.stop()
        first = call.events
        assert call.recording is not None
        assert call.recording.events is first
        assert call.recording.turns == call.turns
        names = [event.name for event in first if event.name != "StateChange"]
        assert names == [
            "Start",
            "MicrophoneOpened",
            "ConnectionOpened",
            "vad.StartSpeaking",
            "vad.ConfirmSpeaking",
            "sent.StartSpeaking",
            "vad.StopSpeaking",
            "sent.StopSpeaking",
            "Turn",
        ]
        times = [event.time_ms for event in first]
        assert times == sorted(times)
        assert times[0] == 0
        samples = [event.sample for event in first]
        assert samples == sorted(samples)
        assert first.spans("isStarted", times[-1] + 1)[0][1] == times[-1]
        kept, turns = list(first), call.recording.turns
        earlier = call.recording
        await call.start()
        await call.stop()
    assert list(first) == kept
    assert earlier.turns == turns
    assert call.events is not first


async def test_the_recording_has_the_probability_of_speech_of_each_window_that_was_listened_to() -> None:
    async with scripted(hold) as url:
        call, mic, _ = core(url, vad=LoudnessVAD())
        await call.start()
        windows = np.repeat(np.array([0, 8192, 16_384, 0], np.int16), 512)
        mic.say(windows)
        await until(lambda: call.recording is not None and np.count_nonzero(call.recording.microphone) == 1024)
        assert call.recording is not None
        await call.stop()
    found = call.recording.speech_probability
    assert_allclose(found[~np.isnan(found)], [0, 0.25, 0.5, 0], atol=1 / 508)
