"""Answers that come piece by piece, from an iterator, async or not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from typing import Any, TypeGuard

__all__ = ["each", "is_stream"]

_OVER = object()


def is_stream(given: Any) -> TypeGuard[Iterator[Any] | AsyncIterable[Any]]:  # noqa: ANN401 - what it is, is asked here
    """Return whether a value is an iterator, async or not, that is no open file."""
    is_file = hasattr(given, "read")  # it would give its lines
    return hasattr(given, "__aiter__") or (hasattr(given, "__next__") and not is_file)


async def each(pieces: Iterator[Any] | AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    """Yield the pieces; an iterator that is not async makes them in a worker thread, where they may take long."""
    if not isinstance(pieces, Iterator):
        try:
            async for piece in pieces:
                yield piece
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        return
    try:
        while (piece := await asyncio.to_thread(next, pieces, _OVER)) is not _OVER:
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if callable(close):
            with contextlib.suppress(ValueError):  # the worker thread is still in it: it ends at its next piece
                close()
