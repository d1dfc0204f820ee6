"""A front end without a browser: answers a widget's messages as the panel does, at the speed of the machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from comm.base_comm import BaseComm

from micdrop_widget._threads import WorkerThread
from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_from_bytes, pcm_to_bytes
from micdrop_widget.jupyter.widget import MicdropWidget

SETTINGS = {"deviceId": "default", "label": "Fake", "echoCancellation": True}


class FakeComm(BaseComm):
    """A comm whose messages go to a `FakeFrontEnd` instead of a browser."""

    front_end: FakeFrontEnd | None = None

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        if self.front_end is not None:
            self.front_end.take(msg_type, data or {}, buffers or [])


class FakeFrontEnd:
    """One page that shows one widget.

    Parameters
    ----------
    monkeypatch
        Puts the fake comm in place of the kernel's.
    refusal
        A reason of `mic_failed` instead.
    settings
        What the opened microphone reports of itself.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        refusal: str | None = None,
        settings: dict[str, Any] = SETTINGS,
    ) -> None:
        self.name = "page-1"
        self.messages: list[dict[str, Any]] = []
        """Every custom message of the widget, without its buffers; those that carry its state are in the next two."""
        self.details: dict[str, Any] = {}
        self.conversation: list[dict[str, Any]] = []
        self.published: list[Any] = []
        """Everything that went over the comm, buffers left out."""
        self.heard: list[Pcm] = []
        self.mic_open = False
        self.request = 0
        self.answers = True
        """Whether it tells the kernel that it is still there."""
        self.plays = True
        """Whether what it is given to play is heard, at once."""
        self._refusal = refusal
        self._settings = settings
        self._comm: FakeComm | None = None
        self._epoch_samples: dict[int, int] = {}
        self._lock = threading.Lock()
        self._worker = WorkerThread("fake-front-end", idle_s=1)
        monkeypatch.setattr("comm.create_comm", self._create_comm)

    def show(self, widget: MicdropWidget) -> None:
        """Show the panel of a widget made after this front end."""
        assert isinstance(widget.comm, FakeComm)
        self._comm = widget.comm
        self.send({"type": "hello"})

    def press(self, command: str) -> None:
        """Press something in the panel."""
        self.send({"type": "command", "name": command})

    def leave(self, *, page_gone: bool) -> None:
        """Remove the panel from the page, or the page itself; either releases the microphone."""
        self.mic_open = False
        self.send({"type": "bye", "page_gone": page_gone})

    def speak(self, pcm: Pcm) -> None:
        """Send samples as the capture worklet does."""
        for number, start in enumerate(range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)):
            self.send(
                {
                    "type": "audio",
                    "request": self.request,
                    "seq": number,
                    "position": start,
                    "dropped": 0,
                    "sent_ms": time.time() * 1000,
                },
                [pcm_to_bytes(pcm[start : start + FRAME_SAMPLES])],
            )

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message."""
        self._handle({"method": "custom", "content": {"from": self.name, **content}}, buffers)

    def write_traits(self, traits: dict[str, Any]) -> None:
        """Try to write traits, as a front end must not."""
        self._handle({"method": "update", "state": traits, "buffer_paths": []}, None)

    def types(self) -> list[str]:
        """Return the types of the custom messages so far."""
        return [message["type"] for message in self.messages]

    def take(self, kind: str, data: dict[str, Any], buffers: list[bytes]) -> None:
        """Take what the widget publishes; answers come from a thread of their own, as from a kernel's."""
        self.published.append((kind, data))
        if kind != "comm_msg" or data.get("method") != "custom":
            return
        content = data["content"]
        for each in content["contents"] if content["type"] == "bundle" else [content]:
            self._receive(each, buffers)

    def _receive(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content["type"] in ("details", "conversation"):
            self._follow(content)
            return
        self.messages.append(content)
        if content.get("to") in (None, self.name):
            answers: dict[str, Callable[[], None]] = {
                "open_mic": lambda: self._open(content["request"]),
                "close_mic": self._release,
                "probe": lambda: self.send({"type": "probed", "number": content["number"]}),
                "alive": lambda: self._answer(content["request"]),
                "play": lambda: self._play(content["epoch"], buffers[0]),
            }
            answer = answers.get(content["type"])
            if answer is not None:
                self._worker.post(answer)  # in the order of the messages, as a page answers

    def _follow(self, content: dict[str, Any]) -> None:
        if content["to"] not in (None, self.name):
            return
        if content["type"] == "details":
            self.details.update(content["fields"])
        elif content["from"] <= len(self.conversation):
            self.conversation[content["from"] :] = content["items"]

    def _open(self, request: int) -> None:
        self.request = request
        self.send({"type": "mic_prompting", "request": request, "sent_ms": time.time() * 1000})
        if self._refusal is not None:
            self.send({"type": "mic_failed", "request": request, "reason": self._refusal, "detail": "Fake"})
            return
        self.mic_open = True
        opened = {"type": "mic_opened", "request": request, "label": "Fake", "sample_rate": 16000}
        self.send(
            {**opened, "settings": self._settings, "microphones": [{"id": "default", "label": "Fake"}], "speakers": []}
        )

    def _answer(self, request: int) -> None:
        if self.answers:
            self.send({"type": "alive", "request": request})

    def _release(self) -> None:
        self.mic_open = False

    def _play(self, epoch: int, buffer: bytes) -> None:
        if not self.plays:
            return
        with self._lock:
            pcm = pcm_from_bytes(buffer)
            self.heard.append(pcm)
            samples = self._epoch_samples[epoch] = self._epoch_samples.get(epoch, 0) + len(pcm)
        self.send({"type": "heard", "epoch": epoch, "samples": samples, "underruns": 0, "heard_ms": time.time() * 1000})

    def _create_comm(self, *arguments: Any, **options: Any) -> FakeComm:
        comm = FakeComm(*arguments, **options)
        if comm.target_name == "jupyter.widget":
            comm.front_end = self
        return comm

    def _handle(self, data: dict[str, Any], buffers: list[bytes] | None) -> None:
        assert self._comm is not None, "show() the widget first"
        self._comm.handle_msg({"content": {"data": data}, "buffers": [memoryview(b) for b in buffers or []]})
