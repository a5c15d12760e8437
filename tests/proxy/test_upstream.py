"""``--to`` and ``--listen``: what they mean, and what is said when they mean nothing."""

from __future__ import annotations

import pytest

from wsreplay.captures.errors import UserError
from wsreplay.proxy.allowed import AllowedHosts
from wsreplay.proxy.plan import RecordingPlan
from wsreplay.proxy.upstream import parse_listen, parse_upstream


@pytest.mark.parametrize(
    ("text", "name", "mode", "local"),
    [
        ("ws://127.0.0.1:9000", "", "reverse:http://127.0.0.1:9000@127.0.0.1:0", "ws://127.0.0.1:7"),
        ("wss://venue.test", "", "reverse:https://venue.test:443@127.0.0.1:0", "ws://127.0.0.1:7"),
        ("wss://venue.test/ws?k=1", "", "reverse:https://venue.test:443@127.0.0.1:0", "ws://127.0.0.1:7/ws?k=1"),
        ("wss://venue.test/", "", "reverse:https://venue.test:443@127.0.0.1:0", "ws://127.0.0.1:7"),
        ("wss://venue.test?k=a=b", "", "reverse:https://venue.test:443@127.0.0.1:0", "ws://127.0.0.1:7/?k=a=b"),
        ("rest=https://api.test/v2", "rest", "reverse:https://api.test:443@127.0.0.1:0", "http://127.0.0.1:7/v2"),
        ("md-2=ws://[::1]:80", "md-2", "reverse:http://[::1]:80@127.0.0.1:0", "ws://127.0.0.1:7"),
    ],
)
def test_an_upstream_is_read(text: str, name: str, mode: str, local: str) -> None:
    upstream = parse_upstream(text)
    assert upstream.name == name
    assert upstream.mode("127.0.0.1", 0) == mode
    assert upstream.local_url("127.0.0.1", 7) == local


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("venue.test:443", "ws://"),
        ("ftp://venue.test", "ws://"),
        ("ws://", "no host"),
        ("ws://venue.test:99999", "ort"),
        ("2nd=ws://venue.test", "begin with a letter"),
        ("wss://me:secret@venue.test", "user name"),
    ],
)
def test_a_wrong_upstream_is_named(text: str, word: str) -> None:
    with pytest.raises(UserError) as error:
        parse_upstream(text)
    assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_only_loopback_is_listened_on_unless_the_user_insists() -> None:
    assert parse_listen("127.0.0.1:0") == ("127.0.0.1", 0)
    assert parse_listen(":8080") == ("127.0.0.1", 8080)
    assert parse_listen("[::1]:1") == ("::1", 1)
    assert parse_listen("0.0.0.0:1", anywhere=True) == ("0.0.0.0", 1)
    for text in ("0.0.0.0:1", "192.168.1.5:1", "[::]:1", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"):
        with pytest.raises(UserError, match="--listen"):
            parse_listen(text)


def test_a_plan_names_its_listeners() -> None:
    two = (parse_upstream("ws://a.test"), parse_upstream("rest=http://a.test"))
    plan = RecordingPlan(upstreams=two, listen_port=9000)
    assert [mode.rpartition(":")[2] for mode, _ in plan.listeners()] == ["9000", "9001"]
    assert plan.allowed() is None


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (RecordingPlan(), "--to"),
        (RecordingPlan(upstreams=(parse_upstream("ws://a.test"), parse_upstream("ws://b.test"))), "NAME=URL"),
        (RecordingPlan(upstreams=(parse_upstream("x=ws://a.test"), parse_upstream("x=ws://b.test"))), "'x'"),
        (RecordingPlan(mode="regular"), "--allow-host"),
        (RecordingPlan(upstreams=(parse_upstream("ws://a.test"),), allow_hosts=("b.test",)), "--mode regular"),
        (RecordingPlan(mode="socks5", upstreams=(parse_upstream("ws://a.test"),), allow_hosts=("a",)), "--to"),
    ],
)
def test_a_plan_that_makes_no_sense_says_why(plan: RecordingPlan, word: str) -> None:
    with pytest.raises(UserError) as error:
        plan.listeners()
    assert word in str(error.value)


def test_allowed_hosts_are_these_and_no_others() -> None:
    allows = AllowedHosts(["venue.test", "*.api.test"])
    assert [
        allows(h) for h in ("venue.test", "VENUE.test.", "x.api.test", "api.test", "evilvenue.test", "x.venue.test")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
