"""The kernel's side of the comm messages, against the golden file that the front end's tests read too."""

from __future__ import annotations

import gc
import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micdrop_widget import _comm
from micdrop_widget._comm import status as status_module
from micdrop_widget.sources import Microphone
from micdrop_widget.state import Device

GOLDEN = json.loads((Path(__file__).parent / "comm_messages.json").read_text())
PCM = np.array([1, -1, -32768, 32767], dtype=np.int16)

EXPECTED_UP: list[_comm.BrowserMessage] = [
    _comm.Hello("f1"),
    _comm.Bye("f1", page_gone=False),
    *(_comm.Command("f1", name) for name in ("start", "stop", "take_over", "mute", "unmute", "pause", "resume")),
    _comm.ChooseDevice("f1", "microphone", "usb"),
    _comm.DevicesChanged("f1", (Device("usb", "USB"),), ()),
    _comm.MicPrompting("f1", 3, 1780000000000.5),
    _comm.MicOpened(
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
    _comm.MicFailed("f1", 3, "denied", "NotAllowedError: Permission denied"),
    _comm.MicEnded("f1", 3),
    _comm.Alive("f1", 3),
    _comm.AudioFrame("f1", 3, 7, 3584, 1024, 1780000000123.5, PCM),
    _comm.HeardReport("f1", 2, 4800, 0),
    _comm.SpeakerFailed("f1", "usb", "NotFoundError: gone"),
]


def buffers(case: dict[str, Any]) -> list[memoryview]:
    return [memoryview(bytes.fromhex(case["buffer"]))] if "buffer" in case else []


@pytest.mark.parametrize(
    ("case", "expected"), list(zip(GOLDEN["up"], EXPECTED_UP, strict=True)), ids=lambda value: str(value)[:60]
)
def test_each_message_of_the_browser_is_read(case: dict[str, Any], expected: _comm.BrowserMessage) -> None:
    parsed = _comm.parse_message(case["content"], buffers(case))
    if isinstance(expected, _comm.AudioFrame):
        assert isinstance(parsed, _comm.AudioFrame)
        assert np.array_equal(parsed.pcm, expected.pcm)
        assert (parsed.seq, parsed.position, parsed.dropped, parsed.sent_ms) == (7, 3584, 1024, 1780000000123.5)
    else:
        assert parsed == expected


def test_each_message_to_the_browser_is_written() -> None:
    play, samples = _comm.play("f1", 2, 1600, PCM)
    processed = _comm.Constraints(echoCancellation=True, noiseSuppression=True, autoGainControl=True)
    written = [
        _comm.open_mic("f1", 3, None, processed),
        _comm.close_mic(3),
        _comm.alive("f1", 3),
        _comm.ack("f1", 3, 7, 12.5),
        _comm.hearing(0.75, math.nan),
        play,
        _comm.flush(3),
        _comm.set_speaker("usb"),
    ]
    assert written == [case["content"] for case in GOLDEN["down"]]
    assert samples[0].hex() == GOLDEN["down"][5]["buffer"]


def test_what_must_not_wait_fills_a_segment_of_the_loopback_interface() -> None:
    content, buffers = _comm.at_once(_comm.flush(3))
    assert (content, len(buffers)) == (_comm.flush(3), 1)
    play, samples = _comm.play("f1", 2, 1600, PCM)
    content, buffers = _comm.at_once(play, samples)
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
        {"type": "audio", "from": "f1", "request": 1, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0},
    ],
)
def test_a_message_that_cannot_be_read_is_a_value_error(content: object) -> None:
    with pytest.raises(ValueError, match=r"expected|unexpected|unknown"):
        _comm.parse_message(content)


def test_half_a_sample_is_refused() -> None:
    content = {"type": "audio", "from": "f1", "request": 1, "seq": 0, "position": 0, "dropped": 0, "sent_ms": 0}
    with pytest.raises(ValueError, match="even number of bytes"):
        _comm.parse_message(content, [b"abc"])


def test_echo_cancellation_is_off_only_where_the_browser_says_so() -> None:
    def opened(settings: dict[str, Any]) -> bool:
        content = {"type": "mic_opened", "from": "f1", "request": 1, "label": "", "sample_rate": 16000}
        message = _comm.parse_message({**content, "settings": settings, "microphones": [], "speakers": []})
        assert isinstance(message, _comm.MicOpened)
        return message.microphone.echo_cancellation

    assert opened({"echoCancellation": True})
    assert opened({})
    assert not opened({"echoCancellation": False})


def test_the_routing_of_ipykernel_is_overridden_where_there_is_one() -> None:
    class Routed:
        def _reply_subshell_for(self, data: object, default: str) -> str:
            return "the main thread"

    routed = Routed()
    _comm.honour_front_end_routing(routed)
    assert routed._reply_subshell_for({}, "the front end's") == "the front end's"
    plain = object()
    _comm.honour_front_end_routing(plain)


class FakeKernel:
    """As much of ipykernel's Kernel as says busy and idle."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.handled: dict[str, Any] = {}

    def get_parent(self, channel: str) -> dict[str, Any]:
        return self.handled if channel == "shell" else {}

    def _publish_status(self, status: str, channel: str, parent: dict[str, Any] | None = None) -> None:
        header = (parent or self.get_parent(channel)).get("header", {})
        self.published.append((status, header.get("msg_id", "")))

    def say(self, status: str, msg_id: str, msg_type: str = "execute_request", **content: str) -> list[tuple[str, str]]:
        """Say a status of a message; return all that was said since."""
        self.handled = {"header": {"msg_id": msg_id, "msg_type": msg_type}, "content": content}
        self.published.clear()
        self._publish_status(status, "shell")
        return [*self.published]

    def handle(self, msg_type: str, **content: str) -> list[str]:
        """Say busy and idle around a message; return what was said."""
        said = [*self.say("busy", "1", msg_type, **content), *self.say("idle", "1", msg_type, **content)]
        return [status for status, _ in said]


class FakeComm:
    """As much of a comm as tells whose it is."""

    def __init__(self, comm_id: str, kernel: object) -> None:
        self.comm_id = comm_id
        self.kernel = kernel


def test_the_kernel_is_not_busy_for_a_message_of_ours() -> None:
    kernel = FakeKernel()
    first, second = FakeComm("1", kernel), FakeComm("2", kernel)
    say_idle = _comm.stay_idle(first)
    method = kernel._publish_status
    _comm.stay_idle(second)
    assert kernel._publish_status is method, "one for all comms"
    assert kernel.handle("comm_msg", comm_id="1") == kernel.handle("comm_msg", comm_id="2") == []
    say_idle()
    assert kernel.published == [("idle", "1")] * 2
    say_idle()
    assert len(kernel.published) == 2, "said once"
    assert kernel.handle("comm_msg", comm_id="a slider's") == ["busy", "idle"]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle"]
    kernel._publish_status("busy", "control")
    assert kernel.published[-1] == ("busy", "")
    del second
    gc.collect()
    assert kernel.handle("comm_msg", comm_id="2") == ["busy", "idle"], "closed: nothing is kept of it"


def test_idle_is_said_also_where_the_kernel_says_none_of_what_was_taken_from_it() -> None:
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    say_idle = _comm.stay_idle(comm)
    kernel.say("busy", "f1", "comm_msg", comm_id="1")
    say_idle()
    assert kernel.published == [("idle", "f1")]


def test_a_message_whose_content_was_not_read_is_not_ours() -> None:
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    _comm.stay_idle(comm)
    kernel.handled = {"header": {"msg_id": "1", "msg_type": "comm_msg"}, "content": b'{"comm_id": "1"}'}
    kernel._publish_status("busy", "shell")
    assert kernel.published == [("busy", "1")]


def test_idle_is_said_by_itself_where_nobody_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "_WAITING", 3)
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    _comm.stay_idle(comm)
    assert [kernel.handle("comm_msg", comm_id="1") for _ in range(4)] == [[], [], ["idle"] * 3, []]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle", "idle"]


def test_a_cell_that_runs_stays_busy_and_idle_is_said_of_every_message_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 1e9)
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    say_idle = _comm.stay_idle(comm)

    def frame(msg_id: str) -> list[tuple[str, str]]:
        kernel.say("busy", msg_id, "comm_msg", comm_id="1")
        kernel.say("idle", msg_id, "comm_msg", comm_id="1")
        say_idle()
        return [*kernel.published]

    assert frame("f0") == [("idle", "f0")]
    assert kernel.say("busy", "cell") == [("busy", "cell")]
    assert frame("f1") == frame("f2") == []
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 0)
    assert frame("f3") == [("idle", "f1"), ("idle", "f2"), ("idle", "f3"), ("busy", "cell")]
    kernel.published.clear()
    say_idle()
    assert kernel.published == [], "nothing to say"
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 1e9)
    assert frame("f4") == []
    assert kernel.say("idle", "cell") == [("idle", "f4"), ("idle", "cell")]
    assert frame("f5") == [("idle", "f5")]


@pytest.mark.parametrize("comm", [object(), FakeComm("1", None)])
def test_without_ipykernel_nothing_is_overridden(comm: object) -> None:
    _comm.stay_idle(comm)()
    _comm.deliver_directly(comm, Taker().take)


class Taker:
    """What a widget does with a message."""

    def __init__(self) -> None:
        self.taken: list[tuple[object, list[memoryview]]] = []

    def take(self, content: object, buffers: Sequence[memoryview]) -> None:
        if content == "impossible":
            raise RuntimeError(content)
        self.taken.append((content, [*buffers]))


class HandlingKernel:
    """As much of ipykernel's Kernel as decides what is handled the long way."""

    def should_handle(self, stream: object, message: dict[str, Any], idents: object) -> object:
        return "the long way"

    def get(self, msg_type: str, buffers: Sequence[memoryview] = (), **content: Any) -> object:
        """Get a message, as `Kernel.dispatch_shell` does; return what is to be done with it."""
        message = {"header": {"msg_type": msg_type}, "content": content, "buffers": [*buffers]}
        return self.should_handle(None, message, [])


def custom(content: object) -> dict[str, object]:
    return {"method": "custom", "content": content}


def test_custom_messages_of_ours_are_delivered_without_the_bookkeeping_of_a_cell(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kernel, taker, other = HandlingKernel(), Taker(), Taker()
    _comm.deliver_directly(FakeComm("1", kernel), taker.take)
    method = kernel.should_handle
    _comm.deliver_directly(FakeComm("2", kernel), other.take)
    assert kernel.should_handle is method, "one for all comms"
    samples = memoryview(b"samples")
    assert kernel.get("comm_msg", [samples], comm_id="1", data=custom("frame")) is False
    assert taker.taken == [("frame", [samples])]
    assert other.taken == []
    assert kernel.get("comm_msg", comm_id="1", data={"method": "request_state"}) == "the long way"
    assert kernel.get("comm_msg", comm_id="a slider's", data=custom("frame")) == "the long way"
    assert kernel.get("comm_msg", comm_id="1") == "the long way"
    assert kernel.get("execute_request", code="1") == "the long way"
    assert len(taker.taken) == 1
    assert kernel.get("comm_msg", comm_id="1", data=custom("impossible")) is False, "it must not be handled twice"
    assert "impossible" in caplog.text
    del other
    gc.collect()
    assert kernel.get("comm_msg", comm_id="2", data=custom("frame")) == "the long way"
    assert vars(kernel.should_handle)["takers"].keys() == {"1"}, "nothing is kept of it"
