"""A call in a page of the user's browser, from a terminal: what is said appears here as well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from micdrop_widget.errors import MicdropError
from micdrop_widget.page import MicdropPage
from micdrop_widget.protocol import ConversationItem
from micdrop_widget.vad import VadOption

__all__ = ["run"]


def run(url: str, *, port: int, open_browser: bool, vad: VadOption, params_file: str | None) -> int:
    """Serve the page of a call until Ctrl-C, or until nobody has come to it for ten minutes.

    Parameters
    ----------
    url
        Address of the server.
    port
        Where the page is served; 0 takes a free port.
    open_browser
        Open the page in the user's browser, where there is one. Otherwise its address is printed.
    vad
        The voice activity detection.
    params_file
        A file with the params as JSON, "-" for standard input: they may be secret, and a command line is not.

    Returns
    -------
    int
        0; 1 where the page cannot be served, or an option cannot be used.
    """
    try:
        call = MicdropPage(url, port=port, open_browser=open_browser, vad=vad, params=_params(params_file))
    except (ValueError, TypeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with call:
        call.on("Message", lambda item: _say(_line(item)))
        call.on("Error", lambda error: _say(_described(error)))
        if not open_browser:
            _say(f"Open this page in a browser: {call.page.url}")
        _say("Press Start in the page, and speak. Ctrl-C ends the call.")
        try:
            while not call.wait(1):  # for ever would keep Ctrl-C away on Windows
                pass
            _say("The page was closed: nobody has come to it for a while.")
        except KeyboardInterrupt:
            _say("")
    return 0


def _params(file: str | None) -> dict[str, Any] | None:
    if file is None:
        return None
    params = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    if not isinstance(params, dict):
        raise TypeError(f"params: expected a JSON object in {file}, got {type(params).__name__}")
    return params


def _line(item: ConversationItem) -> str:
    content = getattr(item, "content", None) or repr(item)
    return f"{item.role}: {content}"


def _described(error: MicdropError) -> str:
    return f"{error.message} {error.remedy}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
