"""Faults reach no production by accident."""

from __future__ import annotations

import pytest

from wsreplay.faults.errors import FaultError
from wsreplay.faults.safety import check_live_faults, is_loopback, is_production

VENUE = frozenset({"ws.venue.example", "api.venue.example"})
ANY = frozenset({"*"})


@pytest.mark.parametrize("production", [VENUE, ANY, frozenset({"localhost", "127.0.0.1"})])
@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "LOCALHOST.", "::ffff:127.0.0.1"]
)
def test_loopback_is_always_fine(host: str, production: frozenset[str]) -> None:
    check_live_faults([host], production, allowed=())


@pytest.mark.parametrize("host", ["ws.venue.example", "WS.Venue.Example", "ws.venue.example."])
def test_a_production_host_has_to_be_allowed_by_its_name(host: str) -> None:
    with pytest.raises(FaultError, match=r"add --allow-production ws\.venue\.example") as raised:
        check_live_faults(["localhost", host], VENUE, allowed=("api.venue.example",))
    assert len(str(raised.value).splitlines()) == 1
    check_live_faults([host], VENUE, allowed=("api.venue.example", "Ws.Venue.Example"))


def test_where_the_venue_is_not_known_every_host_beyond_loopback_is_production() -> None:
    for host in ("venue.example", "localhost.venue.example", "127.0.0.1.venue.example", "192.168.1.5", "0.0.0.0"):
        with pytest.raises(FaultError, match="every host counts as production"):
            check_live_faults([host], ANY, allowed=())
        check_live_faults([host], ANY, allowed=(host,))


def test_a_venues_test_host_is_no_production() -> None:
    assert not is_production("test.venue.example", VENUE)
    assert not is_production("192.168.1.5", VENUE)
    assert not is_production("fd00::7", VENUE)


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "134744072", "0x8.8.8.8", "8.526344"])
def test_a_bare_public_address_may_be_any_host(host: str) -> None:
    assert is_production(host, VENUE)


def test_a_pattern_of_hosts_is_production_if_one_of_them_is() -> None:
    assert is_production("*.venue.example", VENUE)
    assert not is_production("*.other.example", VENUE)
    assert is_production("*.other.example", ANY)
    assert is_production("eu.venue.example", {"*.venue.example"})


@pytest.mark.parametrize("host", ["", "localhost.example", "loopback", "127.0.0.1.nip.example", "128.0.0.1", "127.1"])
def test_only_names_and_addresses_without_doubt_are_loopback(host: str) -> None:
    assert not is_loopback(host)
