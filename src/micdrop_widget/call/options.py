"""The options of a call: validated at the border, masked wherever they are shown."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import ssl as ssl_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from micdrop_widget.call.credentials import HeadersOption, ParamsOption, check_headers, check_params
from micdrop_widget.call.proxies import ProxyOption, check_proxy
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VAD, VadOption, build_vad

__all__ = ["CallOptions", "masked_url"]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Everything a call can be told. `MicdropClient` documents each option.

    Raises
    ------
    ValueError, TypeError
        An option is not what it should be; the message says what was expected.
    """

    url: str | None = None
    params: ParamsOption | None = field(default=None, repr=False)
    vad: VadOption = "silero"
    turn_detector: TurnDetector | None = None
    turn_max_wait_ms: float = 4000
    disable_interruption: bool = False
    echo_cancellation: bool = True
    noise_suppression: bool = True
    auto_gain_control: bool = True
    reconnect: Reconnect = field(default_factory=Reconnect)
    headers: HeadersOption | None = field(default=None, repr=False)
    subprotocols: Sequence[str] | None = None
    proxy: ProxyOption = field(default=True, repr=False)
    ssl: ssl_module.SSLContext | None = None
    ping_interval_s: float | None = 20
    record: bool | str | PathLike[str] = True
    debug_log: bool = False

    def __post_init__(self) -> None:
        _check_url(self.url)
        if self.params is not None and not callable(self.params):
            check_params(self.params)
        if self.headers is not None and not callable(self.headers):
            check_headers(self.headers)
        check_proxy(self.proxy)
        _check_subprotocols(self.subprotocols)
        if isinstance(self.reconnect, Mapping):
            # frozen and slotted: the only way to store the converted value
            object.__setattr__(self, "reconnect", Reconnect(**_known(Reconnect, self.reconnect)))
        if not isinstance(self.reconnect, Reconnect):
            raise TypeError(f"reconnect: expected a Reconnect or a dict, got {type(self.reconnect).__name__}")
        if not isinstance(self.vad, VAD):
            build_vad(self.vad)
        if not isinstance(self.turn_detector, TurnDetector | None):
            raise TypeError(
                f"turn_detector: expected a TurnDetector like SmartTurn(), or None, got {self.turn_detector!r}"
            )
        if not self.turn_max_wait_ms >= 0:  # NaN included
            raise ValueError(f"turn_max_wait_ms: expected milliseconds, 0 or more, got {self.turn_max_wait_ms!r}")
        if self.ping_interval_s is not None and self.ping_interval_s <= 0:
            raise ValueError(f"ping_interval_s: expected seconds or None, got {self.ping_interval_s!r}")
        for name in ("echo_cancellation", "noise_suppression", "auto_gain_control"):
            _check_bool(name, getattr(self, name))
        _check_record(self.record)

    def __repr__(self) -> str:
        url = None if self.url is None else masked_url(self.url)
        hidden = "".join(f", {name}=…" for name in ("params", "headers") if getattr(self, name) is not None)
        return f"CallOptions(url={url!r}, vad={self.vad!r}{hidden})"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> CallOptions:
        """Return options from keyword arguments; an unknown one is a `TypeError` that names the nearest known one."""
        return cls(**_known(cls, options))

    def merged(self, options: Mapping[str, Any]) -> CallOptions:
        """Return these options with the given ones put over them."""
        return replace(self, **_known(type(self), options))


def masked_url(url: str) -> str:
    """Return a url without what may be secret: user, password, query and fragment."""
    parts = urlsplit(url)
    query = "?…" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def _check_url(url: object) -> None:
    if url is None:
        return
    if not isinstance(url, str):
        raise TypeError(f"url: expected a str like 'ws://localhost:8081', got {type(url).__name__}")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
        if "[" in parts.netloc:  # Python 3.10 takes anything in brackets
            ipaddress.ip_address(parts.hostname or "")
    except ValueError:  # its message may quote what is secret
        usable = False
    if not usable:
        raise ValueError(
            f"url: expected a WebSocket address like 'ws://localhost:8081' or 'wss://…', got {_plain(url)!r}"
        )
    if "@" in parts.netloc:
        raise ValueError(
            f"url: {_plain(url)!r} has a user name before the host: a Micdrop server takes no credentials there. "
            "Pass a token in params or headers"
        )
    if "#" in url:
        raise ValueError(f"url: {_plain(url)!r} has a fragment (#…), which is never sent: pass it in params")
    if any(char.isspace() or not char.isprintable() for char in url):
        raise ValueError(f"url: {_plain(url)!r} has a blank in it: write it as %20, or take it out")


def _plain(url: str) -> str:
    """Return what may be shown of a url that cannot be taken apart."""
    if "@" in url:  # a password is somewhere before it
        scheme, found, _ = url.partition("://")
        return f"{scheme}://…" if found else "…"
    return url.partition("?")[0].partition("#")[0]


def _check_subprotocols(subprotocols: object) -> None:
    if subprotocols is None:
        return
    if isinstance(subprotocols, str) or not isinstance(subprotocols, Sequence):
        raise TypeError(f"subprotocols: expected a list of names like ['micdrop'], got {subprotocols!r}")
    for name in subprotocols:
        if not isinstance(name, str) or not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name):
            raise ValueError(f"subprotocols: {name!r} is no name of a subprotocol")


def _check_bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")


def _check_record(record: object) -> None:
    if isinstance(record, bool):
        return
    if not isinstance(record, str | PathLike):
        raise TypeError(f"record: expected True, False or the path of a WAV file, got {type(record).__name__}")
    path = Path(record).expanduser()
    if path.is_dir():
        raise ValueError(f"record: expected the path of a WAV file, got the folder {str(path)!r}: add a file name")
    if not path.parent.is_dir():
        raise ValueError(f"record: {str(path)!r} cannot be written: make the folder {str(path.parent)!r} first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"record: {str(path)!r} cannot be written: give a path that you may write to, or record=True")


def _known(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    names = [known.name for known in fields(cls)]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(names)}"
            raise TypeError(f"unknown option {name!r}: {hint}")
    return dict(options)
