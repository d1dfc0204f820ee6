"""Recognizes the addresses of this machine that no other machine reaches."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["is_loopback", "leads_to_this_machine"]

_SHORT_LOOPBACK = re.compile(r"127(\.[0-9]+){1,3}")
"""127.1 is 127.0.0.1; numbers that no address has are an error wherever one connects."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's loopback interface."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def leads_to_this_machine(host: str) -> bool:
    """Return whether a connection to a host reaches this machine on every system, without a name server.

    Beside loopback that holds for the address of all interfaces, as a server prints it, and for loopback written short
    (127.1).
    """
    if is_loopback(host):
        return True
    name = host.rstrip(".").strip("[]")
    return name in ("0.0.0.0", "::") or _SHORT_LOOPBACK.fullmatch(name) is not None
