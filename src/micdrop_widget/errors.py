"""The errors of a call: eight codes, one exception, and the mapping of the wire's codes to them."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "CallClosedError",
    "DetectorInUseError",
    "MicdropError",
    "MicdropErrorCode",
    "MissingPackageError",
    "error_for_close",
    "error_for_http_status",
    "is_call_over",
    "is_retryable",
    "raise_fresh",
]


class MicdropErrorCode(str, Enum):
    """The eight error codes of Micdrop, spelled as Micdrop spells them."""

    MissingUrl = "MissingUrl"
    Mic = "Mic"
    Connection = "Connection"
    InternalServer = "InternalServer"
    BadRequest = "BadRequest"
    Unauthorized = "Unauthorized"
    NotFound = "NotFound"
    Unknown = "Unknown"

    def __str__(self) -> str:
        return self.value


class MicdropError(Exception):
    """A call could not start, or ended in a failure.

    Parameters
    ----------
    code
        Which of the eight failures it is.
    message
        What happened, in one sentence.
    remedy
        What the user can do about it, in one sentence.
    reason
        A word for the cause, where it is one of a fixed list: then `remedy` is fixed too, and neither holds anything
        private. Otherwise empty.
    """

    def __init__(self, code: MicdropErrorCode, message: str, remedy: str, *, reason: str = "") -> None:
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.remedy}"


class CallClosedError(RuntimeError):
    """The call was closed, by `close()` or at the end of a `with`: it cannot be started and has no events any more."""

    def __init__(self) -> None:
        super().__init__("this call was closed: make a new one (in a notebook: run its cell again)")


class DetectorInUseError(MicdropError):
    """Another call uses a detector of speech or of turns: two calls would be one voice to it."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


class MissingPackageError(MicdropError, ImportError):
    """A package, or the library below it, is not installed, and is needed for what was asked for."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


_CLOSE_CODES = {
    1011: MicdropErrorCode.InternalServer,
    4400: MicdropErrorCode.BadRequest,
    4401: MicdropErrorCode.Unauthorized,
    4404: MicdropErrorCode.NotFound,
}

_HTTP_STATUSES = {
    400: MicdropErrorCode.BadRequest,
    401: MicdropErrorCode.Unauthorized,
    403: MicdropErrorCode.Unauthorized,
    404: MicdropErrorCode.NotFound,
}

_SERVER_SAID = {
    MicdropErrorCode.InternalServer: (
        "The server had an internal error.",
        "Look at the server's log, then start the call again.",
    ),
    MicdropErrorCode.BadRequest: (
        "The server did not accept the call's params.",
        "Pass the params that this server expects: MicdropWidget(url, params={...}).",
    ),
    MicdropErrorCode.Unauthorized: (
        "The server refused the call's credentials.",
        "Pass a valid token in params (or headers) and start again.",
    ),
    MicdropErrorCode.NotFound: (
        "The server knows no call at this address.",
        "Check the path of the url and the ids in params.",
    ),
    MicdropErrorCode.Connection: (
        "The connection to the server was lost.",
        "Check that the server is running and the network is up, then start the call again.",
    ),
    MicdropErrorCode.Unknown: (
        "The server ended the call.",
        "Look at the server's log for what it means by this code.",
    ),
}

_NOT_RETRYABLE = {MicdropErrorCode.BadRequest, MicdropErrorCode.Unauthorized, MicdropErrorCode.NotFound}


def is_call_over(close_code: int) -> bool:
    """Return whether a WebSocket close code means a normal end of the call (1000, or 1005: none given)."""
    return close_code in (1000, 1005)


def is_retryable(error: MicdropError) -> bool:
    """Return whether a lost call may come back by connecting again."""
    return error.code not in _NOT_RETRYABLE


def error_for_close(close_code: int, reason: str = "") -> MicdropError:
    """Return the error that a WebSocket close code stands for.

    Parameters
    ----------
    close_code
        Any close code but 1000 and 1005, which are no errors.
    reason
        The server's close reason, quoted in the message when there is one.
    """
    code = _CLOSE_CODES.get(close_code)
    if code is None:
        code = MicdropErrorCode.Connection if close_code < 4000 else MicdropErrorCode.Unknown
    return _server_error(code, f"close code {close_code}", reason)


def error_for_http_status(status: int) -> MicdropError:
    """Return the error for a WebSocket handshake answered with an HTTP status other than 101."""
    code = _HTTP_STATUSES.get(status)
    if code is None:
        code = MicdropErrorCode.InternalServer if status >= 500 else MicdropErrorCode.Connection
    return _server_error(code, f"HTTP {status}", "")


def _server_error(code: MicdropErrorCode, where: str, reason: str) -> MicdropError:
    message, remedy = _SERVER_SAID[code]
    said = f", it said “{reason}”" if reason else ""
    return MicdropError(code, f"{message[:-1]} ({where}{said}).", remedy, reason=where)


def raise_fresh(error: MicdropError | None) -> None:
    """Raise a copy of the state's error, so that the one in the state collects no tracebacks."""
    if error is not None:
        raise MicdropError(error.code, error.message, error.remedy, reason=error.reason)
