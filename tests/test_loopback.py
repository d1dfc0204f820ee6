"""Which addresses are this machine's own."""

from __future__ import annotations

import pytest

from micdrop_widget._loopback import is_loopback, leads_to_this_machine


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


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "[::]", "127.1", "127.0.1"])
def test_some_addresses_of_others_lead_to_this_machine_too(host: str) -> None:
    assert leads_to_this_machine(host)


@pytest.mark.parametrize("host", ["example.org", "128.1", "10.0.0.0", "::2", "", "127.example.org", "1270.0.1"])
def test_all_other_addresses_may_lead_anywhere(host: str) -> None:
    assert not leads_to_this_machine(host)
