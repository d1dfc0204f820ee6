"""A function of the user's, however it is written, as a part of an agent."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from typing import Any

import numpy as np

from micdrop_widget.agents.workers import Worker
from micdrop_widget.server.cells import CellContext

__all__ = ["Part", "PartFailed"]

_END = object()


class PartFailed(Exception):  # noqa: N818 - the cause is the error
    """A part raised an exception, which was shown; its answer ends here."""


class Part:
    """A function of the user's: plain, async, a generator, an async generator, or an object that is called.

    Plain ones run in a thread of their own, async ones on the loop that calls; all in the context of the cell that
    made this, so that their prints and tracebacks appear there.

    Parameters
    ----------
    name
        Its name in errors: "stt", "agent", "tts", ….
    function
        The function.
    example
        How it is called, for errors: "agent(conversation)".
    offered
        Names of further arguments that the function may ask for.

    Raises
    ------
    TypeError
        It cannot be called like this.
    """

    def __init__(self, name: str, function: Any, example: str, *offered: str) -> None:  # noqa: ANN401 - checked here
        self.name = name
        self.function = function
        self.context = CellContext()
        _check(name, function, example)
        self._wants = _wanted(name, function, example, offered)
        called = function if inspect.isroutine(function) else type(function).__call__
        self._is_async = inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)

    async def call(self, *arguments: Any, **offered: Any) -> Any:  # noqa: ANN401 - the function's own types
        """Call the function once, and return what it returns.

        Raises
        ------
        PartFailed
            It raised an exception.
        """
        worker = None if self._is_async else Worker()
        try:
            return await self._start(worker, arguments, offered)
        finally:
            if worker is not None:
                worker.finish()

    async def pieces(self, *arguments: Any, **offered: Any) -> AsyncGenerator[Any, None]:  # noqa: ANN401 - as above
        """Call the function, and yield what it yields, or what it returns.

        Texts, arrays, bytes, tuples and dicts are one piece each; other iterables are taken apart.

        Raises
        ------
        PartFailed
            It raised an exception.
        """
        worker = None if self._is_async else Worker()
        try:
            result = await self._start(worker, arguments, offered)
            if hasattr(result, "__aiter__"):
                async with contextlib.aclosing(self._iterate_async(result)) as pieces:
                    async for piece in pieces:
                        yield piece
            elif _is_iterable_of_pieces(result):
                worker = worker or Worker()
                async with contextlib.aclosing(self._iterate(worker, result)) as pieces:
                    async for piece in pieces:
                        yield piece
            else:
                yield result
        finally:
            if worker is not None:
                worker.finish()

    async def _start(self, worker: Worker | None, arguments: tuple[Any, ...], offered: dict[str, Any]) -> Any:  # noqa: ANN401
        wanted = {name: offered[name] for name in self._wants}
        try:
            if worker is None:
                result = self.context.run(lambda: self.function(*arguments, **wanted))
            else:
                result = await worker.run(self.context.run, lambda: self.function(*arguments, **wanted))
        except Exception as error:
            raise self.failed(error) from error
        return await self._await(result) if inspect.isawaitable(result) else result

    async def _await(self, awaitable: Any) -> Any:  # noqa: ANN401 - the function's own types
        """Await in the cell's context, as a task, which is cancelled when this is."""
        has_begun: list[bool] = []
        task = self.context.run(asyncio.ensure_future, _awaited(awaitable, has_begun))
        try:
            return await task
        except Exception as error:
            raise self.failed(error) from error
        finally:
            if not has_begun and hasattr(awaitable, "close"):
                awaitable.close()  # cancelled before it began

    async def _iterate_async(self, pieces: Any) -> AsyncGenerator[Any, None]:  # noqa: ANN401 - the function's own types
        iterator = aiter(pieces)
        try:
            while (piece := await self._await(anext(iterator, _END))) is not _END:
                yield piece
        finally:
            if hasattr(iterator, "aclose"):
                await self._await(iterator.aclose())

    async def _iterate(self, worker: Worker, pieces: Iterable[Any]) -> AsyncGenerator[Any, None]:
        iterator: Iterator[Any] = iter(pieces)
        try:
            while True:
                try:
                    piece = await worker.run(self.context.run, next, iterator, _END)
                except Exception as error:
                    raise self.failed(error) from error
                if piece is _END:
                    return
                yield piece
        finally:
            if hasattr(iterator, "close"):
                worker.call(self.context.run, iterator.close)

    def failed(self, error: BaseException) -> PartFailed:
        """Show an exception under the cell of this part, and return what ends the answer."""
        self.context.show(self.name, error)
        return PartFailed(self.name)


async def _awaited(awaitable: Any, has_begun: list[bool]) -> Any:  # noqa: ANN401 - the function's own types
    has_begun.append(True)
    try:
        return await awaitable
    except (SystemExit, KeyboardInterrupt) as error:  # an exit is no end of the server
        raise RuntimeError(f"{type(error).__name__} in a function of an agent") from error


def _is_iterable_of_pieces(result: object) -> bool:
    if isinstance(result, str | bytes | bytearray | memoryview | np.ndarray | tuple | dict | type):
        return False
    if hasattr(result, "__array__") or hasattr(result, "__array_interface__"):
        return False
    if isinstance(result, list) and result and isinstance(result[0], int | float):
        return False  # samples
    return isinstance(result, Iterable)


def _check(name: str, function: object, example: str) -> None:
    expected = f"{name}: expected a function, {example}"
    if isinstance(function, Coroutine):
        function.close()
        raise TypeError(f"{expected}; got a coroutine: leave out the parentheses behind the function")
    if inspect.isclass(function):
        raise TypeError(f"{expected}; got the class {function.__name__}: make an object of it")
    if not callable(function):
        raise TypeError(f"{expected}; got {type(function).__name__}")


def _wanted(name: str, function: Callable[..., Any], example: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the offered arguments that a function asks for."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C have none
        return ()
    positional = example.partition("(")[2].rstrip(")").split(", ") if "()" not in example else []
    named = {
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.kind is not parameter.VAR_POSITIONAL
    }
    wanted = tuple(option for option in offered if option in named and option not in positional)
    try:
        signature.bind(*positional, **dict.fromkeys(wanted))
    except TypeError as error:
        further = f" (it may also ask for {' and '.join(offered)})" if offered else ""
        shown = getattr(function, "__name__", type(function).__name__)
        raise TypeError(f"{name}: expected {example}{further}, got {shown}{signature}: {error}") from None
    return wanted
