"""Where values stand in a JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.replay.served.json_spans import edited, relisted, spans_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
ROOTS = st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=4)


def scalars(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in scalars(inner, (*path, name))]
    if isinstance(value, list):
        return [found for number, inner in enumerate(value) for found in scalars(inner, (*path, number))]
    return [(path, value)]


@given(ROOTS, st.sampled_from([None, 2]), st.booleans())
def test_every_value_is_found_at_its_path_and_stands_at_its_span(
    root: Any, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(root, indent=indent, ensure_ascii=ascii_only)
    spans = spans_of(text)
    assert spans is not None
    assert [(each.path, json.loads(text[each.start : each.end])) for each in spans.scalars] == scalars(root)
    assert all(
        each.quoted == isinstance(value, str) for each, (_, value) in zip(spans.scalars, scalars(root), strict=True)
    )
    assert all(
        each.value == value for each, (_, value) in zip(spans.scalars, scalars(root), strict=True) if each.quoted
    )


@given(ROOTS)
def test_every_list_is_found_with_its_elements(root: Any) -> None:
    text = json.dumps(root)
    spans = spans_of(text)
    assert spans is not None
    for array in spans.arrays:
        content = json.loads(text[array.start : array.end])
        inner = [each for each in content if isinstance(each, list | dict)]
        assert [json.loads(text[start:end]) for start, end in array.items] == inner
        assert array.alike == (len(inner) == len(content))


@given(ROOTS)
def test_what_is_written_again_as_it_is_leaves_the_text_as_it_is(root: Any) -> None:
    text = json.dumps(root, indent=1)
    spans = spans_of(text)
    assert spans is not None
    assert edited(text, [(each.start, each.end, text[each.start : each.end]) for each in spans.scalars]) == text


@pytest.mark.parametrize(
    "text", ["", "ping", "12", '"text"', "{", '{"a": 1', "[1}", '{"a": 1} x', "{1: 2}", "]", '{"a']
)
def test_what_is_no_object_and_no_list_is_none(text: str) -> None:
    assert spans_of(text) is None


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 5000 + "]" * 5000, '{"a":' * 5000])
def test_hostile_nesting_does_no_harm(text: str) -> None:
    spans_of(text)


def test_lists_keep_their_spacing() -> None:
    text = '{"orders": [ {"id": 1},  {"id": 2},  {"id": 3} ], "n": 3}'
    spans = spans_of(text)
    assert spans is not None
    (array,) = spans.arrays
    assert edited(text, [relisted(text, array, ['{"id": 1}', '{"id": 3}'])]) == (
        '{"orders": [ {"id": 1},  {"id": 3} ], "n": 3}'
    )
    assert edited(text, [relisted(text, array, [])]) == '{"orders": [  ], "n": 3}'
