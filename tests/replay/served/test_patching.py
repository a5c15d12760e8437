"""Recorded words made to fit: only what is different now changes, and nothing that only looks like it."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.replay.served.patching import patched, swaps_between, swaps_between_http
from wsreplay.venues.envelope import HttpMessage
from wsreplay.venues.registry import dialect

GENERIC = dialect("generic")
READ = partial(GENERIC.decode, sender="venue")
AT_NS = 1_795_242_445_123_456_789
MINUTE_NS = 60_000_000_000


def fitting(recorded: str, live: str, reply: str) -> str:
    swaps = swaps_between(recorded, live, GENERIC.decode(recorded, "client"), GENERIC.decode(live, "client"))
    return patched(reply, swaps, READ)


def test_a_short_id_is_changed_where_it_is_one_and_nowhere_else() -> None:
    assert (
        fitting('{"op":"status","id":7}', '{"op":"status","id":8}', '{"id":7,"result":{"qty":7,"open":7},"n":[7]}')
        == '{"id":8,"result":{"qty":7,"open":7},"n":[7]}'
    )


def test_also_where_the_answer_calls_it_otherwise() -> None:
    assert fitting('{"op":"x","id":7}', '{"op":"x","id":8}', '{"reqId":7,"result":{"qty":7}}') == (
        '{"reqId":8,"result":{"qty":7}}'
    )


def test_a_long_value_is_changed_wherever_it_stands() -> None:
    assert (
        fitting(
            '{"op":"x","id":"a","nonce":"1795242445123"}',
            '{"op":"x","id":"a","nonce":"99"}',
            '{"id":"a","echo":["1795242445123"]}',
        )
        == '{"id":"a","echo":["99"]}'
    )


def test_numbers_stay_numbers_and_texts_texts() -> None:
    assert fitting('{"op":"x","id":"7"}', '{"op":"x","id":"x8"}', '{"id":7}') == '{"id":"x8"}'
    assert fitting('{"op":"x","id":7}', '{"op":"x","id":8}', '{"id":"7"}') == '{"id":"8"}'
    big = 123456789012345678901234567890
    assert fitting('{"op":"x","id":7}', f'{{"op":"x","id":{big}}}', '{"id":7}') == f'{{"id":{big}}}'


def test_spacing_order_and_the_form_of_numbers_stay() -> None:
    reply = '{ "z" : 1.50,\n"id":7 , "a": 1e5, "u": "\\u00e9" }'
    assert fitting('{"op":"x","id":7}', '{"op":"x","id":12}', reply) == reply.replace(":7", ":12")


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_id_comes_out_as_it_went_in(recorded: str, live: str) -> None:
    import json

    asked, now = (json.dumps({"op": "x", "id": each}) for each in (recorded, live))
    reply = json.dumps({"id": recorded, "result": {"ok": True}})
    assert json.loads(fitting(asked, now, reply))["id"] == live


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ('{"ts":1795242445123}', '{"ts":1795242505123}'),
        ('{"time":"1795242445123456"}', '{"time":"1795242505123456"}'),
        ('{"timestamp":1795242445}', '{"timestamp":1795242505}'),
        ('{"createdAt":1795242445123456789}', '{"createdAt":1795242505123456789}'),
        ('{"E":1795242445123,"u":1795242445123}', '{"E":1795242505123,"u":1795242445123}'),
        ('{"date":"2026-11-21T06:27:25.123Z"}', '{"date":"2026-11-21T06:28:25.123Z"}'),
        ('{"time":"2026-11-21 06:27:25"}', '{"time":"2026-11-21 06:28:25"}'),
        ('{"time":"2026-11-21T08:27:25.123456+02:00"}', '{"time":"2026-11-21T08:28:25.123456+02:00"}'),
    ],
)
def test_times_are_moved_in_their_own_unit_and_form(text: str, moved: str) -> None:
    assert patched(text, (), READ, MINUTE_NS, AT_NS) == moved


@pytest.mark.parametrize(
    "text",
    [
        '{"orderId":1795242445123}',
        '{"createdAt":1500000000000}',
        '{"time":"soon"}',
        '{"time":12}',
        '{"time":"2026-13-41T06:27:25Z"}',
        '{"expires":1795242445123}',
        "pong",
    ],
)
def test_what_is_no_time_or_none_of_then_stays(text: str) -> None:
    assert patched(text, (), READ, MINUTE_NS, AT_NS) == text


def test_rest_echoes_come_from_bodies_forms_and_addresses() -> None:
    def asked(url: str, body: bytes) -> HttpMessage:
        return HttpMessage(method="POST", url=f"https://venue.example{url}", body=body)

    was, now = (
        asked("/o?clientOrderId=abc-1", b'{"nonce":"n-00000001"}'),
        asked("/o?clientOrderId=z", b'{"nonce":"n-2"}'),
    )
    swaps = swaps_between_http(was, now, GENERIC.decode_http(was, None), GENERIC.decode_http(now, None))
    assert (
        patched('{"clientOrderId":"abc-1","nonce":"n-00000001"}', swaps, READ) == '{"clientOrderId":"z","nonce":"n-2"}'
    )
