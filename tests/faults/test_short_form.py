"""The short form: what it means, that nothing of it is lost, and that an error shows where and what instead."""

from __future__ import annotations

import pytest
from faults.any_faults import faults
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.faults.effects import Corrupt, Delay, Drop, Duplicate, Reject, Reorder, Stall, Withhold
from wsreplay.faults.errors import FaultError
from wsreplay.faults.fault import Fault
from wsreplay.faults.moment import Condition, Moment
from wsreplay.faults.short_form import parse, parse_conditions, write

MS, S = 10**6, 10**9

MEANINGS = {
    "drop rst before reply createOrder #1": Fault(
        Drop(how="rst"), Moment(when="before", what="reply", op="createOrder", count=1)
    ),
    "drop fin after request createOrder #2": Fault(
        Drop(how="fin"), Moment(when="after", what="request", op="createOrder", count=2)
    ),
    'drop close 1012 "service restart" on both after 30s': Fault(
        Drop(how="close", code=1012, reason="service restart", side="both"),
        Moment(when="after", what="time", elapsed_ns=30 * S),
    ),
    "drop rst before reply createOrder where client_order_id = 7": Fault(
        Drop(), Moment(when="before", what="reply", op="createOrder", where=(Condition("client_order_id", "=", "7"),))
    ),
    "drop rst before open": Fault(Drop(), Moment(when="before", what="open")),
    "delay 200ms to 2s every reply with probability 0.1": Fault(
        Delay(time_ns=200 * MS, up_to_ns=2 * S),
        Moment(when="before", what="reply", count="every", probability=0.1),
    ),
    "delay 2s before open": Fault(Delay(time_ns=2 * S), Moment(when="before", what="open")),
    "stall after push trade #100": Fault(Stall(), Moment(when="after", what="push", op="trade", count=100)),
    "stall 30s from both after open": Fault(Stall(time_ns=30 * S, side="both"), Moment(when="after", what="open")),
    "withhold reply cancelOrder": Fault(Withhold(), Moment(when="before", what="reply", op="cancelOrder")),
    "withhold after request createOrder #2": Fault(
        Withhold(), Moment(when="after", what="request", op="createOrder", count=2)
    ),
    "duplicate pong from bot #3": Fault(Duplicate(), Moment(when="before", what="pong", side="bot", count=3)),
    "reorder by 2 within 500ms push where symbol = ETH and price > 100.5": Fault(
        Reorder(by=2, within_ns=500 * MS),
        Moment(when="before", what="push", where=(Condition("symbol", "=", "ETH"), Condition("price", ">", "100.5"))),
    ),
    "corrupt utf8 message from venue": Fault(Corrupt(how="utf8"), Moment(when="before", what="message", side="venue")),
    'reject 401 "no key" before every open where upstream = perp': Fault(
        Reject(status=401, body="no key"),
        Moment(when="before", what="open", count="every", where=(Condition("upstream", "=", "perp"),)),
    ),
}
"""Short forms in their canonical spelling."""


@pytest.mark.parametrize("text", MEANINGS)
def test_a_short_form_means_what_it_says(text: str) -> None:
    assert parse(text) == MEANINGS[text]
    assert write(MEANINGS[text]) == text


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("drop before reply", "drop rst before reply"),
        ("DROP RST Before Reply createOrder", "drop rst before reply createOrder"),
        ("withhold before reply createOrder", "withhold reply createOrder"),
        ("drop rst on bot before reply once", "drop rst before reply"),
        ("drop rst before reply where key=7 #2", "drop rst before reply #2 where key = 7"),
        ("delay 1.5s reply", "delay 1500ms reply"),
        ("delay 1000ms reply every", "delay 1s every reply"),
        ("reorder by 1 within 1s push", "reorder push"),
        ("corrupt byte push", "corrupt push"),
        ("reject", "reject 503 before open"),
        ("reject 401 every open", "reject 401 before every open"),
        ("withhold pong from client", "withhold pong from bot"),
        ("duplicate push 'a b'", 'duplicate push "a b"'),
        ('withhold reply where key = "7"', "withhold reply where key = 7"),
        ("stall from venue after open", "stall after open"),
        ("withhold reply with probability 1", "withhold reply"),
    ],
)  # fmt: skip
def test_there_is_one_canonical_spelling(spelling: str, canonical: str) -> None:
    assert write(parse(spelling)) == canonical


@given(faults())
def test_nothing_is_lost_on_the_way_to_the_short_form_and_back(fault: Fault) -> None:
    text = write(fault)
    assert parse(text) == fault
    assert write(parse(text)) == text


SOME_WORDS = ("drop", "rst", "close", "1012", "before", "after", "reply", '"x', "#1", "where", "op", "=", "7", "every")


@given(st.text() | st.lists(st.sampled_from(SOME_WORDS)).map(" ".join))
def test_whatever_is_written_is_read_or_refused_in_one_line(text: str) -> None:
    problem = ""
    try:
        fault = parse(text)
        assert parse(write(fault)) == fault
    except FaultError as error:
        problem = str(error)
    assert len(problem.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", None, "ends too early; expected what is to go wrong"),
        ("dorp rst before reply", 'character 1, "dorp"', 'did you mean "drop"?'),
        ("drop rts before reply", 'character 6, "rts"', 'did you mean "rst"?'),
        ("drop rst befor reply", 'character 10, "befor"', 'did you mean "before"?'),
        ("drop rst", None, "ends too early; expected when it happens"),
        ("drop rst before", None, "expected a kind of frame"),
        ("drop rst after createOrder #2", 'character 16, "createOrder"', "one of request, reply, "),
        ("drop rst before replay createOrder", 'character 17, "replay"', 'did you mean "reply"?'),
        ("drop rst before reply createOrder 1", 'character 35, "1"', "expected #N"),
        ("drop rst before reply createOrder #0", 'character 35, "#0"', "counted from #1"),
        ("drop rst before reply createOrder #x", 'character 35, "#x"', "counted from #1"),
        ("drop close before reply", 'character 12, "before"', "such as 1012"),
        ("drop close 99 before reply", None, "a code from 1000 to 4999"),
        ("drop rst on all before reply", 'character 13, "all"', "bot or venue or both"),
        ("delay reply", 'character 7, "reply"', "a number with its unit"),
        ("delay 5 reply", 'character 7, "5"', "a number with its unit"),
        ("delay 0s reply", 'character 7, "0s"', "between 1ns and a year"),
        ("delay 2s to 1s reply", None, "the longer one"),
        ("drop rst before 30s", None, "say after"),
        ("withhold 30s", None, "name a frame"),
        ("withhold after reply createOrder", None, "leave out after"),
        ("duplicate open", None, "a handshake is none"),
        ("stall before open", None, "say after open"),
        ("drop close 1001 before open", None, "say after open"),
        ("drop rst on venue before open", None, "only the bot's"),
        ("reject 401 after open", None, "say before open"),
        ("reject 999", None, "from 200 to 599"),
        ("reorder by 0 push", None, "from 1 to 1000"),
        ("withhold reply where order_di = 7", 'character 22, "order_di"', 'did you mean "order_id"?'),
        ("withhold reply where key 7", 'character 26, "7"', "a comparison"),
        ("withhold reply where key =", None, "expected a value"),
        ("withhold reply where key = = 7", 'character 28, "="', "expected a value"),
        ("withhold reply where price > cheap", None, "compares numbers"),
        ("withhold reply where key = 7 or key = 8", 'character 30, "or"', "expected #N"),
        ("withhold ping where price > 7", None, "ping has no price"),
        ("withhold reply with probability 2", None, "above 0 and at most 1"),
        ("withhold reply with probability nan", None, "above 0 and at most 1"),
        ("withhold reply with probabilty 0.1", 'character 21, "probabilty"', 'did you mean "probability"?'),
        ("withhold reply #1 every", None, "said twice"),
        ("withhold reply from venu", 'character 21, "venu"', 'did you mean "venue"?'),
        ('withhold reply "create', 'character 16, "\\""', "never closed"),
        ("withhold reply !", 'character 16, "!"', "no word begins so"),
    ],
)  # fmt: skip
def test_an_error_points_at_the_place_and_at_the_way_out(text: str, at: str | None, says: str) -> None:
    with pytest.raises(FaultError) as raised:
        parse(text)
    assert says in str(raised.value)
    assert text in str(raised.value)
    if at is not None:
        assert f"at {at}" in str(raised.value)


def test_conditions_can_be_read_on_their_own() -> None:
    assert parse_conditions("price >= 1.5 and side != buy") == (
        Condition("price", ">=", "1.5"),
        Condition("side", "!=", "buy"),
    )
    with pytest.raises(FaultError, match="expected and, or the end"):
        parse_conditions("price > 1 every")
