"""The files that are served, by a fixed list of names, with headers that allow no more than they need."""

from __future__ import annotations

import functools
from importlib.resources import files

from websockets.datastructures import Headers

__all__ = ["SOCKET_PATH", "file_at", "headers_for"]

SOCKET_PATH = "/call"
"""The path of the page's WebSocket."""

_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.css": ("page.css", "text/css"),
    "/widget.css": ("widget.css", "text/css"),
    "/capture-processor.js": ("capture-processor.js", "text/javascript"),
    "/playback-processor.js": ("playback-processor.js", "text/javascript"),
}


def file_at(path: str) -> tuple[str, bytes] | None:
    """Return the type and the text of the file that is served at a path; None: there is none."""
    if path not in _FILES:
        return None
    name, kind = _FILES[path]
    return f"{kind}; charset=utf-8", _read(name)


@functools.cache
def _read(name: str) -> bytes:
    return (files("micdrop_widget") / "static" / name).read_bytes()


def headers_for(kind: str, length: int, host: str) -> Headers:
    """Return the headers of an answer.

    Parameters
    ----------
    kind, length
        The type and the length of what is served.
    host
        The checked `Host` of the request, to which the page may open its WebSocket. (`'self'` alone does not allow
        that in Safari before 15.4.)
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(length),
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Permissions-Policy": "microphone=(self)",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
    )
