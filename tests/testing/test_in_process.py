"""A client of the test's own process: on virtual time, against a served capture or a simulator."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from testing.async_bot import WANTED, WARM_UP, Order, bot, create
from websockets.asyncio.client import connect

import wsreplay
from wsreplay.errors import UserError
from wsreplay.testing.marks import Scene
from wsreplay.testing.session import Session

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
DUPLICATE = SAMPLES / "reya-duplicate-order.parquet"
BEGAN_NS = 1_795_242_445_000_000_000


def session(tmp_path: Path, **said: object) -> Session:
    return Session(Scene(**said), tmp_path)  # type: ignore[arg-type]


def test_a_naive_client_makes_the_recorded_duplicate_again(tmp_path: Path) -> None:
    ours = session(tmp_path, capture=DUPLICATE)
    assert ours.play(lambda: bot(ours.urls)) == 2
    ours.assert_incident("duplicate-order", certainty="proven")
    with pytest.raises(AssertionError, match=r"^duplicate-order happened:\n  duplicate-order \(proven\): Two orders"):
        ours.assert_no("duplicate-order")
    assert ours.verdict["verdict"] == "reproduced"
    assert [order["client_order_id"] for order in ours.orders] == ["1", "2", "2"]
    ours.assert_no_unmatched()
    assert ours.capture.metadata.mode == "serve"


def test_a_careful_client_does_not(tmp_path: Path) -> None:
    ours = session(tmp_path, capture=DUPLICATE)
    assert ours.play(lambda: bot(ours.urls, careful=True)) == 1
    ours.assert_no("duplicate-order", "blind-retry")
    ours.assert_incident("lost-response")
    ours.assert_outcome("createOrder", "late", client_order_id=WANTED.client_order_id, times=1)


def test_an_hour_of_waiting_takes_no_time(tmp_path: Path) -> None:
    ours = session(tmp_path, capture=DUPLICATE)
    began, really = time.time(), time.perf_counter()
    assert ours.play(lambda: bot(ours.urls, careful=True, pause=3600)) == 1
    assert time.perf_counter() - really < 60
    first, last = ours.events[0], ours.events[-1]
    assert last.mono_ns - first.mono_ns > 3600 * 10**9
    assert abs(first.at_ns / 1e9 - began) < 60, "the time of day is the real one when it begins"


@pytest.mark.parametrize("scene", [{"capture": DUPLICATE}, {"venue": "reya"}])
def test_the_same_seed_and_time_give_the_same_capture_to_the_byte(tmp_path: Path, scene: dict[str, object]) -> None:
    def events(name: str, seed: int) -> list[object]:
        (tmp_path / name).mkdir()
        ours = session(tmp_path / name, **scene)
        ours.play(lambda: bot(ours.urls), seed=seed, began_ns=BEGAN_NS)
        return list(ours.events)

    one, again, other = events("one", 7), events("again", 7), events("other", 8)
    assert one == again
    assert one != other


def test_a_simulated_venue_takes_a_fault(tmp_path: Path) -> None:
    ours = session(tmp_path, venue="reya", faults=("drop rst before reply createOrder #2",))
    assert ours.play(lambda: bot(ours.urls)) == 2
    assert ours.assert_incident("duplicate-order").facts["client_order_id"] == str(WANTED.client_order_id)
    with pytest.raises(UserError, match="nothing was compared"):
        _ = ours.verdict


def test_a_request_that_was_never_recorded_is_named_with_the_nearest(tmp_path: Path) -> None:
    async def astray() -> None:
        async with connect(ours.url, proxy=None) as line:
            await create(line, WARM_UP._replace(qty="0.070"))

    ours = session(tmp_path, capture=DUPLICATE, must_strike=False)
    ours.play(astray)
    with pytest.raises(AssertionError) as told:
        ours.assert_no_unmatched()
    first, second, third, fourth = str(told.value).splitlines()
    assert first == "the bot asked what was never recorded:"
    assert "createOrder" in second
    assert third == "    nearest to it is #2: quantity 0.070 instead of 0.010"
    assert fourth.endswith(f"{DUPLICATE.name}#2'")


def test_a_plan_that_never_strikes_proves_nothing(tmp_path: Path) -> None:
    async def too_short() -> None:
        async with connect(ours.url, proxy=None) as line:
            await create(line, WARM_UP)

    ours = session(tmp_path, capture=DUPLICATE)
    ours.play(too_short)
    with pytest.raises(
        AssertionError, match=r"no fault of the plan ever struck \(drop rst before reply createOrder #2\)"
    ):
        ours.assert_no("duplicate-order")


def test_where_nobody_comes_nothing_is_proven(tmp_path: Path) -> None:
    async def nobody() -> None:
        await asyncio.sleep(1)

    ours = session(tmp_path, venue="reya")
    ours.play(nobody)
    for demand in (ours.assert_no, lambda: ours.assert_outcome(times=0), lambda: ours.assert_incident("disconnect")):
        with pytest.raises(AssertionError, match="nothing connected to ws://127"):
            demand()


def test_what_a_failed_client_did_is_on_record(tmp_path: Path) -> None:
    async def fails() -> None:
        async with connect(ours.url, proxy=None) as line:
            await create(line, Order(is_buy=True, qty="0.010", price="2500.00", client_order_id=1))
            raise LookupError("in the bot")

    ours = session(tmp_path, venue="reya")
    with pytest.raises(LookupError, match="in the bot"):
        ours.play(fails)
    ours.assert_outcome("createOrder", "ok")


def test_one_that_waits_for_ever_is_told_where_it_waits(tmp_path: Path) -> None:
    ours = session(tmp_path, venue="reya")
    with pytest.raises(RuntimeError, match=r"no end after all the virtual time|nothing can happen any more"):
        ours.play(asyncio.Event().wait, limit_s=10)


def test_a_session_is_one_play(tmp_path: Path) -> None:
    ours = session(tmp_path, venue="reya")
    ours.play(lambda: bot(ours.urls))
    with pytest.raises(UserError, match="a session of its own"):
        ours.play(lambda: bot(ours.urls))
    with pytest.raises(UserError, match="the session is over"):
        _ = ours.url
