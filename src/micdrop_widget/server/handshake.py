"""Which connections are accepted, by the headers of their handshake, and how much a client may send."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from micdrop_widget._loopback import is_loopback

__all__ = ["CallRefused", "HandshakePolicy", "LimitExceeded", "Limits"]

_MAX_REASON_BYTES = 123


class CallRefused(Exception):  # noqa: N818 - a refusal is no error of the server
    """Raised by `check_params` to refuse a call.

    Parameters
    ----------
    close_code
        4400 bad request, 4401 unauthorized, 4404 not found, or any other from 4000 to 4999.
    reason
        Short text for the client, at most 123 bytes.

    Raises
    ------
    ValueError
        Another code, or a longer reason: WebSocket has no room for them.
    """

    def __init__(self, close_code: int = 4401, reason: str = "") -> None:
        if not 4000 <= close_code <= 4999:
            raise ValueError(f"CallRefused: expected a close code from 4000 to 4999, got {close_code!r}")
        if len(reason.encode()) > _MAX_REASON_BYTES:
            raise ValueError(f"CallRefused: expected a reason of at most {_MAX_REASON_BYTES} bytes")
        super().__init__(close_code, reason)
        self.close_code = close_code
        self.reason = reason


class LimitExceeded(Exception):  # noqa: N818 - the client's doing, not an error of the server
    """A client sent more than it may: its call ends with this close code and reason."""

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(close_code, reason)
        self.close_code = close_code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """How much clients may send. A call that sends more is closed, with the code that is named at each limit."""

    calls: int = 1000
    """Calls at the same time; one more is closed with 1013 (try again later)."""
    params_bytes: int = 64 * 1024
    """Length of the params; a call with longer ones is closed with 4400."""
    frame_bytes: int = 1024 * 1024
    """Length of a frame, 32 s of audio; a call with a longer one is closed with 1009."""
    utterance_s: float = 300
    """Audio from StartSpeaking to StopSpeaking; a call with a longer utterance is closed with 1009."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"Limits: expected a positive number in {field.name}, got {value!r}")


class HandshakePolicy:
    """Checks the handshake of a connection, before there is a call.

    A page of any site can open a WebSocket to a server on this machine: a browser sends the page's `Origin`, and no
    other client does. A page that points a name of its own at this machine (DNS rebinding) is recognized by `Host`.

    Parameters
    ----------
    host
        The address that the server listens on.
    hosts
        Further names of the server, without a port: that of a proxy, for example.
    origins
        The web pages that may call, like `https://example.org`; "*" is every page.
    """

    def __init__(self, host: str, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._names = {host.lower(), *(name.lower() for name in _texts("hosts", hosts))}
        self._origins = {_origin(origin) for origin in _texts("origins", origins)}
        self.origins = tuple(sorted(self._origins))
        if is_loopback(host):
            self._names.add("localhost")
        else:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """Return why a connection is refused, as a text for the client; None if it is accepted.

        Parameters
        ----------
        hosts, origins
            Every `Host` and every `Origin` header of the request.
        """
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return "Refused: the Host of this request is no name of this server. Name it: MicdropServer(hosts=[…])\n"
        if not origins or "*" in self._origins:
            return None
        if len(origins) == 1 and origins[0].lower() in self._origins:
            return None
        return "Refused: this server takes no calls from this web page. Allow it: MicdropServer(origins=[…])\n"

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        if name in self._names:
            return True
        try:  # an address cannot be rebound; a name can
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _texts(what: str, values: Iterable[str]) -> list[str]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{what}: expected a list of texts, got {values!r}")
    return list(values)


def _origin(origin: str) -> str:
    parts = urlsplit(origin)
    if origin in ("*", "null") or (parts.scheme and parts.netloc and not parts.path.strip("/") and not parts.query):
        return origin.rstrip("/").lower()
    raise ValueError(f"origins: expected the like of 'https://example.org', got {origin!r}")
