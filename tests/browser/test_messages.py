"""The kernel's side of the comm messages, against the golden file that the front end's tests read too."""

from __future__ import annotations

import json
import math
import re
from dataclasses import astuple
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, strategies

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE
from micdrop_widget.browser import Timing, messages
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.protocol import TextMessage, ToolCallMessage, ToolResultMessage
from micdrop_widget.state.notices import NOTICES, NoticeCode
from tests.paths import TESTS

GOLDEN = json.loads((TESTS / "comm_messages.json").read_text())
PCM = np.array([1, -1, -32768, 32767], dtype=np.int16)

EXPECTED_UP: list[messages.BrowserMessage | list[messages.BrowserMessage]] = [
    messages.Hello("f1"),
    messages.Bye("f1", page_gone=False),
    *(
        messages.Command("f1", name)
        for name in ("start", "stop", "take_over", "mute", "unmute", "pause", "resume", "open_page")
    ),
    messages.ChooseDevice("f1", "microphone", "usb"),
    messages.DevicesChanged("f1", (Device("usb", "USB", "audioinput"),), ()),
    messages.MicPrompting("f1", 3, 1780000000000.5),
    messages.MicOpened(
        "f1",
        3,
        "Built-in",
        16000,
        messages.MicSettings("default", echo_cancellation=True, noise_suppression=True, auto_gain_control=True),
        (Device("default", "Built-in", "audioinput"),),
        (Device("default", "Default", "audiooutput"),),
    ),
    messages.MicFailed("f1", 3, "denied", "NotAllowedError: Permission denied"),
    messages.MicEnded("f1", 3),
    messages.MicSilent("f1", 3, is_silent=True),
    messages.Alive("f1", 3),
    (audio := messages.AudioFrame("f1", 3, 7, 3584, 1024, 1780000000123.5, PCM)),
    messages.CompandedAudioFrame(
        "f1", 3, 8, 3588, 1024, 1780000000155.5, np.array([0, 0, -32124, 32124], dtype=np.int16)
    ),
    (heard := messages.PlaybackProgress("f1", 2, 4800, 0, 1780000000120.5)),
    messages.PlayReceived("f1", 2, 9600, 1780000000150.5),
    messages.Probed("f1", 4),
    messages.PlaybackFailed("f1", 2, "blocked", "no click for 10 s"),
    messages.SpeakerFailed("f1", "usb", "NotFoundError: gone"),
    [heard, audio],
]


CONVERSATION = (
    TextMessage("user", "Will it rain?"),
    ToolCallMessage("c1", "forecast", "{}"),
    ToolResultMessage("c1", "forecast", '"dry"'),
    TextMessage("assistant", "No."),
)
STATE = {
    **dict.fromkeys(("isStarting", "isReconnecting", "isMuted", "isPaused", "isProcessing", "isMicMuted"), False),
    **dict.fromkeys(("isUserSpeaking", "isAssistantSpeaking", "_closed"), False),
    **dict.fromkeys(("isStarted", "isListening", "isMicStarted"), True),
    **{"micDeviceId": "usb", "speakerDeviceId": None, "_owner": "f1"},
}
DETAILS = {
    "partialAssistantMessage": "It may",
    "micDevices": (Device("usb", "USB", "audioinput"),),
    "speakerDevices": (Device("default", "Default", "audiooutput"),),
    "error": MicdropError(MicdropErrorCode.Mic, "The microphone “USB” went away.", "Plug it in."),
    "notices": (NOTICES[NoticeCode.NoAnswer],),
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
    play, samples = messages.play("f1", 2, 1600, PCM, awaits_ack=True)
    processed = messages.Constraints(echoCancellation=True, noiseSuppression=True, autoGainControl=True)
    written = [
        messages.open_mic("f1", 3, None, processed),
        messages.close_mic(3),
        messages.alive("f1", 3),
        messages.ack("f1", 3, 7, 2.5, 12.5),
        messages.vad_readout(0.75, math.nan),
        messages.conversation(3, CONVERSATION),
        messages.details({"partialAssistantMessage": "", "error": None}),
        messages.details(DETAILS, "f1"),
        play,
        messages.flush(3),
        messages.probe("f1", 4),
        messages.set_speaker("usb"),
        messages.page_address("f1", "http://127.0.0.1:8765/#abc"),
        messages.state(STATE),
        messages.bundle([messages.alive("f1", 3), messages.flush(3)]),
    ]
    assert written == [case["content"] for case in GOLDEN["down"]]
    (buffer,) = (case["buffer"] for case in GOLDEN["down"] if "buffer" in case)
    assert samples[0].hex() == buffer


def test_both_sides_know_the_same_constants() -> None:
    timing = Timing()
    assert GOLDEN["constants"] == {
        "sample_rate": SAMPLE_RATE,
        "frame_samples": FRAME_SAMPLES,
        "hold_ms": timing.hold_ms,
        "late_ms": timing.late_ms,
        "heartbeat_ms": 1000 * timing.heartbeat_s,
        "kernel_silent_ms": 4000,
    }


AUDIO = {"type": "audio", "from": "f1", "request": 1, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0}
OPENED = {"type": "mic_opened", "from": "f1", "request": 1, "label": "", "sample_rate": 16000}
OPENED = {**OPENED, "settings": {}, "microphones": [], "speakers": []}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "unknown message type None"),
        ([], "unknown message type None"),
        ({}, "unknown message type None"),
        ({"type": ["hello"], "from": "f1"}, "unknown message type ['hello']"),
        ({"type": "sing" * 99, "from": "f1"}, f"unknown message type {'sing' * 99!r:.40}"),
        ({"type": "hello"}, "hello: from: expected, but missing"),
        ({"type": "hello", "from": 1}, "hello: from: expected a text, got int"),
        ({"type": "hello", "from": "f" * 1001}, "hello: from: expected 1000 characters at most, got 1001"),
        ({"type": "bye", "from": "f1", "page_gone": 1}, "bye: page_gone: expected true or false, got int"),
        (
            {"type": "command", "from": "f1", "name": "dance"},
            "command: name: expected one of start, stop, take_over, mute, unmute, pause, resume, open_page, got str",
        ),
        (
            {"type": "choose_device", "from": "f1", "kind": "camera", "device_id": "usb"},
            "choose_device: kind: expected one of microphone, speaker, got str",
        ),
        ({"type": "mic_ended", "from": "f1", "request": True}, "mic_ended: request: expected a count, got bool"),
        ({"type": "mic_ended", "from": "f1", "request": -1}, "mic_ended: request: expected a count, got int"),
        ({"type": "mic_ended", "from": "f1", "request": 2**53 + 1}, "mic_ended: request: expected a count, got int"),
        ({"type": "mic_ended", "from": "f1", "request": 1.5}, "mic_ended: request: expected a count, got float"),
        (
            {"type": "mic_prompting", "from": "f1", "request": 1, "sent_ms": math.nan},
            "mic_prompting: sent_ms: expected a finite number, got nan",
        ),
        (
            {"type": "mic_prompting", "from": "f1", "request": 1, "sent_ms": 10**400},
            "mic_prompting: sent_ms: expected a finite number, got int",
        ),
        ({**OPENED, "microphones": [{}]}, "mic_opened: microphones: id: expected, but missing"),
        ({**OPENED, "microphones": [{}] * 257}, "mic_opened: microphones: expected 256 items at most, got 257"),
        ({**OPENED, "speakers": {}}, "mic_opened: speakers: expected a list, got dict"),
        ({**OPENED, "settings": []}, "mic_opened: settings: expected an object, got list"),
        (
            {**OPENED, "settings": {"noiseSuppression": 1}},
            "mic_opened: settings: noiseSuppression: expected true or false, got int / expected null, got int",
        ),
        ({**OPENED, "sample_rate": 0}, "mic_opened: sample_rate: expected a rate in Hz, got 0"),
        ({"type": "bundle", "from": "f1"}, "bundle: expected a list of 256 messages at most in contents"),
        (
            {"type": "bundle", "from": "f1", "contents": [{"type": "hello", "from": "f1"}] * 257},
            "bundle: expected a list of 256 messages at most in contents",
        ),
        ({"type": "bundle", "from": "f1", "contents": ["hello"]}, "unknown message type None"),
        (
            {"type": "bundle", "from": "f1", "contents": [{"type": "bundle", "from": "f1", "contents": []}]},
            "unknown message type 'bundle'",
        ),
        (AUDIO, "expected one buffer of samples, got 0"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_message_that_is_not_in_the_contract_is_refused_with_what_was_expected(content: object, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        messages.parse_messages(content)


@pytest.mark.parametrize(
    "case",
    [case for case in GOLDEN["up"] if case["content"]["type"] != "bundle"],
    ids=lambda case: str(case["content"])[:60],
)
def test_no_field_of_a_message_may_be_missing_or_of_another_type(case: dict[str, Any]) -> None:
    for name, value in case["content"].items():
        others: list[object] = ["x" * 1001, math.inf, None, [{}], *([] if name == "settings" else [{}])]
        without = {key: each for key, each in case["content"].items() if key != name}
        for content in (without, *({**case["content"], name: other} for other in others if other != value)):
            with pytest.raises(ValueError, match=r"expected|unknown"):
                messages.parse_messages(content, buffers(case))


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
)
KEYS = sorted({key for case in GOLDEN["up"] for key in case["content"]} - {"type"})


@given(
    kind=strategies.sampled_from([case["content"]["type"] for case in GOLDEN["up"]]),
    fields=strategies.dictionaries(strategies.sampled_from(KEYS), JSON),
    buffer=strategies.binary(max_size=8),
)
def test_whatever_a_stranger_sends_is_read_or_refused(kind: str, fields: dict[str, Any], buffer: bytes) -> None:
    try:
        parsed = messages.parse_messages({"type": kind, **fields}, [buffer])
    except ValueError:
        return
    assert all(isinstance(message, get_args(messages.BrowserMessage)) for message in parsed)


def test_samples_are_whole_and_not_without_end() -> None:
    with pytest.raises(ValueError, match="even number of bytes, got 3"):
        messages.parse_messages(AUDIO, [b"abc"])
    with pytest.raises(ValueError, match="1048576 bytes at most, got 1048578"):
        messages.parse_messages(AUDIO, [bytes((1 << 20) + 2)])


def test_echo_cancellation_is_off_only_where_the_browser_says_so() -> None:
    def opened(settings: dict[str, Any]) -> bool:
        (message,) = messages.parse_messages({**OPENED, "settings": settings})
        assert isinstance(message, messages.MicOpened)
        return message.microphone.echo_cancellation

    assert opened({"echoCancellation": True})
    assert opened({})
    assert opened({"echoCancellation": "remote-only"})
    assert not opened({"echoCancellation": False})
