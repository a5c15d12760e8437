"""No text of a stranger reaches a terminal as a command, or unseen."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.cli.harmless import harmless, harmless_json

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)


@given(ANY_TEXT)
def test_what_is_shown_has_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = harmless(text)
    assert shown.isprintable()
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_keeps_its_value_on_one_printable_line(text: str) -> None:
    shown = harmless_json(json.dumps(text, ensure_ascii=False))
    assert shown.isprintable()
    assert json.loads(shown) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('plain {"a": 1}', 'plain {"a": 1}'),
        ("Grüße, 注文, заказ, 🚀", "Grüße, 注文, заказ, 🚀"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("abc\u202etxt", "abc\\u202etxt"),
        ("zero\u200bwidth\u2060\ufeff", "zero\\u200bwidth\\u2060\\ufeff"),
        ("filler\u3164\u115f\u2800", "filler\\u3164\\u115f\\u2800"),
        ("soft\u00adhyphen\u00a0", "soft\\xadhyphen\\xa0"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_escapes_are_what_a_programmer_expects(text: str, shown: str) -> None:
    assert harmless(text) == shown
