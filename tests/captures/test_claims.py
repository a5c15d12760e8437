"""Which order came from which request: one test a rule of what proves what."""

from __future__ import annotations

import pytest
from captures.conversation import BUY, MS, Conversation, order

from wsreplay.captures import claims
from wsreplay.captures.event import Event
from wsreplay.venues.envelope import intent_of

LOST = "unknown by end-of-connection"


@pytest.fixture
def talk() -> Conversation:
    """Connection 1 is for orders, and breaks; 2 stays, for news."""
    talk = Conversation()
    talk.opens(1)
    talk.opens(2)
    return talk


def lose(talk: Conversation, **fields: object) -> Event:
    """An order whose connection ends before its reply."""
    request = talk.orders(str(talk.seq), **fields)
    talk.breaks()
    talk.opens(1)
    return request


def list_orders(talk: Conversation, *orders: Event) -> None:
    """A REST list of orders."""
    talk.requests()
    talk.responds(*orders)


# What decides


def test_a_client_order_id_decides(talk: Conversation) -> None:
    request = lose(talk, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(request, LOST, "ok by push")


def test_an_order_id_that_the_client_chose_decides(talk: Conversation) -> None:
    request = lose(talk, order_id="0xhash")
    talk.pushes(conn=2, order_id="0xhash")
    talk.assert_outcome(request, LOST, "ok by push")


def test_an_intent_and_a_time_decide(talk: Conversation) -> None:
    request = lose(talk)
    talk.pushes(conn=2, order_id="77", intent=BUY, venue_at_ns=request.at_ns + MS)
    talk.assert_outcome(request, LOST, "ok by push")


def test_equal_facts_and_a_time_decide_however_the_numbers_are_written(talk: Conversation) -> None:
    request = lose(talk, price="1e2", qty="1.000", account="a")
    list_orders(talk, order("77", created=request, account="a", price="100.00", qty="1"))
    talk.assert_outcome(request, LOST, "ok by rest")


# Orders over REST: their pushes come while the answer is under way


def buys(talk: Conversation, conn: int, **fields: object) -> Event:
    wish = {"intent": BUY, "symbol": "ETH", "side": "buy", "price": "100", "qty": "1", "op": "POST /order"}
    return talk.requests(conn, **{**wish, **fields})


def fails(talk: Conversation, conn: int) -> None:
    """The exchange ends without an answer."""
    talk.responds(conn=conn, spoken_by=None, role=None)


@pytest.mark.parametrize("client_order_id", ["mine", None])
def test_a_push_before_the_answer_proves_nothing_that_the_answer_does_not_say(
    talk: Conversation, client_order_id: str | None
) -> None:
    request = buys(talk, 9, client_order_id=client_order_id)
    push = talk.pushes(conn=2, order_id="77", client_order_id=client_order_id, intent=BUY, venue_at_ns=request.at_ns)
    assert push.reply_to is None
    talk.responds(conn=9, order_id="77")
    talk.assert_outcome(request, "ok by reply")
    assert talk.fact(request).order_id == "77"


def test_a_push_before_the_answer_was_lost_is_its_proof(talk: Conversation) -> None:
    request = buys(talk, 9, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_pending(request)
    fails(talk, 9)
    talk.assert_outcome(request, LOST, "ok by push")
    assert talk.fact(request).order_id == "77"


def test_a_push_after_the_answer_was_lost_is_its_proof(talk: Conversation) -> None:
    request = buys(talk, 9, client_order_id="mine")
    fails(talk, 9)
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(request, LOST, "ok by push")


@pytest.mark.parametrize("pushed", ["before the loss", "after the loss", "after the retry"])
def test_the_push_of_a_retry_is_not_taken_for_that_of_the_lost_one(talk: Conversation, pushed: str) -> None:
    def push(order_id: str) -> None:
        talk.pushes(conn=2, order_id=order_id, client_order_id="mine")

    first = buys(talk, 9, client_order_id="mine")
    if pushed == "before the loss":
        push("77")
    fails(talk, 9)
    if pushed == "after the loss":
        push("77")
    again = buys(talk, 10, client_order_id="mine")
    if pushed == "after the retry":
        push("77")
    push("78")
    talk.responds(conn=10, order_id="78", client_order_id="mine")
    talk.assert_outcome(first, LOST, "ok by push")
    talk.assert_outcome(again, "ok by reply")
    assert (talk.fact(first).order_id, talk.fact(again).order_id) == ("77", "78")


def test_a_lost_one_that_made_no_order_is_not_proven_by_its_retry(talk: Conversation) -> None:
    first = buys(talk, 9, client_order_id="mine")
    fails(talk, 9)
    again = buys(talk, 10, client_order_id="mine")
    talk.pushes(conn=2, order_id="78", client_order_id="mine")
    talk.responds(conn=10, order_id="78", client_order_id="mine")
    talk.pushes(conn=2, order_id="78", client_order_id="mine", status="filled")
    talk.assert_outcome(first, LOST)
    talk.assert_outcome(again, "ok by reply")


# What does not


@pytest.mark.parametrize(
    "different",
    [{"symbol": "BTC"}, {"side": "sell"}, {"account": "b"}, {"price": "100.01"}, {"qty": "2"}, {"price": None}],
)
def test_a_different_order_proves_nothing(talk: Conversation, different: dict[str, str | None]) -> None:
    request = lose(talk, account="a")
    list_orders(talk, order("77", created=request, **{"account": "a", **different}))
    talk.assert_outcome(request, LOST)


@pytest.mark.parametrize("different", [{"symbol": "BTC"}, {"side": "sell"}, {"account": "b"}])
def test_an_equal_client_order_id_of_a_different_order_proves_nothing(
    talk: Conversation, different: dict[str, str]
) -> None:
    request = lose(talk, account="a", client_order_id="1")
    talk.pushes(conn=2, order_id="77", client_order_id="1", **different)
    talk.assert_outcome(request, LOST)


def test_another_client_order_id_proves_nothing(talk: Conversation) -> None:
    request = lose(talk, client_order_id="mine")
    list_orders(talk, order("77", created=request, client_order_id="yours"))
    talk.assert_outcome(request, LOST)


def test_an_order_older_than_the_request_proves_nothing(talk: Conversation) -> None:
    before = talk.opens(3)
    talk.wait(5_000 * MS)
    request = lose(talk)
    list_orders(talk, order("77", created=before))
    talk.assert_outcome(request, LOST)


def test_the_venues_clock_may_be_a_little_behind(talk: Conversation) -> None:
    request = lose(talk)
    list_orders(talk, order("77", venue_at_ns=request.at_ns - 900 * MS))
    talk.assert_outcome(request, LOST, "ok by rest")


def test_an_order_of_unknown_age_proves_nothing_unless_an_id_says_so(talk: Conversation) -> None:
    request = lose(talk, client_order_id="mine")
    list_orders(talk, order("77"))
    talk.assert_outcome(request, LOST)
    list_orders(talk, order("77", client_order_id="mine"))
    talk.assert_outcome(request, LOST, "ok by rest")


def test_an_order_seen_before_the_request_proves_nothing(talk: Conversation) -> None:
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    request = lose(talk, client_order_id="mine")
    list_orders(talk, order("77", created=request, client_order_id="mine"))
    talk.assert_outcome(request, LOST)


def test_an_order_of_another_request_proves_nothing(talk: Conversation) -> None:
    lost = lose(talk)
    other = talk.orders("other")
    talk.answers("other", order_id="78")
    list_orders(talk, order("78", created=other))
    talk.assert_outcome(lost, LOST)


def test_a_public_book_of_orders_without_accounts_proves_nothing(talk: Conversation) -> None:
    request = lose(talk)
    talk.pushes(order("77", created=request), conn=2)
    talk.assert_outcome(request, LOST)


def test_an_order_without_any_id_proves_nothing(talk: Conversation) -> None:
    request = lose(talk)
    list_orders(talk, order(None, created=request))
    talk.assert_outcome(request, LOST)


# Several explanations


def test_one_order_for_two_lost_requests_proves_neither(talk: Conversation) -> None:
    first, second = lose(talk), lose(talk)
    list_orders(talk, order("77", created=second))
    talk.assert_outcome(first, LOST)
    talk.assert_outcome(second, LOST)


def test_two_orders_for_two_lost_requests_prove_both(talk: Conversation) -> None:
    first, second = lose(talk), lose(talk)
    list_orders(talk, order("77", created=second), order("78", created=second))
    talk.assert_outcome(first, LOST, "ok by rest")
    talk.assert_outcome(second, LOST, "ok by rest")
    assert {talk.fact(first).order_id, talk.fact(second).order_id} == {"77", "78"}


def test_two_orders_may_be_shown_one_after_the_other(talk: Conversation) -> None:
    first, second = lose(talk, client_order_id="mine"), lose(talk, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(first, LOST)
    talk.pushes(conn=2, order_id="78", client_order_id="mine")
    talk.assert_outcome(first, LOST, "ok by push")
    talk.assert_outcome(second, LOST, "ok by push")


def test_the_same_order_shown_twice_counts_once(talk: Conversation) -> None:
    first, second = lose(talk, client_order_id="mine"), lose(talk, client_order_id="mine")
    for _ in range(2):
        talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(first, LOST)
    talk.assert_outcome(second, LOST)


def test_an_order_shown_without_and_then_with_its_id_counts_once(talk: Conversation) -> None:
    first, second = lose(talk, client_order_id="mine"), lose(talk, client_order_id="mine")
    talk.pushes(conn=2, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.pushes(conn=2, client_order_id="mine")
    talk.assert_outcome(first, LOST)
    talk.assert_outcome(second, LOST)


def test_an_order_proven_without_its_id_is_not_another_ones_once_it_has_one(talk: Conversation) -> None:
    first = lose(talk, client_order_id="mine")
    talk.pushes(conn=2, client_order_id="mine")
    talk.assert_outcome(first, LOST, "ok by push")
    second = lose(talk)
    talk.pushes(conn=2, order_id="77", intent=BUY, venue_at_ns=second.at_ns)
    talk.assert_outcome(second, LOST)


def test_a_lost_request_waits_for_the_one_in_flight_that_could_explain_the_order(talk: Conversation) -> None:
    lost = lose(talk)
    again = talk.orders("again")
    list_orders(talk, order("77", created=again))
    talk.assert_outcome(lost, LOST)
    talk.answers("again", order_id="78")
    talk.assert_outcome(lost, LOST, "ok by rest")
    talk.assert_outcome(again, "ok by reply")


def test_the_order_was_that_of_the_one_in_flight(talk: Conversation) -> None:
    lost = lose(talk)
    again = talk.orders("again")
    list_orders(talk, order("77", created=again))
    talk.answers("again", order_id="77")
    talk.assert_outcome(lost, LOST)


def test_a_refused_request_explains_nothing(talk: Conversation) -> None:
    lost = lose(talk)
    again = talk.orders("again")
    list_orders(talk, order("77", created=again))
    talk.answers("again", error_code="NO_MONEY")
    talk.assert_outcome(lost, LOST, "ok by rest")


def test_an_accepted_request_whose_reply_names_no_order_may_explain_it(talk: Conversation) -> None:
    lost = lose(talk)
    again = talk.orders("again")
    talk.answers("again")
    list_orders(talk, order("77", created=again))
    talk.assert_outcome(lost, LOST)
    list_orders(talk, order("77", created=again), order("78", created=again))
    talk.assert_outcome(lost, LOST, "ok by rest")
    talk.assert_outcome(again, "ok by reply")


def test_a_refusal_among_several_leaves_open_whose_it_was(talk: Conversation) -> None:
    first, second = lose(talk, client_order_id="mine"), lose(talk, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.pushes(conn=2, order_id="78", client_order_id="mine", error_code="DUPLICATE")
    talk.assert_outcome(first, LOST)
    talk.assert_outcome(second, LOST)


def test_time_tells_two_lost_requests_apart(talk: Conversation) -> None:
    first = lose(talk)
    made = talk.opens(3)
    talk.wait(5_000 * MS)
    second = lose(talk)
    list_orders(talk, order("78", created=second))
    talk.assert_outcome(second, LOST)
    list_orders(talk, order("77", created=made))
    talk.assert_outcome(first, LOST, "ok by rest")
    talk.assert_outcome(second, LOST, "ok by rest")


def test_among_very_many_nothing_is_proven(talk: Conversation) -> None:
    slices = [talk.orders(str(n)) for n in range(40)]
    talk.breaks()
    list_orders(talk, *(order(str(n), created=slices[-1]) for n in range(40)))
    for one in slices:
        talk.assert_outcome(one, LOST)


# Bounds


def test_the_oldest_claims_are_dropped(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CLAIMS", 5)
    lost = [lose(talk, client_order_id=str(n), intent=intent_of(n)) for n in range(12)]
    assert len(talk.correlator._claims._lasting) == 5
    list_orders(talk, *(order(f"id {n}", client_order_id=str(n)) for n in range(12)))
    assert [len(talk.outcomes(request)) for request in lost] == [1] * 7 + [2] * 5


def test_the_oldest_orders_are_forgotten(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "SEEN", 5)
    for n in range(12):
        talk.pushes(conn=2, order_id=str(n))
        talk.pushes(conn=2, order_id="seen all the time")
    assert list(talk.correlator._claims._seen) == ["8", "9", "10", "11", "seen all the time"]


def test_nothing_is_kept_of_orders_that_are_known(talk: Conversation) -> None:
    for n in range(50):
        talk.orders(str(n), client_order_id=str(n))
        talk.answers(str(n), order_id=f"id {n}")
        talk.pushes(conn=2, order_id=f"id {n}", client_order_id=str(n))
    assert not talk.correlator._claims._groups
    assert not talk.correlator._claims._lasting
