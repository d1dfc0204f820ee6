"""The options of a call: validated at the border, masked wherever they are shown."""

from __future__ import annotations

import inspect
import ipaddress
import os
import re
import ssl as ssl_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from micdrop_widget._keywords import given, suggest
from micdrop_widget.call.credentials import HeadersOption, ParamsOption, check_headers, check_params
from micdrop_widget.call.proxies import ProxyOption, check_proxy
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VAD, VadOption, build_vad

__all__ = [
    "NO_OPTIONS",
    "RECONNECT",
    "CallOptions",
    "ReconnectOption",
    "RecordOption",
    "describes_options",
    "masked_url",
    "options_in",
]

_T = TypeVar("_T")

ReconnectOption: TypeAlias = Reconnect | Mapping[str, Any]
RecordOption: TypeAlias = bool | str | PathLike[str]

RECONNECT = Reconnect()
"""How a lost call reconnects by default."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of a call.

    Parameters
    ----------
    url
        Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
    params
        JSON object sent first on every connection, or a function, async or not, that returns a fresh one for each; may
        hold tokens, is never logged or shown. A plain function runs in a worker thread.
    vad
        What detects speech: "silero", "volume", a `VAD` like `SileroVAD(threshold=0.6)`, or a list of them.
    turn_detector
        A `TurnDetector` that knows when a turn is over, like `SmartTurn()`; None ends it with the speech.
    turn_max_wait_ms
        How long a turn that is not complete stays open in silence.
    disable_interruption
        Do not listen while the assistant speaks; switches itself on where echo is not cancelled.
    echo_cancellation
        Ask the browser to take the assistant's voice out of the microphone's audio; other sources ignore it.
    noise_suppression
        Ask the browser to take noise out of the microphone's audio; other sources ignore it.
    auto_gain_control
        Ask the browser to even out the level of the microphone; other sources ignore it.
    reconnect
        How a lost call comes back: a `Reconnect`, or a dict of the same.
    headers
        HTTP headers of the WebSocket's handshake, or a function like that of `params`; never logged or shown.
    subprotocols
        Names of WebSocket subprotocols to offer, the preferred one first.
    proxy
        True uses the environment's proxy, never for loopback addresses; an address uses that one, None uses none.
    ssl
        TLS settings of the WebSocket; None takes Python's own.
    ping_interval_s
        Seconds between two pings, and for how long an answer is awaited; None measures once and gives up nobody.
    record
        True keeps the last 10 minutes in memory, a path writes the whole call to a WAV file, False keeps nothing.
    save_to
        A folder in which each call gets a folder of its own, named by when it began, and written while the call goes
        on: sound, turns, conversation, events. `load_call` reads it. None writes nothing.
    debug_log
        Log what happens, with times since the start, to the logger `micdrop_widget.call` (the widget also prints it).

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
    save_to: str | PathLike[str] | None = None
    debug_log: bool = False

    def __post_init__(self) -> None:
        _check_url(self.url)
        if self.params is not None and not callable(self.params):
            check_params(self.params)
        if self.headers is not None and not callable(self.headers):
            check_headers(self.headers)
        check_proxy(self.proxy)
        _check_subprotocols(self.subprotocols)
        # frozen and slotted: the only way to store the converted value
        object.__setattr__(self, "reconnect", _as_reconnect(self.reconnect))
        if not isinstance(self.vad, VAD):
            build_vad(self.vad)
        if not isinstance(self.turn_detector, TurnDetector | None):
            raise TypeError(
                f"turn_detector: expected a TurnDetector like SmartTurn(), or None, got {self.turn_detector!r}"
            )
        if not isinstance(self.ssl, ssl_module.SSLContext | None):
            raise TypeError(f"ssl: expected an ssl.SSLContext or None, got {self.ssl!r}")
        _check_times(self.turn_max_wait_ms, self.ping_interval_s)
        for option in fields(self):
            if option.type == "bool":
                _check_bool(option.name, getattr(self, option.name))
        if not isinstance(self.record, bool | str | PathLike):
            raise TypeError(f"record: expected True, False or the path of a WAV file, got {type(self.record).__name__}")
        _check_save_to(self.save_to, self.record)

    def __repr__(self) -> str:
        url = None if self.url is None else masked_url(self.url)
        hidden = "".join(f", {name}=…" for name in ("params", "headers") if getattr(self, name) is not None)
        return f"CallOptions(url={url!r}, vad={self.vad!r}{hidden})"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> CallOptions:
        """Return options from keyword arguments; an unknown one is a `TypeError` that names the nearest known one."""
        return _checked(cls(**_known(cls, options)), options)

    def merged(self, options: Mapping[str, Any]) -> CallOptions:
        """Return these options, overridden by the given ones."""
        return _checked(replace(self, **_known(type(self), options)), options)


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
    """Return the part of an invalid url that may be shown."""
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


def _as_reconnect(option: object) -> Reconnect:
    if isinstance(option, Mapping):
        return Reconnect(**_known(Reconnect, option))
    if not isinstance(option, Reconnect):
        raise TypeError(f"reconnect: expected a Reconnect or a dict, got {type(option).__name__}")
    return option


def _check_times(turn_max_wait_ms: float, ping_interval_s: float | None) -> None:
    _check_number("turn_max_wait_ms", turn_max_wait_ms, "milliseconds, 0 or more")
    if not turn_max_wait_ms >= 0:  # NaN included
        raise ValueError(f"turn_max_wait_ms: expected milliseconds, 0 or more, got {turn_max_wait_ms!r}")
    if ping_interval_s is not None:
        _check_number("ping_interval_s", ping_interval_s, "seconds or None")
        if not ping_interval_s > 0:  # NaN included
            raise ValueError(f"ping_interval_s: expected seconds or None, got {ping_interval_s!r}")


def _check_number(name: str, value: object, expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected {expected}, got {value!r}")


def _checked(options: CallOptions, given: Mapping[str, Any]) -> CallOptions:
    """Return the options, after a check that the files they name can be written now.

    The disk may change later: then the start fails.
    """
    if "record" in given and not isinstance(options.record, bool):
        _check_writable(options.record)
    if "save_to" in given and options.save_to is not None:
        _check_folder(options.save_to)
    return options


def _check_save_to(save_to: object, record: object) -> None:
    if save_to is None:
        return
    if not isinstance(save_to, str | PathLike):
        raise TypeError(f"save_to: expected the path of a folder, or None, got {type(save_to).__name__}")
    if not isinstance(record, bool):
        raise ValueError(
            "record: with save_to the recording is in the folder of the call: leave record=True, or give False for none"
        )


def _check_folder(save_to: str | PathLike[str]) -> None:
    path = Path(save_to).expanduser()
    if path.exists() and not path.is_dir():
        raise ValueError(f"save_to: expected the path of a folder, got the file {str(path)!r}")
    there = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not os.access(there, os.W_OK):
        raise ValueError(f"save_to: {str(path)!r} cannot be written: give a folder that you may write to")


def _check_writable(record: str | PathLike[str]) -> None:
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
            raise TypeError(f"unknown option {name!r}: {suggest(name, names)}")
    return dict(options)


NO_OPTIONS: Mapping[str, Any] = {}


def options_in(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a call that were given among the arguments of a function: its `locals()`."""
    return given(arguments, (option.name for option in fields(CallOptions)))


def describes_options(documented: _T) -> _T:
    """Replace `<options>` in the docstring of a function or class by what `CallOptions` says of each."""
    docstring = documented.__doc__
    if docstring is not None and CallOptions.__doc__ is not None:  # both are left out by python -OO
        lines = inspect.cleandoc(CallOptions.__doc__)
        lines = lines[lines.index("params\n") : lines.index("\n\nRaises")]
        documented.__doc__ = inspect.cleandoc(docstring).replace("<options>", lines)
    return documented
