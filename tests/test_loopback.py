"""Which addresses are this machine's own."""

from __future__ import annotations

import pytest

from micdrop_widget._loopback import is_loopback


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "127.255.0.9", "::1", "::ffff:127.0.0.1"],
)
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["example.org", "128.0.0.1", "::2", "0.0.0.0", "::", "h", "", "localhost.example.org", "127.0.0.1.nip.io"],
)
def test_what_others_may_reach_is_known(host: str) -> None:
    assert not is_loopback(host)
