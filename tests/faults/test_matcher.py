"""The matcher: which faults fire at which frames."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.faults.firing import Firing
from wsreplay.faults.matcher import Firings, Matcher
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse
from wsreplay.venues.envelope import Envelope


def matcher(*faults: str, seed: int = 0) -> Matcher:
    return Matcher(FaultPlan(faults=tuple(parse(text) for text in faults), seed=seed))


def request(op: str = "createOrder", key: str | None = None, **facts: Any) -> Envelope:
    return Envelope(role="request", op=op, key=key, **facts)


def reply(op: str | None = None, key: str | None = None, **facts: Any) -> Envelope:
    return Envelope(role="reply", op=op, key=key, **facts)


def asks(plan: Matcher, envelope: Envelope, conn: int = 1) -> Firings:
    return plan.message(conn, "client", envelope)


def answers(plan: Matcher, envelope: Envelope, conn: int = 1) -> Firings:
    return plan.message(conn, "venue", envelope)


def numbers(firings: tuple[Firing, ...]) -> list[int]:
    return [firing.number for firing in firings]


def fires(firings: Firings) -> bool:
    return bool(firings.before or firings.after)


def test_a_fault_fires_once_unless_told_otherwise() -> None:
    plan = matcher("drop rst before reply createOrder")
    assert [fires(answers(plan, reply("createOrder"))) for _ in range(3)] == [True, False, False]


def test_a_number_counts_the_frames_that_are_meant_and_no_others() -> None:
    plan = matcher("drop rst before reply createOrder #2")
    assert not fires(answers(plan, reply("createOrder")))
    assert not fires(answers(plan, reply("cancelOrder")))
    assert not fires(answers(plan, Envelope(role="push", op="createOrder")))
    [firing] = answers(plan, reply("createOrder"), conn=2).before
    assert firing.occurrence == 2
    assert not fires(answers(plan, reply("createOrder")))


def test_every_fires_every_time() -> None:
    plan = matcher("delay 1s every push")
    push = Envelope(role="push")
    assert [fires(answers(plan, push)) for _ in range(3)] == [True, True, True]


def test_before_and_after_are_kept_apart_and_in_the_order_of_the_plan() -> None:
    plan = matcher("drop rst after reply", "withhold reply", "delay 1s reply")
    firings = answers(plan, reply())
    assert numbers(firings.before) == [2, 3]
    assert numbers(firings.after) == [1]


def test_a_reply_is_told_by_the_request_that_it_answers() -> None:
    plan = matcher("drop rst before reply createOrder where client_order_id = 7")
    asks(plan, request(key="a", client_order_id="6"))
    asks(plan, request(key="b", client_order_id="7"))
    asks(plan, request("cancelOrder", key="c", client_order_id="7"))
    assert not fires(answers(plan, reply(key="c")))
    assert not fires(answers(plan, reply(key="a", order_id="1006")))
    [firing] = answers(plan, reply(key="b", order_id="1007")).before
    assert firing.as_json() == {
        "fault": "drop rst before reply createOrder where client_order_id = 7",
        "effect": "drop",
        "number": 1,
        "occurrence": 1,
        "when": "before",
        "frame": "reply",
        "sender": "venue",
        "op": "createOrder",
        "key": "b",
        "order_id": "1007",
        "client_order_id": "7",
    }


def test_a_key_that_is_used_again_names_the_new_request() -> None:
    plan = matcher("withhold reply where client_order_id = 2")
    asks(plan, request(key="a", client_order_id="1"))
    assert not fires(answers(plan, reply(key="a")))
    asks(plan, request(key="a", client_order_id="2"))
    assert fires(answers(plan, reply(key="a")))


def test_a_refused_second_use_of_a_key_ends_the_newest() -> None:
    plan = matcher("withhold every reply where client_order_id = 2")
    asks(plan, request(key="a", client_order_id="1"))
    asks(plan, request(key="a", client_order_id="2"))
    assert not fires(answers(plan, Envelope(role="error", key="a", answers="none")))
    assert fires(answers(plan, Envelope(role="error", key="a", answers="newest")))
    assert not fires(answers(plan, reply(key="a")))


def test_without_keys_replies_answer_in_order() -> None:
    plan = matcher("withhold reply where price = 2")
    for price in ("1", "2.0"):
        asks(plan, request("place", price=price))
    assert not fires(answers(plan, reply("place")))
    assert fires(answers(plan, reply("place")))


def test_requests_of_one_connection_are_not_answered_on_another() -> None:
    plan = matcher("withhold reply createOrder")
    asks(plan, request(key="a"), conn=1)
    assert not fires(answers(plan, reply(key="a"), conn=2))
    plan.ended(1)
    assert not fires(answers(plan, reply(key="a"), conn=1))


def test_the_answer_to_a_request_can_be_named_by_the_request() -> None:
    plan = matcher("withhold after request createOrder #2")
    assert not fires(asks(plan, request(key="a")))
    assert not fires(asks(plan, request(key="b")))
    assert not fires(asks(plan, request(key="c")))
    assert not fires(answers(plan, reply(key="c")))
    [firing] = answers(plan, reply(key="b")).before
    assert (firing.occurrence, firing.frame, firing.sender) == (2, "reply", "venue")
    assert not fires(answers(plan, reply(key="a")))


def test_a_drop_after_a_request_does_not_wait_for_the_answer() -> None:
    assert numbers(asks(matcher("drop rst after request createOrder"), request()).after) == [1]


def test_an_error_is_a_refusal_and_a_reply_where_it_answers() -> None:
    plan = matcher("withhold every error", "duplicate every reply")
    assert numbers(answers(plan, reply(error_code="NO")).before) == [1, 2]
    assert numbers(answers(plan, Envelope(role="error")).before) == [1]
    asks(plan, request(key="a"))
    assert numbers(answers(plan, Envelope(role="error", key="a")).before) == [1, 2]


def test_conditions_hold_all_of_one_order_of_a_message() -> None:
    plan = matcher("withhold every push where symbol = ETH and price > 100")

    def orders(*facts: tuple[str, str]) -> Envelope:
        parts = tuple(Envelope(symbol=symbol, price=price) for symbol, price in facts)
        return Envelope(role="push", channel="orders", parts=parts)

    assert not fires(answers(plan, orders(("ETH", "99"), ("BTC", "101"))))
    assert fires(answers(plan, orders(("BTC", "1"), ("ETH", "100.01"))))
    assert not fires(answers(plan, Envelope(role="push", symbol="ETH")))


def test_ids_are_text_and_prices_are_numbers() -> None:
    for condition, facts, meant in (
        ("price = 1.50", {"price": "1.5"}, True),
        ("qty != 2", {"qty": "2.000"}, False),
        ("price <= 0.3", {"price": "0.30"}, True),
        ("order_id = 007", {"order_id": "7"}, False),
        ("order_id > 9007199254740993", {"order_id": "9007199254740994"}, True),
        ("order_id > 5", {"order_id": "0xff"}, False),
        ("side != buy", {"side": "sell"}, True),
        ("side != buy", {}, False),
    ):
        plan = matcher(f"withhold request where {condition}")
        assert fires(asks(plan, Envelope(role="request", **facts))) is meant, condition  # type: ignore[arg-type]


def test_control_frames_and_messages_are_heartbeats_alike() -> None:
    plan = matcher("withhold every heartbeat from bot", "duplicate every pong", "delay 1s every close from venue")
    assert numbers(plan.control(1, "client", "ping").before) == [1]
    assert numbers(plan.control(1, "client", "pong").before) == [1, 2]
    assert numbers(plan.control(1, "venue", "pong").before) == [2]
    assert numbers(plan.control(1, "venue", "close").before) == [3]
    assert numbers(asks(plan, Envelope(role="heartbeat", op="ping")).before) == [1]
    assert not fires(answers(plan, Envelope(role="heartbeat", op="ping")))


def test_a_message_is_anything_that_is_said() -> None:
    plan = matcher("withhold every message from venue")
    assert fires(answers(plan, Envelope()))
    assert fires(answers(plan, reply()))
    assert not fires(asks(plan, request()))
    assert not fires(plan.control(1, "venue", "ping"))


def test_handshakes_are_counted_over_all_connections() -> None:
    plan = matcher("reject 401 before open #2", "drop rst after open #2", "stall after open where upstream = perp")
    assert numbers(plan.opening(1)) == []
    assert numbers(plan.opened(1)) == []
    assert numbers(plan.opening(2, "perp")) == [1]
    assert numbers(plan.opening(3, "perp")) == []
    assert numbers(plan.opened(3, "perp")) == [2, 3]


def test_a_time_counts_from_each_connection() -> None:
    plan = matcher("drop rst after 30s #2", "withhold reply", "stall 1s after 10s every where conn = 2")
    for conn in (1, 2):
        plan.opened(conn)
        assert plan.times() == ((1, 30 * 10**9), (3, 10 * 10**9))
    assert plan.elapsed(1, 3) is None
    stall = plan.elapsed(2, 3)
    assert stall is not None
    assert stall.number == 3
    assert plan.elapsed(1, 1) is None
    firing = plan.elapsed(2, 1)
    assert firing is not None
    assert firing.as_json()["frame"] == "time"
    assert plan.times() == ((3, 10 * 10**9),)
    plan.ended(2)
    assert plan.elapsed(2, 3) is None


def test_requests_that_nobody_answers_cost_bounded_memory() -> None:
    plan = matcher("withhold reply createOrder")
    for number in range(10_000):
        asks(plan, request(key=str(number)))
        asks(plan, Envelope(role="request", op="SUBSCRIBE", key=f"s{number}", replies=False))
    assert len(plan._connections[1].in_flight) == 4096
    assert not fires(answers(plan, reply(key="0")))
    assert fires(answers(plan, reply(key="9999")))


FRAMES = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["push", "reply", "request"])), max_size=60)


def struck(plan: Matcher, frames: list[tuple[int, str]]) -> list[tuple[int, float]]:
    found = []
    for place, (conn, role) in enumerate(frames):
        firings = plan.message(conn, "venue", Envelope(role=role, op="x"))  # type: ignore[arg-type]
        found += [(place, firing.draw("place")) for firing in firings.before]
    return found


@given(FRAMES, st.integers())
def test_the_same_plan_and_seed_strike_the_same_frames(frames: list[tuple[int, str]], seed: int) -> None:
    faults = ("corrupt every push with probability 0.3", "withhold reply with probability 0.5")
    assert struck(matcher(*faults, seed=seed), frames) == struck(matcher(*faults, seed=seed), frames)


@given(FRAMES)
def test_how_connections_interleave_changes_no_chance(frames: list[tuple[int, str]]) -> None:
    def by_connection(order: list[tuple[int, str]]) -> dict[int, list[float]]:
        chances: dict[int, list[float]] = {}
        for place, drawn in struck(matcher("corrupt every push with probability 0.3"), order):
            chances.setdefault(order[place][0], []).append(drawn)
        return chances

    assert by_connection(frames) == by_connection(sorted(frames, key=lambda frame: frame[0]))


def test_another_seed_strikes_elsewhere_and_as_often_as_it_says() -> None:
    frames = [(1, "push")] * 1000
    first, second = (struck(matcher("corrupt every push with probability 0.3", seed=seed), frames) for seed in (1, 2))
    assert [place for place, _ in first] != [place for place, _ in second]
    assert all(230 < len(strikes) < 370 for strikes in (first, second))
