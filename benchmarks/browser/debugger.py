"""A bare debugger of a page: unlike playwright's it watches nothing, and so leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

__all__ = ["Debugger", "debugger"]

_ANSWER_LIMIT_S = 30


class Debugger:
    """Speaks the Chrome DevTools Protocol with a page."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._count = 0
        self._worklets: list[str] = []
        """The sessions of the page's audio threads."""
        self.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> Any:  # noqa: ANN401 - as each has it
        """Send a command with its parameters, and return its result.

        Raises
        ------
        RuntimeError
            It failed.
        TimeoutError
            It was not answered.
        """
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        self._connection.send(json.dumps(command if session is None else {**command, "sessionId": session}))
        while (answer := json.loads(self._connection.recv(_ANSWER_LIMIT_S))).get("id") != self._count:
            if answer["method"] == "Target.attachedToTarget" and answer["params"]["targetInfo"]["type"] == "worklet":
                self._worklets.append(answer["params"]["sessionId"])
        if "error" in answer or "exceptionDetails" in answer["result"]:
            raise RuntimeError(f"{method} failed: {answer}")
        return answer["result"]

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever it gives
        """Return the value of a JavaScript expression, which may do what only a click may."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True)
        return answer["result"].get("value")

    def collect_garbage(self) -> None:
        """Collect the garbage of the page and of its audio threads, which make so little that they hardly ever do."""
        for session in [*self._worklets, None]:
            self.ask("HeapProfiler.collectGarbage", session)


@contextmanager
def debugger(url: str) -> Iterator[Debugger]:
    """Attach one to a page, for a moment."""
    with connect(url, max_size=None, proxy=None) as connection:
        yield Debugger(connection)
