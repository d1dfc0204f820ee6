"""One connection to a Realtime endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from micdrop_widget._loopback import leads_to_this_machine
from micdrop_widget._silent_logger import silent_logger
from micdrop_widget.agents.endpoint_errors import EndpointError, in_time, masked, refusal
from micdrop_widget.agents.realtime.wire import Event, modern_name

__all__ = ["CLOSED", "Address", "Session"]

CLOSED = "session.closed"
"""The event of ours with which a session ends; its `error` says why."""

_MAX_EVENT_BYTES = 16 * 1024 * 1024
_CLOSE_TIMEOUT_S = 1
_UPDATE_LIMIT_S = 2.0
"""How long an endpoint may take to confirm the session; some never do."""

_silent = silent_logger("micdrop_widget.agents.realtime.websockets")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of an endpoint, with its headers and its limit of time."""

    url: str
    headers: Mapping[str, str]
    """They may hold the key: never shown."""
    key: str | None
    ssl: ssl.SSLContext | None
    timeout_s: float

    def __repr__(self) -> str:
        return f"<Address {self.name}>"

    @property
    def name(self) -> str:
        """The url without a query, in which some put a key."""
        return self.url.partition("?")[0]

    def error(self, words: str, status: int | None = None) -> EndpointError:
        """Return an error that names the endpoint, without the key, which some endpoints repeat."""
        return EndpointError(f"OpenAIRealtime: {self.name} {masked(words, self.key)}", status)


class _Connect(connect):
    """Follows no redirect: the key goes nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Session:
    """A session of a Realtime endpoint, in a task of its own, on the running event loop.

    Parameters
    ----------
    address
        The endpoint.
    set_up
        Called with the first event; returns the events to send first: the session's settings, and its items.
    receive
        Called with every further event, in order, by its modern name; the last one is `CLOSED`.
    """

    def __init__(
        self,
        address: Address,
        set_up: Callable[[Event], Iterable[Event]],
        receive: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._address = address
        self._set_up = set_up
        self._receive = receive
        self._outbox: asyncio.Queue[Event] = asyncio.Queue()
        self._opened = asyncio.Event()
        self._error: EndpointError | None = None
        self._sent = 0
        self._task = asyncio.ensure_future(self._run())

    @property
    def is_up(self) -> bool:
        """Whether it is open, or still opening."""
        return not self._task.done()

    async def ready(self) -> None:
        """Wait until the session is set up.

        Raises
        ------
        EndpointError
            The session cannot be set up, or has ended.
        """
        await self._opened.wait()
        if self._error is not None:
            raise self._error

    def send(self, event: Event) -> str:
        """Send an event after those before it, as soon as the session is set up; return the id that it is given.

        What waits is bounded by the length that an utterance may have.
        """
        self._sent += 1
        event_id = f"{event['type'].replace('.', '_')}_{self._sent}"
        self._outbox.put_nowait({"event_id": event_id, **event})
        return event_id

    def close(self) -> None:
        """End the session; may be called again. Its task ends in the background."""
        self._task.cancel()

    @staticmethod
    def reason(event: Event) -> str:
        """Return what an error event says."""
        error = event.get("error")
        return str(error.get("message") or error.get("code") if isinstance(error, dict) else error)

    async def _run(self) -> None:
        try:
            await self._hold()
        except EndpointError as error:
            self._error = self._address.error(str(error), error.status)
        except Exception as error:  # noqa: BLE001 - the border to libraries: sockets, TLS, JSON
            self._error = self._address.error(self._words(error))
        except asyncio.CancelledError:
            self._error = EndpointError("OpenAIRealtime: the call is over")
            raise
        finally:
            self._opened.set()
        await self._receive({"type": CLOSED, "error": self._error})

    async def _hold(self) -> None:
        address = self._address
        host = urlsplit(address.url).hostname or ""
        options = {} if address.ssl is None else {"ssl": address.ssl}
        connection: ClientConnection
        try:
            async with _Connect(
                address.url,
                additional_headers=dict(address.headers),
                open_timeout=address.timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=_MAX_EVENT_BYTES,
                compression=None,
                proxy=None if leads_to_this_machine(host) else True,
                logger=_silent,
                **options,  # type: ignore[arg-type]  # as connect() takes them
            ) as connection:
                await self._exchange(connection)
        except InvalidStatus as refused:
            status = refused.response.status_code
            body = (refused.response.body or b"").decode(errors="replace")
            raise EndpointError(refusal(status, masked(body, None) or "no reason given"), status) from None

    async def _exchange(self, connection: ClientConnection) -> None:
        created = self._parse(await in_time(connection.recv(), self._address.timeout_s))
        if created["type"] == "error":
            raise EndpointError(f"refused the session: {self.reason(created)}")
        update, *items = self._set_up(created)
        await connection.send(json.dumps(update))
        accepted = asyncio.get_running_loop().call_later(_UPDATE_LIMIT_S, self._opened.set)
        writing = asyncio.ensure_future(self._write(connection, items))
        try:
            async for message in connection:
                event = self._parse(message)
                if not self._opened.is_set():
                    self._check_session(event)
                await self._receive(event)
        except ConnectionClosed:
            pass
        finally:
            accepted.cancel()
            writing.cancel()
            await asyncio.wait([writing])
        code, reason = connection.close_code, connection.close_reason
        raise EndpointError(f"ended the session ({code}{f': {reason}' if reason else ''})")

    def _check_session(self, event: Event) -> None:
        """Check that the endpoint accepts the session's settings: with its own it would answer unasked."""
        if event["type"] == "error":
            raise EndpointError(f"refused the session: {self.reason(event)}")
        if event["type"] == "session.updated":
            self._opened.set()

    async def _write(self, connection: ClientConnection, items: Sequence[Event]) -> None:
        await self._opened.wait()
        with contextlib.suppress(ConnectionClosed):
            for item in items:
                await connection.send(json.dumps(item))
            while True:
                await connection.send(json.dumps(await self._outbox.get()))

    def _parse(self, message: str | bytes) -> Event:
        try:
            event = json.loads(message)
            name = event["type"]
        except (ValueError, TypeError, KeyError):
            raise EndpointError("sent what is no event of the Realtime protocol") from None
        return {**event, "type": modern_name(str(name))}

    def _words(self, error: Exception) -> str:
        text = str(error)
        if isinstance(error, TimeoutError | asyncio.TimeoutError):
            return f"was silent for {self._address.timeout_s:g} s; timeout_s is the limit"
        if isinstance(error, OSError | InvalidHandshake):
            return f"cannot be reached ({text or type(error).__name__}); does it run, and is the url right?"
        return f"broke off ({type(error).__name__}: {text})"
