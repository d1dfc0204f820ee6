"""The ears of a call, whatever shape they were given in."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from micdrop_widget.agents.part import Part, PartFailed
from micdrop_widget.agents.workers import Worker
from micdrop_widget.audio import Pcm
from micdrop_widget.server.cells import CellContext

__all__ = ["Ears", "EarsPart", "make_ears_part"]

_EXPECTED = (
    "stt: expected a function, stt(utterance) -> str, a class with push(pcm) and finish() -> str, or an object whose "
    "open() returns such"
)


class Ears(Protocol):
    """Transcribes one utterance of a call; made when the user begins to speak. Used on the server's loop."""

    def push(self, pcm: Pcm) -> None:
        """Add samples of the utterance; returns at once."""
        ...

    async def finish(self, utterance: Pcm) -> str:
        """Return what was said in the whole utterance.

        Raises
        ------
        PartFailed
            The user's function raised an exception, or returned no text.
        """
        ...

    def drop(self) -> None:
        """Discard the utterance; has no effect when repeated, or after `finish`."""
        ...


class EarsPart(Protocol):
    """Opens `Ears` for every utterance."""

    function: Any
    """What the user gave."""

    def open(self) -> Ears:
        """Return ears for the utterance that begins."""
        ...


def make_ears_part(stt: Any) -> EarsPart:  # noqa: ANN401 - checked here
    """Return what the user gave as `stt` as something that opens ears.

    Raises
    ------
    TypeError
        It has none of the shapes that ears have.
    """
    if inspect.isclass(stt):
        if _is_stream(stt):
            return _StreamingPart(stt, stt)
        raise TypeError(f"{_EXPECTED}; got the class {stt.__name__}")
    if callable(getattr(stt, "open", None)):
        return _StreamingPart(stt, stt.open)
    if _is_stream(stt):
        return _SharedPart(stt)
    if not callable(stt) and not inspect.iscoroutine(stt):
        raise TypeError(f"{_EXPECTED}; got {type(stt).__name__}")
    return _FunctionPart(Part("stt", stt, "stt(utterance)"))


def _is_stream(stt: object) -> bool:
    return callable(getattr(stt, "push", None)) and callable(getattr(stt, "finish", None))


def _as_text(context: CellContext, text: object) -> str:
    if text is None:
        return ""
    if not isinstance(text, str):
        error = TypeError(f"stt: expected a text, got {type(text).__name__}")
        context.show("stt", error)
        raise PartFailed("stt") from error
    return text.strip()


class _FunctionPart:
    def __init__(self, part: Part) -> None:
        self.function = part.function
        self._part = part

    def open(self) -> Ears:
        return _FunctionEars(self._part)


class _FunctionEars:
    """Ears that transcribe the utterance when it is complete."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def push(self, pcm: Pcm) -> None:
        """Do nothing: `finish` is given the whole utterance."""

    async def finish(self, utterance: Pcm) -> str:
        return _as_text(self._part.context, await self._part.call(utterance))

    def drop(self) -> None:
        """Do nothing: nothing was begun."""


class _StreamingPart:
    def __init__(self, function: Any, open_stream: Callable[[], Any]) -> None:  # noqa: ANN401 - the user's
        self.function = function
        self._open_stream = open_stream
        self._context = CellContext()

    def open(self) -> Ears:
        return _StreamEars(self._context, self._open_stream)


class _SharedPart:
    """One stream for all utterances, one after the other: when two calls have one at once, the second waits."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - the user's
        self.function = stream
        self._context = CellContext()
        self._lock = asyncio.Lock()

    def open(self) -> Ears:
        return _StreamEars(self._context, lambda: self.function, self._lock)


class _StreamEars:
    """Ears that process the utterance as it arrives, in a thread of their own or on the loop.

    One task does everything in order. Its queue needs no bound: an utterance has a greatest length.
    """

    def __init__(self, context: CellContext, open_stream: Callable[[], Any], lock: asyncio.Lock | None = None) -> None:
        self._context = context
        self._open_stream = open_stream
        self._lock = lock
        self._arrived: asyncio.Queue[Pcm | None] = asyncio.Queue()
        self._over = False
        self._task: asyncio.Task[object] | None = asyncio.ensure_future(self._process())
        self._task.add_done_callback(_retrieve)

    def push(self, pcm: Pcm) -> None:
        self._arrived.put_nowait(pcm)

    async def finish(self, utterance: Pcm) -> str:
        self._arrived.put_nowait(None)
        assert self._task is not None
        try:
            text = await self._task
        except PartFailed:
            raise
        except Exception as error:
            self._context.show("stt", error)
            raise PartFailed("stt") from error
        return _as_text(self._context, text)

    def drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _process(self) -> object:
        if self._lock is None:
            return await self._process_stream()
        async with self._lock:
            return await self._process_stream()

    async def _process_stream(self) -> object:
        worker = Worker()
        stream = None
        finished = False
        try:
            stream = await self._call(worker, self._open_stream)
            while (pcm := await self._next()) is not None:
                await self._call(worker, stream.push, pcm)
            finished = True
            return await self._call(worker, stream.finish)
        finally:
            if not finished and stream is not None:
                # a stream that is used again must forget the half utterance that it was given
                worker.call(self._context.run, getattr(stream, "reset", stream.finish))
            worker.finish()

    async def _next(self) -> Pcm | None:
        """Return all samples that have arrived and were not processed yet; None at the end."""
        if self._over:
            return None
        parts = [await self._arrived.get()]
        while not self._arrived.empty():
            parts.append(self._arrived.get_nowait())
        self._over = parts[-1] is None
        pieces = [part for part in parts if part is not None]
        return np.concatenate(pieces) if pieces else None

    async def _call(self, worker: Worker, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        if inspect.iscoroutinefunction(function):
            return await self._context.run(asyncio.ensure_future, function(*arguments))
        result = await worker.run(self._context.run, function, *arguments)
        return await self._context.run(asyncio.ensure_future, result) if inspect.isawaitable(result) else result


def _retrieve(task: asyncio.Task[object]) -> None:
    """Retrieve a failure, so that asyncio does not log the one of a dropped utterance as "never retrieved"."""
    if not task.cancelled():
        task.exception()
