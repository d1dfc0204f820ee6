"""Starts and stops a server: in a thread, on a loop, in a cell that is run again, and when nothing refers to it."""

from __future__ import annotations

import concurrent.futures
import logging
import ssl
import threading
import warnings
import weakref
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TypeVar

from micdrop_widget._loopback import is_loopback
from micdrop_widget._threads import LoopThread
from micdrop_widget.server.call import MakeResponder, ServerCall
from micdrop_widget.server.cells import Place, current_place
from micdrop_widget.server.handshake import HandshakePolicy, Limits
from micdrop_widget.server.listener import CheckParams, Listener, OnFrame, Service
from micdrop_widget.server.table import server_table

__all__ = ["CallServer"]

_log = logging.getLogger("micdrop_widget.server")

_Self = TypeVar("_Self", bound="CallServer")

_lock = threading.RLock()
_running: list[weakref.ReferenceType[CallServer]] = []
"""The servers of this process that listen, oldest first."""
_closing: set[concurrent.futures.Future[None]] = set()
"""The closings under way of servers that nothing referred to any more."""

_CLOSING_LIMIT_S = 5


class CallServer:
    """A server of calls, whoever answers them; `MicdropServer` says what its options mean.

    Parameters
    ----------
    make_responder
        Makes the responder of a call.
    host, port, ssl, check_params, origins, hosts, limits, on_frame
        See `MicdropServer`.
    """

    def __init__(
        self,
        make_responder: MakeResponder,
        *,
        host: str,
        port: int,
        ssl: ssl.SSLContext | None,
        check_params: CheckParams | None,
        origins: Sequence[str],
        hosts: Sequence[str],
        limits: Limits,
        on_frame: OnFrame | None,
    ) -> None:
        self._service = Service(make_responder, check_params, on_frame, HandshakePolicy(host, hosts, origins), limits)
        self._host = host
        self._port = port
        self._ssl = ssl
        self._listener: Listener | None = None
        self._thread: LoopThread | None = None
        self._place: Place | None = None
        self._finalizer: weakref.finalize[..., CallServer] | None = None

    def __repr__(self) -> str:
        listener = self._listener
        return f"<{type(self).__name__} {listener.url}>" if listener else f"<{type(self).__name__}, not started>"

    def _repr_html_(self) -> str:
        listener = self._listener
        return server_table(listener.url if listener else None, self.reachable_by, self.parts, self.calls)

    @property
    def parts(self) -> str:
        """The parts that answer, in words."""
        return "respond"

    @property
    def url(self) -> str:
        """Address of the server.

        Raises
        ------
        RuntimeError
            The server is not started, or a later run of its cell has taken over.
        """
        listener = self._listener
        if listener is None:
            raise RuntimeError("the server is not started: use `with MicdropServer()` or MicdropServer().start()")
        return listener.url

    @property
    def calls(self) -> tuple[ServerCall, ...]:
        """The calls that are up, in the order they came in; from any thread."""
        listener = self._listener
        return () if listener is None else tuple(listener.calls.copy().values())

    @property
    def reachable_by(self) -> str:
        """Who can call this server, in words."""
        who = "programs of this machine" if is_loopback(self._host) else "whoever reaches this machine"
        origins = self._service.handshake.origins
        pages = f"web pages of {', '.join(origins)}" if origins else "no web page"
        params = "" if self._service.check_params is None else ", with params that check_params accepts"
        return f"{who} and {pages}{params}"

    @staticmethod
    def running() -> list[CallServer]:
        """Return the servers of this process that listen, oldest first: `for server in running(): server.stop()`."""
        with _lock:
            return list(_alive())

    # On the running event loop

    async def __aenter__(self: _Self) -> _Self:
        if self._listener is not None:
            raise RuntimeError("the server is started already")
        self._check_reach()
        listener = Listener(self._service)
        try:
            await listener.open(self._host, self._port, self._ssl)
        except OSError as error:
            raise self._taken(error) from None
        self._begin(listener, current_place())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        listener = self._end()[0]
        if listener is not None:
            await listener.close()

    # In a thread of its own

    def __enter__(self: _Self) -> _Self:
        if self._listener is not None:
            raise RuntimeError("the server is started already")
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self: _Self) -> _Self:
        """Serve in a thread of its own until `stop()`; returns when the server listens. May be called again.

        Run again in the same cell, or with the same port on the same line, the new server takes over from the
        earlier one: address and calls stay, and the new one answers from the next utterance on. A server that nothing
        refers to any more ends.

        Raises
        ------
        OSError
            The port is taken; the message says by whom, if it is a server of this process.
        """
        with _lock:
            if self._listener is not None:
                return self
            self._check_reach()
            place = current_place()
            if not self._take_over(place):
                self._start_thread(place)
        return self

    def stop(self) -> None:
        """End every call and stop serving; returns when the port is free. May be called again."""
        with _lock:
            listener, thread = self._end()
        if listener is not None and thread is not None:
            thread.submit(listener.close()).result()
            thread.stop()

    # Inside

    def _start_thread(self, place: Place) -> None:
        concurrent.futures.wait(tuple(_closing), _CLOSING_LIMIT_S)  # one of them may have the port
        thread = LoopThread("micdrop-server")
        listener = Listener(self._service)
        try:
            thread.submit(listener.open(self._host, self._port, self._ssl)).result()
        except BaseException as error:
            thread.stop()
            if isinstance(error, OSError):
                raise self._taken(error) from None
            raise
        self._thread = thread
        self._begin(listener, place)

    def _begin(self, listener: Listener, place: Place) -> None:
        with _lock:
            self._listener, self._place = listener, place
            if self._thread is not None:
                self._finalizer = weakref.finalize(self, _close_unheld, listener, self._thread)
                self._finalizer.atexit = False  # the thread is a daemon's
            _running.append(weakref.ref(self))
        self._announce(listener.url)

    def _announce(self, url: str) -> None:
        """Announce that the server listens; here nothing is printed."""

    def _end(self) -> tuple[Listener | None, LoopThread | None]:
        """Detach listener and thread from this server, and return them."""
        with _lock:
            listener, thread = self._listener, self._thread
            self._listener = self._thread = None
            if self._finalizer is not None:
                self._finalizer.detach()
                self._finalizer = None
            _running[:] = [ref for ref in _running if ref() not in (None, self)]
            return listener, thread

    def _take_over(self, place: Place) -> bool:
        """Take over port and calls of a server that an earlier run of this cell has started, if there is one."""
        if place.run is None and self._port == 0:
            return False  # a line of a program may want many servers
        wanted = (self._host, self._port, self._ssl, self._service.limits)
        for earlier in _alive():
            has = (earlier._host, earlier._port, earlier._ssl, earlier._service.limits)
            started = earlier._place
            if earlier._thread is None or started is None or not place.is_rerun_of(started) or has != wanted:
                continue
            listener, self._thread = earlier._end()
            assert listener is not None
            assert self._thread is not None
            self._thread.call(listener.change_service, self._service)
            self._begin(listener, place)
            return True
        return False

    def _check_reach(self) -> None:
        if not is_loopback(self._host) and self._service.check_params is None:
            warnings.warn(
                f"{type(self).__name__}(host={self._host!r}) can be called by everybody who reaches this machine: "
                "give it check_params, which refuses those who may not, or host='127.0.0.1'",
                stacklevel=3,
            )

    def _taken(self, error: OSError) -> OSError:
        remedy = "choose another port"
        for server in CallServer.running():
            listener, place = server._listener, server._place
            if listener is not None and place is not None and listener.url.endswith(f":{self._port}"):
                remedy = f"{server!r}, started in {place.words}, has it: call its stop(), or choose another port"
        return OSError(error.errno, f"cannot listen on {self._host}:{self._port} ({error.strerror}): {remedy}")


def _alive() -> Iterator[CallServer]:
    for reference in tuple(_running):
        server = reference()
        if server is not None and server._listener is not None:
            yield server


def _close_unheld(listener: Listener, thread: LoopThread) -> None:
    """End a server that nothing refers to any more. The collector may run on any thread: this does not wait."""
    _log.debug("a server that nobody holds any more ends")
    closing = thread.submit(listener.close())
    _closing.add(closing)

    def end_thread(_: object) -> None:
        _closing.discard(closing)
        thread.stop()

    closing.add_done_callback(end_thread)
