"""Plans: the TOML file, the JSON in a capture, and several --fault options together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faults.any_faults import TEXTS, faults
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.faults.errors import FaultError
from wsreplay.faults.plan import FaultPlan, load_plan
from wsreplay.faults.plan_file import read_plan, read_plan_file, write_plan
from wsreplay.faults.short_form import parse

PLANS = st.builds(
    FaultPlan,
    faults=st.lists(faults(), min_size=1, max_size=3).map(tuple),
    seed=st.integers(-(2**63), 2**63 - 1),
    name=TEXTS,
    description=TEXTS,
)

IN_FIELDS = {
    'do = "drop"\nhow = "rst"\nbefore = "reply"\nop = "createOrder"\ncount = 1': "drop rst before reply createOrder #1",
    'do = "drop"\nbefore = "reply"\nwhere = { client_order_id = 7, price = 1.5 }': (
        "drop rst before reply where client_order_id = 7 and price = 1.5"
    ),
    'do = "drop"\nhow = "close"\ncode = 1012\nreason = "restart"\nside = "both"\nafter = "30s"': (
        'drop close 1012 "restart" on both after 30s'
    ),
    'do = "delay"\ntime = "200ms"\nup_to = "2s"\nbefore = "reply"\ncount = "every"\nprobability = 0.1': (
        "delay 200ms to 2s every reply with probability 0.1"
    ),
    'do = "stall"\ntime = "30s"\nside = "bot"\nafter = "open"': "stall 30s from bot after open",
    'do = "withhold"\nafter = "request"\nop = "createOrder"\ncount = 2': "withhold after request createOrder #2",
    'do = "duplicate"\nbefore = "pong"\nfrom = "bot"\ncount = "once"': "duplicate pong from bot",
    'do = "reorder"\nby = 2\nwithin = "500ms"\nbefore = "push"\nwhere = "price > 100 and side != buy"': (
        "reorder by 2 within 500ms push where price > 100 and side != buy"
    ),
    'do = "corrupt"\nhow = "cut"\nbefore = "push"\nprobability = 1': "corrupt cut push",
    'do = "reject"\nstatus = 401\nbody = "no key"\nbefore = "open"': 'reject 401 "no key" before open',
    'do = "reject"': "reject",
}


@pytest.mark.parametrize("fields", IN_FIELDS)
def test_a_fault_in_fields_is_the_fault_of_the_short_form(fields: str) -> None:
    assert read_plan(f"[[faults]]\n{fields}").faults == (parse(IN_FIELDS[fields]),)


def test_a_plan_has_a_name_a_seed_and_several_faults_in_their_order() -> None:
    plan = read_plan(
        """
        name = "a bad day"
        description = "Slow, and then gone."
        seed = 7
        faults = ["delay 2s every push", { do = "drop", after = "30s" }]
        """
    )
    assert plan == FaultPlan(
        name="a bad day",
        description="Slow, and then gone.",
        seed=7,
        faults=(parse("delay 2s every push"), parse("drop rst after 30s")),
    )


@given(PLANS)
def test_a_plan_survives_its_file(plan: FaultPlan) -> None:
    assert read_plan(write_plan(plan)) == plan


@given(PLANS)
def test_a_plan_survives_the_metadata_of_a_capture(plan: FaultPlan) -> None:
    assert FaultPlan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("faults = [", "this is no TOML"),
        ("", "there is no fault in it"),
        ('fault = ["drop rst after open"]', 'no field "fault" here; did you mean "faults"?'),
        ('seed = "x"\nfaults = ["reject"]', "seed is a whole number, not 'x'"),
        ("seed = true\nfaults = ['reject']", "seed is a whole number, not True"),
        ("faults = [7]", "not 7"),
        ('faults = ["drop rts after open"]', 'did you mean "rst"?'),
        ("[[faults]]\nbefore = 'open'", "fault 1: do is missing"),
        ("[[faults]]\ndo = 'dorp'", 'fault 1: do can\'t be "dorp"; did you mean "drop"?'),
        ("[[faults]]\ndo = 7", "fault 1: do can't be 7, but one of drop"),
        ("[[faults]]\ndo = 'drop'\nhwo = 'rst'", 'fault 1: there is no field "hwo" here; did you mean "how"?'),
        ("[[faults]]\ndo = 'drop'\ntime = '1s'\nafter = 'open'", 'there is no field "time" here'),
        ("[[faults]]\ndo = 'drop'", "fault 1: say when"),
        ("[[faults]]\ndo = 'drop'\nbefore = 'reply'\nafter = 'reply'", "either before or after"),
        ("[[faults]]\ndo = 'drop'\nbefore = 'replay'", 'before can\'t be "replay"; did you mean "reply"?'),
        ("[[faults]]\ndo = 'drop'\nhow = 'close'\nafter = 'open'", "drop close takes a code"),
        ("[[faults]]\ndo = 'drop'\nhow = 'close'\ncode = '1012'\nafter = 'open'", "code is a whole number"),
        ("[[faults]]\ndo = 'delay'\nbefore = 'reply'", "time is missing"),
        ("[[faults]]\ndo = 'delay'\ntime = '5'\nbefore = 'reply'", 'time = "5": a time is a number with its unit'),
        ("[[faults]]\ndo = 'delay'\ntime = 5\nbefore = 'reply'", "time is a text"),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\ncount = 0", "counted from #1"),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\ncount = 'evry'", 'did you mean "every"?'),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\nprobability = 'x'", "probability is a number"),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\nwhere = 7", "where is a table"),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\nwhere = { prce = 7 }", 'did you mean "price"?'),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\nwhere = { price = [7] }", "not with [7]"),
        ("[[faults]]\ndo = 'withhold'\nbefore = 'reply'\nwhere = 'price ~ 7'", "expected a comparison"),
        ("[[faults]]\ndo = 'reject'\n[[faults]]\ndo = 'drop'", "fault 2: say when"),
    ],
)
def test_an_error_names_the_fault_and_the_field(text: str, says: str) -> None:
    with pytest.raises(FaultError) as raised:
        read_plan(text)
    assert says in str(raised.value)


def test_a_plan_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[[faults]]\ndo = 'dorp'")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path, says in (
        (broken, "fault 1: do can't be"),
        (binary, "UTF-8"),
        (tmp_path / "absent.toml", "No such file"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(FaultError, match=says) as raised:
            read_plan_file(path)
        assert str(path) in str(raised.value)


def test_options_are_short_forms_or_files_and_make_one_plan(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two"
    one.write_text(write_plan(FaultPlan(name="one", seed=7, faults=(parse("reject"),))))
    two.write_text(write_plan(FaultPlan(name="two", seed=7, faults=(parse("drop rst after 30s"),))))
    assert load_plan([str(one), "withhold reply", str(two)]) == FaultPlan(
        name="one + two",
        seed=7,
        faults=(parse("reject"), parse("withhold reply"), parse("drop rst after 30s")),
    )
    with pytest.raises(FaultError, match=r"can't read the fault plan absent\.toml"):
        load_plan(["absent.toml"])


def test_two_seeds_are_one_too_many(tmp_path: Path) -> None:
    for seed in (7, 8):
        (tmp_path / f"{seed}.toml").write_text(write_plan(FaultPlan(seed=seed, faults=(parse("reject"),))))
    with pytest.raises(FaultError, match="give both the same"):
        load_plan([str(tmp_path / "7.toml"), str(tmp_path / "8.toml")])
