"""Chooses the proxy of a connection, and says what is wrong with one."""

from __future__ import annotations

import urllib.request
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from micdrop_widget._loopback import leads_to_this_machine

__all__ = ["ProxyOption", "check_proxy", "masked_proxy", "proxy_for"]

ProxyOption: TypeAlias = str | Literal[True] | None
"""True: the one that the environment sets; an address: that one; None: none."""

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def check_proxy(proxy: object) -> None:
    """Check the option `proxy`.

    Raises
    ------
    TypeError, ValueError
        It is no address of a proxy; the message says what was expected, and quotes no password.
    """
    if proxy is True or proxy is None:
        return
    if not isinstance(proxy, str):
        raise TypeError(f"proxy: expected an address, None or True (the environment's), got {type(proxy).__name__}")
    problem = proxy_problem(proxy)
    if problem is not None:
        raise ValueError(f"proxy: {masked_proxy(proxy)!r} {problem}")


def proxy_problem(proxy: str) -> str | None:
    """Return what is wrong with the address of a proxy, as words that continue “The proxy X …”, or None."""
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no address: write it like 'http://proxy.example:3128'"
    if parts.scheme not in _SCHEMES or "://" not in proxy:
        return f"has no scheme that is known: write it like 'http://{masked_proxy(proxy).rpartition('//')[2]}'"
    if not host or port == 0:
        return "names no host: write it like 'http://proxy.example:3128'"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "has a path: write it like 'http://proxy.example:3128'"
    return None


def proxy_for(url: str, option: ProxyOption) -> str | None:
    """Return the proxy that a connection goes through.

    What the environment sets is never used for a loopback address: the proxy is another machine, whose loopback
    is not ours. The order of the environment's variables is that of websockets.

    Parameters
    ----------
    url
        `ws://` or `wss://`.
    option
        The call's option `proxy`.
    """
    if option is not True:
        return option
    parts = urlsplit(url)
    host = parts.hostname or ""
    if leads_to_this_machine(host):
        return None
    secure = parts.scheme == "wss"
    if urllib.request.proxy_bypass(f"{host}:{parts.port or (443 if secure else 80)}"):
        return None
    proxies = urllib.request.getproxies()
    for scheme in ("wss", "socks", "https") if secure else ("ws", "socks", "https", "http"):
        proxy = proxies.get(scheme)
        if proxy is not None:
            # This is how macOS writes a SOCKS proxy.
            return f"socks5h://{proxy[7:]}" if scheme == "socks" and proxy.startswith("http://") else proxy
    return None


def masked_proxy(proxy: str) -> str:
    """Return the address of a proxy without user and password."""
    scheme, found, rest = proxy.rpartition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}"
