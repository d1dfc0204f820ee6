"""What an endpoint did wrong, in words; never with the key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["EndpointError", "in_time", "masked", "refusal"]

_T = TypeVar("_T")

_MAX_TEXT = 300
"""How many characters of an endpoint's text are shown: some answer with a whole page."""


_HINTS = {
    401: "refused the key; give api_key=…, or set OPENAI_API_KEY",
    403: "refused the key; give api_key=…, or set OPENAI_API_KEY",
    404: "does not know this; base_url ends with /v1 for most, and the model must be there",
    413: "takes no request of this size",
    429: "takes no more requests now; wait, or raise the limit there",
}


class EndpointError(RuntimeError):
    """An endpoint refused a request, failed, fell silent or sent what cannot be read; the message says what to do.

    Attributes
    ----------
    status
        HTTP status; None where there was no answer, or where it began well.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def masked(text: str, key: str | None) -> str:
    """Return what an endpoint wrote on one line, not too long, and without the key, which some repeat."""
    if key:
        text = text.replace(key, "…")
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else line[:_MAX_TEXT] + "…"


def refusal(status: int, reason: str, wait_s: str | None = None) -> str:
    """Return what an HTTP status means, the reason that was given, and for how long it asks to wait."""
    hint = _HINTS.get(status, "failed" if status >= 500 else "refused the request")
    return f"{hint} ({status}: {reason}){f'; it asks to wait {wait_s} s' if wait_s else ''}"


async def in_time(
    awaitable: Awaitable[_T], limit_s: float, release: Callable[[_T], Awaitable[object]] | None = None
) -> _T:
    """Await something for a limited time, and cancel it then; the cancellation of the waiting task is never lost.

    Parameters
    ----------
    awaitable
        What to wait for.
    limit_s
        How long.
    release
        Releases a result that arrives in the same moment as a cancellation, when nobody receives it.

    Raises
    ------
    TimeoutError
        It takes longer.
    """
    task = asyncio.ensure_future(awaitable)
    taken = False
    try:
        await asyncio.wait([task], timeout=limit_s)
        if task.done():
            taken = True
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if release is not None and not taken and not task.cancelled() and task.exception() is None:
            await release(task.result())
    raise TimeoutError(f"nothing came within {limit_s:g} s")
