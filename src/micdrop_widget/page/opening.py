"""Opens an address in the user's browser, without showing it to other users of the machine."""

from __future__ import annotations

import contextlib
import html
import logging
import os
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from pathlib import Path

__all__ = ["BrowserOpener", "has_browser"]

_log = logging.getLogger("micdrop_widget.page.opening")

_REDIRECT = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<title>Micdrop call</title>
<meta http-equiv="refresh" content="0; url={url}">
<p><a href="{url}">Open the call</a></p>
"""


def has_browser(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Return whether a browser with a window can be opened here, on a local file.

    The helper of VS Code's terminals opens addresses only: in its notebooks and terminals an address is to be clicked.
    """
    if "vscode" in environment.get("BROWSER", "").lower():
        return False
    if platform in ("darwin", "win32") or environment.get("BROWSER"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


class BrowserOpener:
    """Opens one address, by a file that redirects to it and that only the user may read.

    A browser is started with what it opens on its command line, which every user of the machine can list: an address
    with a token does not belong there.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def open(self, url: str) -> bool:
        """Open an address, and return whether a browser was found. It may take a while, where one has to start."""
        if not has_browser():
            return False
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="micdrop-")  # with mode 0700
        path = Path(self._folder.name) / "call.html"
        path.write_text(_REDIRECT.format(url=html.escape(url)))
        try:
            return webbrowser.open(path.as_uri())
        except (webbrowser.Error, OSError):
            _log.exception("no browser could be opened")
            return False

    def close(self) -> None:
        """Remove the file. May be called again."""
        folder, self._folder = self._folder, None
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.cleanup()
