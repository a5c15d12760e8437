"""Scenarios: what their files say, what a venue makes of them, and what is wrong with one that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsreplay.faults.conduct import Conduct
from wsreplay.faults.errors import FaultError
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.scenario import (
    Scenario,
    fit_names,
    load_scenario,
    scenario_from,
    scenario_names,
    unfit,
)
from wsreplay.faults.short_form import parse
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.generic.dialect import GenericDialect
from wsreplay.venues.registry import dialect, names

SHIPPED = (
    "auth-expired",
    "disconnect-in-flight",
    "duplicate-order",
    "duplicate-request-id",
    "extra-pong",
    "lost-response",
    "missed-heartbeat",
    "resubscribe-lost",
    "server-shutdown",
    "slow-venue",
    "stale-nonce",
)


class Bringing(GenericDialect):
    """A dialect of somebody else's, with scenarios of its own."""

    def __init__(self, toml: str) -> None:
        super().__init__()
        self._toml = toml

    def scenarios(self) -> str:
        return self._toml


def test_the_shipped_scenarios_are_these() -> None:
    assert scenario_names() == list(SHIPPED)


@pytest.mark.parametrize("venue", names())
def test_every_scenario_of_a_venue_can_be_read_and_says_what_it_is_and_what_comes_of_it(venue: str) -> None:
    known = dialect(venue)
    for name in fit_names(known):
        scenario = load_scenario(name, known)
        assert scenario.name == name
        assert scenario.description.endswith(".")
        assert scenario.expects


def test_a_venue_says_why_a_scenario_has_no_place_there() -> None:
    venue = Bringing('[extra-pong]\nunfit = "it never pings"')
    assert unfit(venue) == {"extra-pong": "it never pings"}
    assert "extra-pong" not in fit_names(venue)
    with pytest.raises(FaultError, match=r"^the scenario extra-pong makes no sense for generic: it never pings$"):
        load_scenario("extra-pong", venue)


def test_what_a_venue_says_takes_the_place_of_the_general_field_and_leaves_the_others() -> None:
    general = load_scenario("duplicate-order", GenericDialect())
    there = load_scenario("duplicate-order", Bringing('[duplicate-order]\nfaults = ["drop fin before reply place"]'))
    assert there.plan is not None
    assert there.plan.faults == (parse("drop fin before reply place"),)
    assert (there.conduct, there.expects, there.description) == (general.conduct, general.expects, general.description)


def test_a_venue_may_have_a_scenario_that_nobody_else_has() -> None:
    venue = Bringing('[auction-halt]\nfaults = ["stall 30s after open"]\nexpects = ["disconnect"]')
    assert "auction-halt" in fit_names(venue)
    assert load_scenario("auction-halt", venue).plan == FaultPlan(
        name="auction-halt", faults=(parse("stall 30s after open"),)
    )
    with pytest.raises(FaultError, match='no scenario "auction-halt"'):
        load_scenario("auction-halt", GenericDialect())


def test_a_name_that_is_nearly_one_is_told_which() -> None:
    with pytest.raises(FaultError) as wrong:
        load_scenario("server-shutdwon", GenericDialect())
    assert 'did you mean "server-shutdown"?' in str(wrong.value)
    assert all(name in str(wrong.value) for name in SHIPPED)


def test_a_client_without_a_fault_is_a_scenario() -> None:
    scenario = scenario_from("twice", {"client": {"asks_twice": "after request sub #2", "keeps": "id"}})
    assert scenario.plan is None
    assert scenario.conduct == Conduct(asks_twice=parse("stall after request sub #2").moment, keeps=("id",))


def test_the_client_says_how_long_it_stays() -> None:
    assert scenario_from("late", {"client": {"stays": "2m"}}).conduct.stays_ns == 120_000_000_000


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "nothing goes wrong in it"),
        ({"client": {}}, "nothing goes wrong in it"),
        ({"fault": ["drop rst after 3s"]}, 'no field "fault" in a scenario; did you mean "faults"?'),
        ({"faults": ["drop rst after"]}, "it ends too early"),
        ({"client": {"after_cut": "sulk"}}, "after_cut can't be 'sulk', but one of stop, resume, resend, forget"),
        ({"client": {"aftercut": "stop"}}, 'no field "aftercut" in client; did you mean "after_cut"?'),
        ({"client": {"keeps": ["nonces"]}}, "keeps can't be 'nonces', but one of id, nonce, token"),
        ({"client": {"asks_twice": "before request"}}, "say after request"),
        ({"client": {"asks_twice": "after push"}}, "say after request"),
        ({"client": {"asks_twice": 2}}, "asks_twice is a moment"),
        ({"client": {"loses_answer": "after reply"}}, "say before reply"),
        ({"client": {"loses_answer": "before nothing"}}, "loses_answer = 'before nothing'"),
        ({"client": {"stays": 120}}, "stays = 120"),
        ({"client": "naive"}, "client is a table"),
        ({"expects": "disconnect"}, "expects is a list"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(table: dict[str, object], told: str) -> None:
    with pytest.raises(FaultError) as wrong:
        scenario_from("mine", table)
    assert told in str(wrong.value)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('faults = ["drop rst after 3s"]\nexpects = ["disconnect"]\n')
    assert load_scenario(str(path), GenericDialect()) == Scenario(
        name="mine", plan=FaultPlan(name="mine", faults=(parse("drop rst after 3s"),)), expects=("disconnect",)
    )
    path.write_text("faults = [")
    with pytest.raises(FaultError, match=r"mine\.toml: this is no TOML"):
        load_scenario(str(path), GenericDialect())
    with pytest.raises(FaultError, match="can't read the scenario"):
        load_scenario(str(tmp_path / "none.toml"), GenericDialect())


def test_a_dialect_whose_scenarios_can_not_be_read_is_named() -> None:
    broken: Dialect = Bringing("[")
    with pytest.raises(FaultError, match="the scenarios that the dialect 'generic' brings: this is no TOML"):
        load_scenario("slow-venue", broken)


def test_faults_that_were_asked_for_besides_strike_as_well() -> None:
    mine = FaultPlan(faults=(parse("drop rst after 3s"),))
    scenario = Scenario(name="slow", plan=FaultPlan(name="slow", seed=7, faults=(parse("delay 2s every reply"),)))
    both = scenario.with_faults(mine)
    assert both is not None
    assert both.faults == (parse("delay 2s every reply"), parse("drop rst after 3s"))
    assert both.seed == 7, "a short form has no seed of its own"
    assert scenario.with_faults(None) == scenario.plan
    assert Scenario(name="pongs").with_faults(mine) == mine
    assert Scenario(name="pongs").with_faults(None) is None
