from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wsreplay.venues.dialect import Dialect, Secrets
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
from wsreplay.venues.errors import VenueError
from wsreplay.venues.generic.dialect import GenericDialect
from wsreplay.venues.generic.mapping import load_mapping, read_mapping

PAGE = (Path(__file__).parents[3] / "docs" / "map-file.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def acme() -> GenericDialect:
    """The venue of the documentation."""
    [example] = blocks("toml")
    return GenericDialect(read_mapping(example, "acme.toml"))


def dialect(source: str) -> GenericDialect:
    return GenericDialect(read_mapping(source))


def says(mapped: GenericDialect, sender: Sender, message: Any) -> dict[str, Any]:
    return described(mapped.decode(json.dumps(message), sender))


def described(envelope: Envelope) -> dict[str, Any]:
    empty = Envelope()
    found = {name: getattr(envelope, name) for name in Envelope.__struct_fields__ if name not in ("parts", "intent")}
    return {name: value for name, value in found.items() if value != getattr(empty, name)}


# The page


def test_the_page_says_what_becomes_of_acmes_messages(acme: GenericDialect) -> None:
    [story] = blocks("text")
    written: list[dict[str, str]] = []
    read: list[dict[str, str]] = []
    for line in story.splitlines():
        speaker, _, rest = line.partition(" ")
        if speaker:
            envelope = acme.decode(rest.strip(), "client" if speaker == "bot" else "venue")
            read += [
                {name: str(value) for name, value in described(one).items()} for one in (envelope, *envelope.parts)
            ]
        else:
            role, *facts = line.split()
            said = dict(fact.split("=", 1) for fact in facts)
            written.append(said if role == "part" else {"role": role, **said})
    assert read == written
    assert len(read) == 10


def test_the_page_names_all_that_may_be_named(acme: GenericDialect) -> None:
    from wsreplay.venues.generic.mapping import _TABLES

    [example] = blocks("toml")
    for table, fields in _TABLES.items():
        for field in fields:
            assert re.search(rf"\b{field}\b", PAGE), f"{table} {field}"
    assert "wrong in the file" in PAGE
    assert example.count("\n") < 60


def test_the_rest_of_the_example_takes_effect(acme: GenericDialect) -> None:
    assert isinstance(acme, Dialect)
    assert acme.name == "acme"
    assert acme.hosts == acme.production_hosts == {"ws.acme.example"}
    assert acme.secrets == Secrets(names=frozenset({"pin"}), public=frozenset({"token_pair"}))


# Paths


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a", {"a": "x"}),
        ("a.b", {"a": {"b": "x"}}),
        ("a[0]", {"a": ["x"]}),
        ("a[-1].b", {"a": [1, {"b": "x"}]}),
        ("a[1][0]", {"a": [0, ["x"]]}),
        ('a."b.c".d', {"a": {"b.c": {"d": "x"}}}),
        ("[0].b", [{"b": "x"}]),
        ("ä-b", {"ä-b": "x"}),
    ],
)
def test_paths_lead_to_their_value(path: str, message: Any) -> None:
    mapped = dialect(f"[paths]\nchannel = {json.dumps(path)}")
    assert says(mapped, "venue", message)["channel"] == "x"


@pytest.mark.parametrize("message", [{"a": {}}, {"a": []}, {"a": "b"}, {"a": [{"b": None}]}, {"other": 1}])
def test_a_path_that_leads_nowhere_finds_nothing(message: Any) -> None:
    mapped = dialect('[paths]\nchannel = "a[0].b"')
    assert "channel" not in says(mapped, "venue", message)


def test_the_first_path_that_is_there_wins() -> None:
    mapped = dialect('[paths]\nkey = ["a.n", "n"]')
    assert says(mapped, "client", {"a": {"n": 1}, "n": 2})["key"] == "1"
    assert says(mapped, "client", {"n": 2})["key"] == "2"


def test_a_named_fact_is_read_nowhere_else() -> None:
    mapped = dialect('[paths]\nkey = "n"\nerror_code = "no"\norder_id = "ref"\nchannel = "ch"')
    message = {"id": 7, "sequence": 8, "error": "x", "code": 5, "msg": "m", "orderId": "o", "args": {"channel": "c"}}
    assert says(mapped, "venue", message) == {"role": "push"}


def test_facts_that_are_not_named_are_found_as_always() -> None:
    mapped = dialect('[paths]\nkey = "n"')
    assert says(mapped, "client", {"n": 7, "op": "sub", "channel": "c"}) == {
        "role": "request", "key": "7", "op": "sub", "channel": "c",
    }  # fmt: skip


def test_each_side_may_have_paths_of_its_own() -> None:
    mapped = dialect('[paths]\nkey = "n"\n[paths.client]\nkey = "mine"\n[paths.venue]\nsymbol = "what"')
    assert says(mapped, "client", {"n": 1, "mine": 2, "what": "ETH"}) == {"role": "request", "key": "2"}
    assert says(mapped, "venue", {"n": 1, "mine": 2, "what": "ETH"}) == {"role": "reply", "key": "1", "symbol": "ETH"}


# Sides, roles, requests, errors


@pytest.mark.parametrize(
    ("value", "side"), [(1, "buy"), ("1", "buy"), ("SELL", "sell"), (True, "buy"), (3, None), (None, None)]
)
def test_sides(value: Any, side: str | None) -> None:
    mapped = dialect('[paths]\nside = "bs"\n[side]\nbuy = [1]\nsell = "2"')
    assert says(mapped, "venue", {"type": "x", "bs": value}).get("side") == side


def test_roles_by_operation() -> None:
    mapped = dialect('[roles]\npush = ["A", "B*"]\nreply = "C"\nerror = ["D"]\nheartbeat = ["E"]')
    roles = {op: says(mapped, "venue", {"id": 1, "op": op}).get("role") for op in ("A", "B", "Bx", "xB", "C", "D", "E")}
    assert roles == {
        "A": "push",
        "B": "push",
        "Bx": "push",
        "xB": "reply",
        "C": "reply",
        "D": "error",
        "E": "heartbeat",
    }
    assert says(mapped, "client", {"op": "E"})["role"] == "heartbeat"
    assert says(mapped, "client", {"op": "A"})["role"] == "request"


def test_a_listed_error_is_a_refusal_without_a_code_too() -> None:
    mapped = dialect('[paths]\nerror_code = "no"\n[roles]\nerror = ["XX"]')
    assert says(mapped, "venue", {"op": "XX"}) == {
        "role": "error",
        "op": "XX",
        "answers": "newest",
        "error_code": "error",
    }


@pytest.mark.parametrize("code", [0, "0", "ok", "SUCCESS", False, None, ""])
def test_codes_that_say_all_is_well(code: Any) -> None:
    mapped = dialect('[paths]\nerror_code = "no"')
    assert "error_code" not in says(mapped, "venue", {"id": 1, "no": code})


def test_only_the_named_requests_create_orders() -> None:
    order = {"symbol": "ETH", "side": "buy", "price": "1", "qty": "1"}
    mapped = dialect('[requests]\ncreate = ["NEW", "POST /v1/orders"]\nidentity = ["flags.x"]')
    intents = [
        mapped.decode(json.dumps({"op": op, **order, "flags": {"x": x}}), "client").intent
        for op, x in (("NEW", 1), ("NEW", "1"), ("NEW", 2), ("OTHER", 1))
    ]
    assert intents[0] == intents[1] != intents[2]
    assert None not in intents[:3]
    assert intents[3] is None
    for url, creates in (("https://x.example/v1/orders", True), ("https://x.example/v1/other", False)):
        message = HttpMessage(method="POST", url=url, body=json.dumps(order).encode())
        assert (mapped.decode_http(message, None).intent is not None) is creates


def test_requests_that_are_never_answered() -> None:
    mapped = dialect('[requests]\nunanswered = ["SUBSCRIBE"]')
    assert says(mapped, "client", {"op": "SUBSCRIBE"})["replies"] is False
    assert "replies" not in says(mapped, "client", {"op": "ORDER"})


def test_only_the_named_codes_refuse_a_repeated_id() -> None:
    mapped = dialect('[errors]\nrepeated_id = ["E7"]')
    assert says(mapped, "venue", {"id": 1, "error": "E7"})["answers"] == "newest"
    assert "answers" not in says(mapped, "venue", {"id": 1, "error": "DUPLICATE_REQUEST_ID"})


# Lists, over both ways


def test_a_list_of_orders_over_rest(acme: GenericDialect) -> None:
    request = HttpMessage(method="GET", url="https://x.example/book")
    body = json.dumps({"body": {"list": [{"ref": "7", "st": "LIVE", "ins": "ETH", "side": "buy"}]}}).encode()
    reply = acme.decode_http(HttpMessage(method="GET", url=request.url, status=200, body=body), request)
    assert [described(order) for order in reply.parts] == [
        {"order_id": "7", "status": "LIVE", "symbol": "ETH", "side": "buy"}
    ]


def test_where_lists_are_named_no_others_are_lists() -> None:
    mapped = dialect('[paths]\norders = "book"')
    rows = [{"orderId": 1, "side": "buy"}, {"orderId": 2, "side": "buy"}]
    assert mapped.decode(json.dumps({"data": rows}), "venue").parts == ()
    assert len(mapped.decode(json.dumps({"book": rows}), "venue").parts) == 2


# What is wrong is said with its place


@pytest.mark.parametrize(
    ("source", "trouble"),
    [
        ("name = = 3", r"acme.toml is no valid TOML: .*line 1.*see docs/map-file.md"),
        ("nmae = 'x'", r"acme.toml, line 1: nmae: nothing is called that here; did you mean name\?$"),
        ("[path]\nkey = 'a'", r"acme.toml, line 1: path: nothing is called that here; did you mean paths\?$"),
        ("\n[paths]\nop = 'a'\nclannel = 'c'", r"acme.toml, line 4: \[paths\] clannel: .*did you mean channel\?$"),
        ("[paths.order]\nkey = 'a'", r"acme.toml, line 2: \[paths.order\] key: .*there are: symbol, account, order_id"),
        ("[paths]\nkey = 'a..b'", r'acme.toml, line 2: \[paths\] key: "a..b" is no path; write names and indexes'),
        ("[paths]\nkey = ['a', 'b[x]']", r'line 2: \[paths\] key: "b\[x\]" is no path'),
        ("[paths]\nkey = 1.5", r'line 2: \[paths\] key: expected a text or a list of texts, like key = \["A", "B"\]'),
        ("[paths]\nkey = ['']", r"line 2: \[paths\] key: expected a text"),
        ("[roles]\nreply = [true]", r"line 2: \[roles\] reply: expected a text"),
        ("[roles]\nanswer = ['x']", r"line 2: \[roles\] answer: nothing .*there are: request, reply, push"),
        ("paths = 'a'", r"line 1: paths: this is a table: write \[paths\] and its fields below it"),
        ("paths.clannel = 'c'", r"acme.toml.*\[paths\] clannel: .*did you mean channel"),
        ("name = ''", r'line 1: name: the name is a text, like name = "acme"'),
        ("[requests]\nidentity = 'a b'", r'line 2: \[requests\] identity: "a b" is no path'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(source: str, trouble: str, tmp_path: Path) -> None:
    with pytest.raises(VenueError, match=trouble) as caught:
        read_mapping(source, "acme.toml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VenueError, match=r"the map file .*acme.toml can't be read: No such file or directory"):
        load_mapping(tmp_path / "acme.toml")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(VenueError, match="can't be read: it is no UTF-8 text"):
        load_mapping(tmp_path / "acme.toml")


def test_a_file_without_a_name_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text("")
    mapping = load_mapping(tmp_path / "acme.toml")
    assert mapping.name == "acme"
    assert mapping.production_hosts == {"*"}
    assert says(GenericDialect(mapping), "client", {"op": "sub", "id": 1}) == {
        "role": "request",
        "op": "sub",
        "key": "1",
    }
