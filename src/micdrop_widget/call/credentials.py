"""`params` and `headers`, which each connection sends to the server: values, or functions that return them."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from micdrop_widget.errors import MicdropError, MicdropErrorCode

__all__ = ["HeadersOption", "ParamsOption", "check_headers", "check_params", "current", "params_text"]

Params: TypeAlias = Mapping[str, Any]
Headers: TypeAlias = Mapping[str, str]

ParamsOption: TypeAlias = Params | Callable[[], Params | Awaitable[Params | None] | None]
"""A JSON object, or a function that makes a fresh one for each connection."""

HeadersOption: TypeAlias = Headers | Callable[[], Headers | Awaitable[Headers | None] | None]
"""Headers of the handshake, or a function that makes fresh ones for each connection."""

_SET_BY_THE_HANDSHAKE = {
    "connection": "",
    "content-length": "",
    "host": "",
    "sec-websocket-accept": "",
    "sec-websocket-extensions": "",
    "sec-websocket-key": "",
    "sec-websocket-protocol": ": pass subprotocols=[…] instead",
    "sec-websocket-version": "",
    "transfer-encoding": "",
    "upgrade": "",
}


async def current(name: str, option: Any, check: Callable[[object], None], timeout_s: float) -> Any:  # noqa: ANN401
    """Return the value of an option now: a function is called, and its result checked; neither is kept or shown.

    A plain function runs in a worker thread, an async one on the call's event loop.

    Parameters
    ----------
    name
        Of the option, for the error.
    option
        A mapping, a function, or None.
    check
        Checks what the function returned.
    timeout_s
        How long the function may take.

    Raises
    ------
    MicdropError
        The function raised, took too long, or returned something else. The message names only the kind of failure:
        the text of an error may hold a token.
    """
    if not callable(option):
        return option
    try:
        value = await asyncio.wait_for(_call(option), timeout_s)
        if value is not None:
            check(value)
    except (TimeoutError, asyncio.TimeoutError):
        raise _failed(name, f"did not return within {timeout_s:g} s") from None
    except Exception as error:  # noqa: BLE001 - the border to the user's code
        raise _failed(name, f"failed ({type(error).__name__})") from None
    return value


async def _call(function: Callable[[], Any]) -> Any:  # noqa: ANN401 - checked by the caller
    if inspect.iscoroutinefunction(function):
        return await function()
    value = await asyncio.to_thread(function)
    return await value if inspect.isawaitable(value) else value


def _failed(name: str, what: str) -> MicdropError:
    return MicdropError(
        MicdropErrorCode.BadRequest,
        f"The function that was given as {name} {what}.",
        "Call it in a cell to see why, and start the call again.",
    )


def params_text(params: Params | None) -> str | None:
    """Return the first frame of the call, or None when there are no params."""
    return None if params is None else json.dumps(dict(params))


def check_params(params: object) -> None:
    """Check what is to be sent as params.

    Raises
    ------
    TypeError
        It is no JSON object; no value is quoted, since it may be secret.
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"params: expected a dict or a function that returns one, got {type(params).__name__}")
    try:
        json.dumps(dict(params), allow_nan=False)
    except (TypeError, ValueError):
        # the original message quotes the value, which may be a secret
        raise TypeError("params: expected a dict of JSON values (str, number, bool, None, list, dict)") from None


def check_headers(headers: object) -> None:
    """Check what is to be sent as headers.

    Raises
    ------
    TypeError, ValueError
        They are no headers that a user may set; no value is quoted, since it may be secret.
    """
    if not isinstance(headers, Mapping) or not all(isinstance(text, str) for pair in headers.items() for text in pair):
        raise TypeError("headers: expected a dict of str to str, or a function that returns one")
    for name, value in headers.items():
        if name.lower() in _SET_BY_THE_HANDSHAKE:
            raise ValueError(f"headers: {name!r} is set by the handshake itself{_SET_BY_THE_HANDSHAKE[name.lower()]}")
        if not name.isascii() or not name or any(char in name for char in " \t\r\n:"):
            raise ValueError(f"headers: {name!r} is no name of a header")
        if any(char in value for char in "\r\n\0"):
            raise ValueError(f"headers: the value of {name!r} has a line break in it")
