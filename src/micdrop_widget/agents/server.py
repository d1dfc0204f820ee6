"""`MicdropServer`: the embedded server, and what it answers with."""

from __future__ import annotations

import inspect
import ssl as tls
from collections.abc import Sequence

from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.door import Limits
from micdrop_widget.server.echo import echo
from micdrop_widget.server.function import FunctionResponder, Greet, Respond
from micdrop_widget.server.listener import CheckParams, OnFrame
from micdrop_widget.server.responder import Responder
from micdrop_widget.server.server import CallServer

__all__ = ["MicdropServer"]


class MicdropServer(CallServer):
    """A Micdrop server on loopback.

    Parameters
    ----------
    respond
        An async function that answers one utterance: `async def respond(call, utterance)`, with a `ServerCall` and
        int16 samples at 16 kHz. It is cancelled when the user interrupts. What it returns is sent: a text as the
        assistant's message, samples as its voice. The default echoes.
    host, port
        Where to listen; port 0 takes a free one.
    greeting
        What the server says first: a text, sent as the assistant's message; an async function
        `async def greet(call)` that speaks, cancelled when the user interrupts; or None, which only says that the
        server is ready.
    check_params
        A function, async or not, that is given the client's params and raises `CallRefused` (4401 by default) or
        `ValueError` (4400) to refuse the call. With it the server waits 3 s for the params, as Micdrop's does.
    origins
        The web pages that may call, like `["https://example.org"]`. Programs send no origin: they always may.
    hosts
        Further names that this server is called by, of a proxy for example.
    ssl
        A server's `ssl.SSLContext`: the server is then a `wss://` one.
    limits
        How much clients may send, and how many calls there may be.
    on_frame
        Called with each `ServerCall` and raw frame (str or bytes) that comes from a client, in order.

    Examples
    --------
    In a program, on its own event loop, or in a thread of its own::

        async with MicdropServer() as server:
            print(server.url)

        with MicdropServer() as server:
            print(server.url)

    In a notebook cell; run again, the cell's new server takes over from its old one::

        server = MicdropServer().start()
    """

    def __init__(
        self,
        respond: Respond = echo,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        greeting: str | Greet | None = "Say something: I answer with your own voice.",
        check_params: CheckParams | None = None,
        origins: Sequence[str] = (),
        hosts: Sequence[str] = (),
        ssl: tls.SSLContext | None = None,
        limits: Limits | None = None,
        on_frame: OnFrame | None = None,
    ) -> None:
        if not _is_async(respond):
            raise TypeError("respond: expected an async function, async def respond(call, utterance)")
        if callable(greeting) and not _is_async(greeting):
            raise TypeError("greeting: expected a text or an async function, async def greet(call)")

        def make_responder(call: ServerCall, _: Responder | None) -> Responder:
            return FunctionResponder(call, respond, greeting)

        super().__init__(
            make_responder,
            host=host,
            port=port,
            ssl=ssl,
            check_params=check_params,
            origins=origins,
            hosts=hosts,
            limits=limits or Limits(),
            on_frame=on_frame,
        )


def _is_async(function: object) -> bool:
    """Return whether calling it gives a coroutine: an async function, method or callable object."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
