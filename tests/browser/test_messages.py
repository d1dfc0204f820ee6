"""The kernel's side of the comm messages, against the golden file that the front end's tests read too."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from micdrop_widget.browser import messages
from micdrop_widget.devices import Device, Microphone
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.protocol import TextMessage, ToolCallMessage, ToolResultMessage
from tests.paths import TESTS

GOLDEN = json.loads((TESTS / "comm_messages.json").read_text())
PCM = np.array([1, -1, -32768, 32767], dtype=np.int16)

EXPECTED_UP: list[messages.BrowserMessage | list[messages.BrowserMessage]] = [
    messages.Hello("f1"),
    messages.Bye("f1", page_gone=False),
    *(messages.Command("f1", name) for name in ("start", "stop", "take_over", "mute", "unmute", "pause", "resume")),
    messages.ChooseDevice("f1", "microphone", "usb"),
    messages.DevicesChanged("f1", (Device("usb", "USB"),), ()),
    messages.MicPrompting("f1", 3, 1780000000000.5),
    messages.MicOpened(
        "f1",
        3,
        Microphone(
            device_id="default",
            label="Built-in",
            sample_rate=16000,
            echo_cancellation=True,
            noise_suppression=True,
            auto_gain_control=True,
            mic_devices=(Device("default", "Built-in"),),
            speaker_devices=(Device("default", "Default"),),
        ),
    ),
    messages.MicFailed("f1", 3, "denied", "NotAllowedError: Permission denied"),
    messages.MicEnded("f1", 3),
    messages.Alive("f1", 3),
    (audio := messages.AudioFrame("f1", 3, 7, 3584, 1024, 1780000000123.5, PCM)),
    (heard := messages.HeardReport("f1", 2, 4800, 0)),
    messages.SpeakerFailed("f1", "usb", "NotFoundError: gone"),
    [heard, audio],
]


CONVERSATION = (
    TextMessage("user", "Will it rain?"),
    ToolCallMessage("c1", "forecast", "{}"),
    ToolResultMessage("c1", "forecast", '"dry"'),
    TextMessage("assistant", "No."),
)
DETAILS = {
    "partialAssistantMessage": "It may",
    "micDevices": (Device("usb", "USB"),),
    "speakerDevices": (Device("default", "Default"),),
    "error": MicdropError(MicdropErrorCode.Mic, "The microphone “USB” went away.", "Plug it in."),
}


def buffers(case: dict[str, Any]) -> list[memoryview]:
    return [memoryview(bytes.fromhex(case["buffer"]))] if "buffer" in case else []


@pytest.mark.parametrize(
    ("case", "expected"), list(zip(GOLDEN["up"], EXPECTED_UP, strict=True)), ids=lambda value: str(value)[:60]
)
def test_each_message_of_the_browser_is_read(
    case: dict[str, Any], expected: messages.BrowserMessage | list[messages.BrowserMessage]
) -> None:
    parsed = messages.parse_messages(case["content"], buffers(case))
    assert [comparable(message) for message in parsed] == [
        comparable(message) for message in (expected if isinstance(expected, list) else [expected])
    ]


def comparable(message: messages.BrowserMessage) -> object:
    return (*astuple(message)[:-1], message.pcm.tolist()) if isinstance(message, messages.AudioFrame) else message


def test_each_message_to_the_browser_is_written() -> None:
    play, samples = messages.play("f1", 2, 1600, PCM)
    processed = messages.Constraints(echoCancellation=True, noiseSuppression=True, autoGainControl=True)
    written = [
        messages.open_mic("f1", 3, None, processed),
        messages.close_mic(3),
        messages.alive("f1", 3),
        messages.ack("f1", 3, 7, 12.5),
        messages.vad_readout(0.75, math.nan),
        messages.conversation(3, CONVERSATION),
        messages.details({"partialAssistantMessage": "", "error": None}),
        messages.details(DETAILS, "f1"),
        play,
        messages.flush(3),
        messages.set_speaker("usb"),
        messages.bundle([messages.alive("f1", 3), messages.flush(3)]),
    ]
    assert written == [case["content"] for case in GOLDEN["down"]]
    (buffer,) = (case["buffer"] for case in GOLDEN["down"] if "buffer" in case)
    assert samples[0].hex() == buffer


def test_what_must_not_wait_fills_a_segment_of_the_loopback_interface() -> None:
    content, buffers = messages.with_nagle_filler(messages.flush(3))
    assert (content, len(buffers)) == (messages.flush(3), 1)
    play, samples = messages.play("f1", 2, 1600, PCM)
    content, buffers = messages.with_nagle_filler(play, samples)
    assert (content, buffers[0]) == (play, samples[0])
    assert len(buffers[1]) >= 65_483  # its MTU of 65 536 without the headers
    assert len(zlib.compress(buffers[1])) >= 65_483


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"type": "hello"},
        {"type": "hello", "from": 1},
        {"type": "sing", "from": "f1"},
        {"type": "bye", "from": "f1", "page_gone": 1},
        {"type": "mic_prompting", "from": "f1", "request": True, "sent_ms": 0},
        {"type": "choose_device", "from": "f1", "kind": "camera", "device_id": "usb"},
        {
            **{"type": "mic_opened", "from": "f1", "request": 1, "label": "", "sample_rate": 16000},
            **{"settings": {}, "microphones": [{}], "speakers": []},
        },
        {"type": "heard", "from": "f1", "epoch": 1, "samples": "all", "underruns": 0},
        {"type": "bundle", "from": "f1"},
        {"type": "bundle", "from": "f1", "contents": ["hello"]},
        {"type": "bundle", "from": "f1", "contents": [{"type": "bundle", "from": "f1", "contents": []}]},
        {"type": "audio", "from": "f1", "request": 1, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0},
    ],
)
def test_a_message_that_cannot_be_read_is_a_value_error(content: object) -> None:
    with pytest.raises(ValueError, match=r"expected|unexpected|unknown"):
        messages.parse_messages(content)


def test_half_a_sample_is_refused() -> None:
    content = {"type": "audio", "from": "f1", "request": 1, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0}
    with pytest.raises(ValueError, match="even number of bytes"):
        messages.parse_messages(content, [b"abc"])


def test_echo_cancellation_is_off_only_where_the_browser_says_so() -> None:
    def opened(settings: dict[str, Any]) -> bool:
        content = {"type": "mic_opened", "from": "f1", "request": 1, "label": "", "sample_rate": 16000}
        (message,) = messages.parse_messages({**content, "settings": settings, "microphones": [], "speakers": []})
        assert isinstance(message, messages.MicOpened)
        return message.microphone.echo_cancellation

    assert opened({"echoCancellation": True})
    assert opened({})
    assert not opened({"echoCancellation": False})
