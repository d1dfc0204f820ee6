"""Checks the `Host` and `Origin` headers of a request: only this machine's own page may connect. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["is_own_host", "is_own_origin"]

_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
"""Any port: a tunnel, such as that of `ssh -L` or of VS Code, shows the page under a port of its own."""


def is_own_host(hosts: Sequence[str]) -> bool:
    """Return whether a request names this machine; one by DNS rebinding names another host.

    Parameters
    ----------
    hosts
        Every `Host` header.
    """
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def is_own_origin(hosts: Sequence[str], origins: Sequence[str]) -> bool:
    """Return whether a connection is opened by the page that was served under the same name and port.

    Parameters
    ----------
    hosts, origins
        Every `Host` and every `Origin` header. A browser sends an `Origin` with each WebSocket.
    """
    if not is_own_host(hosts) or len(origins) != 1:
        return False
    return origins[0].lower() in (f"http://{hosts[0].lower()}", f"https://{hosts[0].lower()}")
