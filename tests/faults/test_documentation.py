"""docs/faults.md: every example works, and every word there is is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsreplay.faults.durations import UNITS
from wsreplay.faults.effects import EFFECTS, HOWS, SIDES
from wsreplay.faults.moment import FIELDS, FRAMES, RELATIONS
from wsreplay.faults.plan_file import read_plan
from wsreplay.faults.short_form import parse, write

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
WORDS = "|".join(EFFECTS)
SHORT_FORMS = [
    *re.findall(rf"`((?:{WORDS}) [^`\n]+)`", PAGE),
    *re.findall(rf"^    ((?:{WORDS}) .+)$", PAGE, re.MULTILINE),
    *re.findall(rf'--fault "((?:{WORDS}) [^"]+)"', PAGE),
]
PLANS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(SHORT_FORMS) > 40
    assert len(PLANS) == 2
    assert {parse(text).effect.word for text in SHORT_FORMS} == set(EFFECTS)


@pytest.mark.parametrize("text", SHORT_FORMS)
def test_every_short_form_is_understood_and_in_its_canonical_spelling(text: str) -> None:
    assert write(parse(text)) == text


@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_can_be_read(plan: str) -> None:
    assert read_plan(plan).faults


def test_every_word_is_explained() -> None:
    known = {*EFFECTS, *FRAMES, *FIELDS, *SIDES, *(how for hows in HOWS.values() for how in hows), *UNITS} - {
        "ns",
        "us",
    }
    missing = {word for word in known if not re.search(rf"\b{word}\b", PAGE)}
    assert not missing
    assert all(f"`{relation}`" in PAGE for relation in RELATIONS)
