from __future__ import annotations

from typing import Any

import pytest
from venues.generic.reading import from_client, from_venue

# Operations


@pytest.mark.parametrize("name", ["op", "method", "cmd", "command", "type", "event", "action", "e", "msg_type"])
def test_operations_however_they_are_called(name: str) -> None:
    assert from_client({name: "doIt"})["op"] == "doIt"


@pytest.mark.parametrize(
    ("message", "op"),
    [
        ({"op": "new", "type": "limit"}, "new"),
        ({"event": "order", "type": "LIMIT"}, "order"),
        ({"type": "request", "action": "createOrder"}, "createOrder"),
        ({"type": "request"}, "request"),
        ({"type": "limit"}, None),
        ({"action": "buy", "type": "order"}, "order"),
        ({"op": 10}, "10"),
        ({"op": ""}, None),
        ({"op": "x" * 300}, None),
        ({"op": {"a": 1}, "type": "t"}, "t"),
    ],
)
def test_the_word_that_names_the_operation_wins(message: dict[str, Any], op: str | None) -> None:
    assert from_client(message).get("op") == op


def test_an_operation_may_be_a_name() -> None:
    assert from_client({"sub": "market.btc", "id": "1"}) == {
        "role": "request", "op": "sub", "key": "1", "channel": "market.btc",
    }  # fmt: skip
    assert from_venue({"id": "1", "status": "ok", "subbed": "market.btc"})["op"] == "subbed"


# Channels


@pytest.mark.parametrize(
    ("message", "channel"),
    [
        ({"channel": "a"}, "a"),
        ({"stream": "a"}, "a"),
        ({"topic": "a"}, "a"),
        ({"channels": ["a", {"name": "b"}]}, "a,b"),
        ({"arg": {"channel": "a"}}, "a"),
        ({"op": "subscribe", "args": ["a", "b", "a"]}, "a,b"),
        ({"op": "subscribe", "args": [{"channel": "a"}]}, "a"),
        ({"method": "SUBSCRIBE", "params": ["a"]}, "a"),
        ({"method": "subscribe", "params": {"channels": ["a"]}}, "a"),
        ({"method": "subscribe", "subscription": {"type": "trades", "coin": "S"}}, "trades"),
        ({"channel": 7}, "7"),
        ({"channel": "x" * 300}, None),
        ({"channel": []}, None),
    ],
)
def test_channels_however_they_are_named(message: dict[str, Any], channel: str | None) -> None:
    assert from_client(message).get("channel") == channel


@pytest.mark.parametrize(
    "login",
    [
        {"op": "auth", "args": ["KEY", 1662350400000, "SECRET"]},
        {"op": "auth", "args": ["KEY", "SECRET"]},
        {"op": "login", "arg": "SECRET"},
        {"op": "login", "args": [{"apiKey": "KEY", "name": "SECRET", "type": "SECRET"}]},
        {"method": "auth", "params": {"type": "SECRET"}},
    ],
)
def test_the_arguments_of_a_login_name_no_channel(login: dict[str, Any]) -> None:
    assert from_client(login) == {"role": "request", "op": login.get("op", "auth")}
