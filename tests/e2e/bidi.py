"""A client of WebDriver BiDi (w3.org/TR/webdriver-bidi), which Firefox speaks itself: nothing in between to install.

Only what a test asks of one page. marionette_driver, Mozilla's own client, does not import on Python 3.13.
"""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from typing import Any

from websockets.sync.client import connect

_ANSWER_LIMIT_S = 60


class BidiError(RuntimeError):
    """The browser refused a command, or a script failed in the page."""


class BidiPage:
    """The first page of a browser.

    Attributes
    ----------
    version
        The browser's.
    errors
        Uncaught exceptions and ``console.error`` of the page so far.

    Raises
    ------
    OSError
        Nobody listens on this port yet.
    """

    def __init__(self, port: int) -> None:
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None))
        self._numbers = itertools.count(1)
        self.errors: list[str] = []
        session = self._command("session.new", capabilities={})
        self.version = str(session["capabilities"]["browserVersion"])
        self._context = self._command("browsingContext.getTree")["contexts"][0]["context"]
        self._command("session.subscribe", events=["log.entryAdded"])

    def add_init_script(self, script: str) -> None:
        """Run a script in every document before its own."""
        self._command("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def goto(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self._command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Evaluate JavaScript in the page, as in a click of the user's; its value, also a promise's, must be JSON.

        Raises
        ------
        BidiError
            It threw.
        """
        answer = self._command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise BidiError(f"{expression}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    def close(self) -> None:
        """Disconnect; the browser lives on."""
        self._open.close()

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=_ANSWER_LIMIT_S))
            if message["type"] == "event":
                self._note(message["params"])
            elif message["id"] == number:
                if message["type"] == "error":
                    raise BidiError(f"{method}: {message['error']}: {message['message']}")
                return dict(message["result"])

    def _note(self, entry: dict[str, Any]) -> None:
        if entry.get("level") == "error":
            frames = (entry.get("stackTrace") or {}).get("callFrames", [])
            places = (f"{frame['functionName']} ({frame['url']}:{frame['lineNumber']})" for frame in frames)
            self.errors.append("\n  at ".join([str(entry.get("text")), *places]))
