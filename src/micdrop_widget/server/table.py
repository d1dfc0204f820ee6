"""The HTML by which a server shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from micdrop_widget.server.call import ServerCall

__all__ = ["server_table"]


def server_table(url: str | None, reachable_by: str, parts: str, calls: Iterable[ServerCall]) -> str:
    """Return a small table in HTML: where the server is, who can call it, and the calls that are up."""
    rows = [("Server", url or "not started"), ("Answers by", parts), ("Can be called by", reachable_by)]
    head = "".join(f"<tr><th style='text-align:left'>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
    lines = "".join(
        f"<tr><td>{escape(call.peer)}</td><td>{call.since:%H:%M:%S}</td><td>{call.turns}</td></tr>" for call in calls
    )
    if not lines:
        return f"<table>{head}<tr><th style='text-align:left'>Calls</th><td>none</td></tr></table>"
    return f"<table>{head}</table><table><tr><th>Caller</th><th>Since</th><th>Turns</th></tr>{lines}</table>"
