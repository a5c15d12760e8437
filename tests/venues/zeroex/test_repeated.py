"""A posted order said once more: another salt, and so another hash."""

from __future__ import annotations

from wsreplay.venues.zeroex.repeated import repeated


def test_its_salt_is_another_and_all_else_stays() -> None:
    salt = 2**255 + 12345
    body = f'{{"makerAddress":"0x81","salt": "{salt}","signature":"0x1b"}}'
    assert repeated(body, frozenset()) == body.replace(str(salt), str(salt + 1))
    assert repeated(body, frozenset({"id"})) == body.replace(str(salt), str(salt + 1))


def test_the_very_same_order_keeps_it() -> None:
    body = '{"salt": "9"}'
    assert repeated(body, frozenset({"nonce"})) == body


def test_what_has_no_salt_is_left_alone() -> None:
    for body in ("", "{", '{"salt": 9}', '{"type":"subscribe"}', '{"salt": "0x9"}'):
        assert repeated(body, frozenset()) == body
