"""A replay goes where the command line says, by the recording's names, and to production only if allowed by name."""

from __future__ import annotations

import pytest

from wsreplay.errors import UserError
from wsreplay.proxy.upstream import parse_upstream
from wsreplay.replay.script import Ask, Open
from wsreplay.replay.targets import Targets, check_orders_allowed
from wsreplay.venues.registry import dialect

RECORDED = {"": "wss://ws.venue.example/stream", "rest": "https://api.venue.example/v2"}


def line(url: str = "wss://ws.venue.example/stream", upstream: str = "") -> Open:
    return Open(seq=1, at_ns=0, line=1, upstream=upstream, url=url)


def asked(url: str, upstream: str = "rest") -> Ask:
    return Ask(seq=2, at_ns=0, upstream=upstream, method="GET", url=url)


@pytest.mark.parametrize(
    ("to", "step", "authority", "target"),
    [
        ("ws://127.0.0.1:9001", line(), "127.0.0.1:9001", "/"),
        ("ws://127.0.0.1:9001", line("wss://ws.venue.example/stream?a=1"), "127.0.0.1:9001", "/?a=1"),
        ("ws://127.0.0.1:9001/sim", line("wss://ws.venue.example/stream/deep"), "127.0.0.1:9001", "/sim/deep"),
        ("ws://127.0.0.1:9001", line("wss://ws.venue.example/other"), "127.0.0.1:9001", "/other"),
        ("rest=http://[::1]:9002", asked("https://api.venue.example/v2/orders?x=1"), "[::1]:9002", "/orders?x=1"),
        ("rest=http://h:9002/v2", asked("https://api.venue.example/v2/orders"), "h:9002", "/v2/orders"),
    ],
)
def test_the_path_is_the_bots_and_the_server_is_the_users(
    to: str, step: Open | Ask, authority: str, target: str
) -> None:
    place = Targets([to], RECORDED).place(step)
    assert (place.authority, place.target, place.secure) == (authority, target, False)


def test_in_the_proxy_modes_the_only_server_that_fits_is_meant() -> None:
    targets = Targets(["ws://127.0.0.1:1", "rest=http://127.0.0.1:2"], {})
    assert targets.place(asked("https://api.venue.example/x", upstream="")).port == 2
    assert targets.place(line("wss://venue.example/x")).port == 1


def test_a_step_that_has_nowhere_to_go_is_named_with_what_is_missing() -> None:
    with pytest.raises(UserError, match=r"#2 made a REST request at api\.venue\.example.*--to rest=http"):
        Targets(["ws://127.0.0.1:1"], RECORDED).place(asked("https://api.venue.example/v2/orders"))


@pytest.mark.parametrize("url", ["https://[/x", "https://h/a b", "https://h/a\x1bb", "https://h/ä"])
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    with pytest.raises(UserError, match="#2 has an address that is none"):
        Targets(["rest=http://127.0.0.1:1"], {}).place(asked(url))


def test_a_name_stands_for_one_server() -> None:
    with pytest.raises(UserError, match="two servers"):
        Targets(["ws://127.0.0.1:1", "ws://127.0.0.1:2"], {})


@pytest.mark.parametrize(
    ("venue", "url", "allowed", "fine"),
    [
        ("reya", "wss://ws-exec.reya.xyz", (), False),
        ("reya", "wss://ws-exec.reya.xyz", ("WS-EXEC.reya.xyz",), True),
        ("reya", "wss://ws-exec.reya.xyz", ("api.reya.xyz",), False),
        ("reya", "wss://ws-exec-testnet.reya.xyz", (), True),
        ("reya", "wss://8.8.8.8", (), False),
        ("reya", "ws://127.0.0.1:9001", (), True),
        ("generic", "ws://venue.example", (), False),
        ("generic", "ws://10.0.0.7", (), False),
        ("generic", "ws://venue.example", ("venue.example",), True),
        ("generic", "ws://localhost:9001", (), True),
        ("generic", "ws://localhost.venue.example", (), False),
    ],
)
def test_orders_go_to_production_only_where_it_is_allowed_by_name(
    venue: str, url: str, allowed: tuple[str, ...], fine: bool
) -> None:
    hosts = dialect(venue).production_hosts
    if fine:
        check_orders_allowed([parse_upstream(url)], hosts, allowed)
    else:
        with pytest.raises(UserError, match="--allow-production"):
            check_orders_allowed([parse_upstream(url)], hosts, allowed)
