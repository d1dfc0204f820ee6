"""A real kernel, and a page in Python that speaks to its widget with real, signed comm messages."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from queue import Empty
from typing import Any

from jupyter_client.manager import start_new_kernel

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_from_bytes, pcm_to_bytes

__all__ = ["KernelPage"]

_PAGE = "page-1"


class KernelPage:
    """A kernel of its own, and a page that answers the one widget in it as the panel does.

    Everything is done by the thread that asks for it: messages of the kernel are read, and answered, while one of
    the methods waits.

    Parameters
    ----------
    environment
        What the kernel gets beside that of this process.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._manager, self._client = start_new_kernel(startup_timeout=120, env={**os.environ, **(environment or {})})
        self.statuses: list[tuple[str, str]] = []
        """Each status that the kernel has published, and the id of the message it was published for."""
        self.messages: list[dict[str, Any]] = []
        """Every custom message of the widget."""
        self.traits: dict[str, Any] = {}
        """The widget's traits as the page knows them."""
        self.played: list[Pcm] = []
        self._comm_id = ""
        self._request = 0
        self._epoch_samples: dict[int, int] = {}

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def execute(self, code: str, *, timeout_s: float = 60) -> None:
        """Run a cell to its end."""
        reply = self.reply_to(self.begin(code), timeout_s)
        assert reply["status"] == "ok", "\n".join(reply["traceback"])

    def begin(self, code: str) -> str:
        """Begin a cell, and return the id of its message."""
        return str(self._client.execute(code, allow_stdin=False))

    def eval(self, expression: str, *, timeout_s: float = 60) -> Any:
        """Evaluate, on the main thread, something whose value is JSON."""
        wrapped = f"__import__('json').dumps({expression})"
        asked = self._client.execute("", user_expressions={"value": wrapped}, allow_stdin=False)
        answer = self.reply_to(asked, timeout_s)["user_expressions"]["value"]
        assert answer["status"] == "ok", f"{expression}: {answer['ename']}: {answer['evalue']}"
        text: str = answer["data"]["text/plain"]
        return json.loads(text[1:-1].encode().decode("unicode_escape"))

    def reply_to(self, msg_id: str, timeout_s: float = 60) -> dict[str, Any]:
        """Wait for a cell, and return its reply."""
        replies: list[dict[str, Any]] = []

        def arrived() -> bool:
            try:
                reply = self._client.get_shell_msg(timeout=0)
            except Empty:
                return False
            if reply["parent_header"].get("msg_id") == msg_id:
                replies.append(reply["content"])
            return bool(replies)

        self.until(arrived, timeout_s)
        return replies[0]

    def until(self, reached: Callable[[], object], timeout_s: float = 60) -> None:
        """Read what the kernel publishes, and answer it, until something has come about."""
        end_s = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < end_s, "it never came about"
            try:
                self._receive(self._client.get_iopub_msg(timeout=0.02))
            except Empty:
                continue

    def show(self) -> None:
        """Show the panel."""
        self.until(lambda: self._comm_id)
        self.send({"type": "hello"})

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> str:
        """Send the widget a custom message, and return its id."""
        return self.send_comm({"method": "custom", "content": {"from": _PAGE, **content}}, buffers)

    def send_comm(self, data: dict[str, Any], buffers: list[bytes] | None = None) -> str:
        """Send a message on the widget's comm, and return its id."""
        message = self._client.session.msg("comm_msg", {"comm_id": self._comm_id, "data": data})
        message["buffers"] = buffers or []
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def press(self, command: str) -> None:
        """Press something in the panel."""
        self.send({"type": "command", "name": command})

    def speak(self, pcm: Pcm) -> None:
        """Send samples as the capture worklet does, but as fast as they go."""
        for number, start in enumerate(range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)):
            frame = {"type": "audio", "request": self._request, "seq": number, "position": start, "dropped": 0}
            samples = pcm[start : start + FRAME_SAMPLES]
            self.send({**frame, "sent_ms": time.time() * 1000}, [pcm_to_bytes(samples)])

    def _receive(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["header"]["msg_type"]:
            case "status":
                self.statuses.append((content["execution_state"], message["parent_header"].get("msg_id", "")))
            case "comm_open" if content["data"].get("state", {}).get("_anywidget_id"):
                self._comm_id = content["comm_id"]
                self.traits = content["data"]["state"]
            case "comm_msg" if content["comm_id"] == self._comm_id and content["data"]["method"] == "update":
                self.traits |= content["data"]["state"]
            case "comm_msg" if content["comm_id"] == self._comm_id and content["data"]["method"] == "custom":
                custom = content["data"]["content"]
                for each in custom["contents"] if custom["type"] == "bundle" else [custom]:
                    self._answer(each, message["buffers"])

    def _answer(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        self.messages.append(content)
        match content["type"]:
            case "open_mic":
                self._request = content["request"]
                opened = {"type": "mic_opened", "request": self._request, "label": "Fake", "sample_rate": 16_000}
                settings = {"deviceId": "default", "echoCancellation": True}
                devices = {"microphones": [{"id": "default", "label": "Fake"}], "speakers": []}
                self.send({"type": "mic_prompting", "request": self._request, "sent_ms": time.time() * 1000})
                self.send({**opened, "settings": settings, **devices})
            case "probe":
                self.send({"type": "probed", "number": content["number"]})
            case "alive":
                self.send({"type": "alive", "request": content["request"]})
            case "play":
                pcm, epoch = pcm_from_bytes(bytes(buffers[0])), content["epoch"]
                self.played.append(pcm)
                self._epoch_samples[epoch] = self._epoch_samples.get(epoch, 0) + len(pcm)
                report = {
                    "type": "heard",
                    "epoch": epoch,
                    "samples": self._epoch_samples[epoch],
                    "underruns": 0,
                    "heard_ms": time.time() * 1000,
                }
                self.send(report)
