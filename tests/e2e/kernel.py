"""Looking into a notebook's kernel past the notebook: a second client on the same kernel."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient


class KernelEvaluationError(AssertionError):
    """The kernel raised while it evaluated; the message holds its traceback's last line."""


class Kernel:
    """A second client of a running kernel; silent, so that neither history nor prompts change.

    By default a question is answered on a *subshell* of our own (ipykernel 7 or newer), so that it is
    answered while a cell runs. A kernel without subshells answers on its main thread, when its cell is done.

    Ask, do not act: what sends comm messages from here (a method of the widget, a trait set) makes
    ipykernel 7.4 route the browser's next messages to *this* subshell. `execute` with
    ``while_busy=False`` acts as a cell would.
    """

    def __init__(self, connection_file: Path) -> None:
        self._client = BlockingKernelClient(connection_file=str(connection_file))
        self._client.load_connection_file()
        self._client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=True)
        self._subshell = self._create_subshell()

    @property
    def has_subshells(self) -> bool:
        """Whether the kernel answers while it is busy."""
        return self._subshell is not None

    def eval(self, expression: str, *, timeout: float = 10, while_busy: bool = True) -> Any:
        """Evaluate in the notebook's namespace.

        Parameters
        ----------
        expression
            Its value must be JSON; numpy scalars and arrays and tuples are turned into it.
        timeout
            Seconds.
        while_busy
            False queues the question behind the running cell, on the main thread.

        Raises
        ------
        KernelEvaluationError
            The expression raised.
        TimeoutError
            No answer in time.
        """
        wrapped = f"__import__('json').dumps({expression}, default=lambda o: o.tolist())"
        reply = self._ask({"value": wrapped}, "", timeout, while_busy)
        answer = reply["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise KernelEvaluationError(f"{expression}: {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def execute(self, code: str, *, timeout: float = 10, while_busy: bool = False) -> None:
        """Run statements in the notebook's namespace, on the main thread unless `while_busy`.

        Raises
        ------
        KernelEvaluationError
            The code raised.
        TimeoutError
            No answer in time.
        """
        reply = self._ask({}, code, timeout, while_busy)
        if reply["status"] != "ok":
            raise KernelEvaluationError(f"{reply.get('ename')}: {reply.get('evalue')}")

    def until(self, expression: str, *, timeout: float = 15, every_s: float = 0.05) -> Any:
        """Ask again and again until the expression is true; return its value.

        Parameters
        ----------
        expression
            Python, evaluated in the kernel.
        timeout
            In seconds.
        every_s
            The time between two questions. Each is broadcast to the page, too: over a slow line, ask rarely.

        Raises
        ------
        TimeoutError
            It never was; the message holds its last value.
        """
        deadline = time.monotonic() + timeout
        while not (value := self.eval(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} is still {value!r} after {timeout} s")
            time.sleep(every_s)
        return value

    def close(self) -> None:
        """Disconnect; the kernel lives on."""
        if self._subshell is not None:
            self._control("delete_subshell_request", {"subshell_id": self._subshell})
            self._subshell = None
        self._client.stop_channels()

    def _ask(self, expressions: Mapping[str, str], code: str, timeout: float, while_busy: bool) -> dict[str, Any]:
        content = {
            "code": code,
            "silent": True,
            "store_history": False,
            "user_expressions": dict(expressions),
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self._client.session.msg("execute_request", content)
        if while_busy and self._subshell is not None:
            message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)
        return self._answer_to(message, timeout)

    def _answer_to(self, message: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            try:
                reply = self._client.get_shell_msg(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise TimeoutError(f"the kernel did not answer within {timeout} s") from None
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return dict(reply["content"])

    def _control(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        message = self._client.session.msg(kind, dict(content))
        self._client.control_channel.send(message)
        try:
            return dict(self._client.get_control_msg(timeout=5)["content"])
        except Empty:
            return {}

    def _create_subshell(self) -> str | None:
        reply = self._control("create_subshell_request", {})
        return str(reply["subshell_id"]) if reply.get("status") == "ok" else None
