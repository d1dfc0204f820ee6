"""The border to the package `openai`: its clients, one for each event loop, and its errors, in words."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from micdrop_widget.agents.endpoint_errors import EndpointError, in_time, masked, refusal

if TYPE_CHECKING:
    from types import ModuleType

    from openai import AsyncOpenAI

__all__ = ["Endpoint"]

_T = TypeVar("_T")

_NO_KEY = "none"
"""The key that a server of one's own is sent: the package `openai` requires one."""


class Endpoint:
    """An endpoint with OpenAI's HTTP interface, as one part uses it.

    Parameters
    ----------
    part
        What errors call the part.
    base_url
        Where it is; None is OpenAI, or what `OPENAI_BASE_URL` says.
    api_key
        None is `OPENAI_API_KEY` where `base_url` is None too; no key goes to an address that is given without one.
    timeout_s
        How long an answer, and each further piece of it, may take.
    client
        An `openai.AsyncOpenAI` to use instead.

    Raises
    ------
    ImportError
        The extra `openai` is not installed.
    TypeError, ValueError
        An option is not what it must be.
    """

    def __init__(
        self, part: str, base_url: str | None, api_key: str | None, timeout_s: float, client: AsyncOpenAI | None
    ) -> None:
        self._openai = _import_openai(part)
        if not timeout_s > 0:
            raise ValueError(f"timeout_s: expected a positive number of seconds, got {timeout_s!r}")
        if client is not None:
            if not isinstance(client, self._openai.AsyncOpenAI):
                raise TypeError(f"client: expected an openai.AsyncOpenAI, got {type(client).__name__}")
            if base_url is not None or api_key is not None:
                raise TypeError("client: expected either client or base_url and api_key, not both")
        self._part = part
        self._base_url = base_url
        self._api_key = _NO_KEY if api_key is None and base_url is not None else api_key
        self._given = client
        self.timeout_s = timeout_s
        self._holders: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Any, AsyncGenerator[None, None]]]
        self._holders = weakref.WeakKeyDictionary()
        self.url, self._secret = self._describe(client or self._make_client())

    async def client(self) -> Any:  # noqa: ANN401 - an AsyncOpenAI, whose overloads do not fit what is passed on
        """Return the client of the running event loop: its connections belong to that, and are closed at its end."""
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if loop not in self._holders:
            client = self._make_client()
            holder = _hold(client)
            await anext(holder)
            self._holders[loop] = client, holder
        return self._holders[loop][0]

    async def each(self, pieces: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
        """Yield what comes piece by piece, each within the time for it.

        Raises
        ------
        TimeoutError
            Nothing came for too long.
        """
        try:
            while True:
                try:
                    piece = await in_time(_next(pieces), self.timeout_s)
                except _Over:
                    return
                yield piece
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def once(self, awaitable: Awaitable[_T], release: Callable[[_T], Awaitable[object]] | None = None) -> _T:
        """Wait for an answer, within the time for it; `release` lets go of one that comes as this is cancelled.

        Raises
        ------
        TimeoutError
            It did not come.
        """
        return await in_time(awaitable, self.timeout_s, release)

    def errors(self) -> _Errors:
        """Turn what the package and the libraries below it raise within this into an `EndpointError`."""
        return _Errors(self)

    def named(self, error: Exception) -> EndpointError:
        """Return an error in words: which part, which endpoint, and what to do."""
        words, status = (str(error), error.status) if isinstance(error, EndpointError) else self._words(error)
        return EndpointError(f"{self._part}: {self.url} {masked(words, self._secret)}", status)

    def _words(self, error: Exception) -> tuple[str, int | None]:
        openai = self._openai
        if isinstance(error, openai.APIStatusError):
            status = int(error.status_code)
            return refusal(status, _reason(error), error.response.headers.get("retry-after")), status
        if isinstance(error, TimeoutError | asyncio.TimeoutError | openai.APITimeoutError):
            return f"was silent for {self.timeout_s:g} s; timeout_s is the limit", None
        if isinstance(error, openai.APIConnectionError):
            cause = error.__cause__ or error
            if "Connect" in type(cause).__name__:
                return f"cannot be reached ({cause or type(cause).__name__}); does it run, and is base_url right?", None
            return f"broke off ({cause or type(cause).__name__})", None
        if isinstance(error, openai.APIError):
            return f"failed in the middle of its answer ({error.message})", None
        if isinstance(error, json.JSONDecodeError):
            return f"sent what is no JSON ({error})", None
        return f"broke off ({type(error).__name__}: {error})", None

    def _make_client(self) -> AsyncOpenAI:
        try:
            made: AsyncOpenAI = self._openai.AsyncOpenAI(
                base_url=self._base_url, api_key=self._api_key, timeout=self.timeout_s, max_retries=0
            )
        except self._openai.OpenAIError:
            raise ValueError(
                f"{self._part}: expected api_key=…, or OPENAI_API_KEY in the environment, or base_url=… of a server "
                "that needs none"
            ) from None
        return made

    @staticmethod
    def _describe(client: AsyncOpenAI) -> tuple[str, str | None]:
        key = client.api_key
        return str(client.base_url).rstrip("/"), key if isinstance(key, str) and key != _NO_KEY else None


class _Errors:
    """A class, and no generator: no frame of a library stands in what it raises, so that only its words are shown."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            raise self._endpoint.named(error) from None


class _Over(Exception):  # noqa: N818 - no error: a task cannot end with StopAsyncIteration
    """Iterates over nothing."""


async def _next(pieces: AsyncIterator[_T]) -> _T:
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        raise _Over from None


async def _hold(client: AsyncOpenAI) -> AsyncGenerator[None, None]:
    """Close a client when its event loop ends, which ends the generators that it knows."""
    try:
        yield
    finally:
        await client.close()


def _reason(error: Any) -> str:  # noqa: ANN401 - an APIStatusError
    body = error.body
    message = body.get("message") or body.get("detail") or body.get("error") if isinstance(body, dict) else body
    return str(message or error.message)


def _import_openai(part: str) -> ModuleType:
    try:
        import openai  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(f'{part} needs the package openai: pip install "micdrop-widget[openai]"') from error
    return openai
