"""The verdict aligns by what requests want, and tells the first divergence with its address."""

from __future__ import annotations

from typing import Any

from replay.recording import Recording

from wsreplay.replay.outputs import Note
from wsreplay.replay.verdict import Finding, Verdict, judge, tales


def verdict(recorded: Recording, replayed: Recording, *notes: Note) -> Verdict:
    return judge(tales(recorded.events()), tales(replayed.events()), notes=notes)


BUY: dict[str, Any] = {
    "symbol": "WETHRUSD",
    "accountId": 7,
    "isBuy": True,
    "limitPx": "1",
    "qty": "2",
    "orderType": "LIMIT",
}
SELL: dict[str, Any] = {**BUY, "isBuy": False}


def test_the_same_outcomes_are_a_reproduction_whatever_the_ids() -> None:
    recorded = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", status="OPEN", orderId="1")
    replayed = Recording().open().ask("z", "createOrder", **BUY).answer("z", "createOrder", status="OPEN", orderId="2")
    assert verdict(recorded, replayed).reproduced
    assert verdict(recorded, replayed).outcomes == (("createOrder", "accepted (OPEN)", 1),)


def test_requests_are_aligned_by_what_they_want_not_by_their_position() -> None:
    recorded = Recording().open().ask("a", "createOrder", **BUY).ask("b", "createOrder", **SELL)
    recorded.answer("a", "createOrder", status="OPEN").answer("b", "createOrder", error="NO")
    replayed = Recording().open().ask("b", "createOrder", **SELL).ask("a", "createOrder", **BUY)
    replayed.answer("b", "createOrder", error="NO").answer("a", "createOrder", status="OPEN")
    assert verdict(recorded, replayed).reproduced


def test_another_outcome_is_told_with_both_addresses() -> None:
    recorded = Recording().open().ping().ask("a", "createOrder", **BUY).answer("a", "createOrder", status="OPEN")
    replayed = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", error="INVALID_NONCE_ERROR")
    first = verdict(recorded, replayed).first
    assert first is not None
    assert (first.seq, first.replay_seq) == (4, 2)
    assert str(first) == (
        "createOrder WETHRUSD buy 2 @ 1: accepted (OPEN) in the recording, "
        "refused (INVALID_NONCE_ERROR) now (#2 of the replay)"
    )


def test_the_first_divergence_is_the_first_in_the_recording() -> None:
    recorded = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", status="OPEN")
    recorded.ask("b", "createOrder", **SELL).answer("b", "createOrder", status="OPEN")
    replayed = Recording().open().ask("b", "createOrder", **SELL).answer("b", "createOrder", error="X")
    found = verdict(recorded, replayed)
    assert [(each.seq, each.replayed) for each in found.divergences] == [(2, "it was not sent"), (4, "refused (X)")]


def test_a_lost_reply_is_the_same_whether_or_not_the_recorder_saw_it() -> None:
    never_seen = Recording().open().ask("a", "createOrder", **BUY).end("rst", leg="venue")
    withheld = Recording().open().ask("a", "createOrder", **BUY).end("rst")
    withheld.answer("a", "createOrder", delivered=False, status="OPEN", orderId="1")
    assert verdict(never_seen, withheld).reproduced
    assert tales(withheld.events())[0].outcome == "no answer, but accepted"


def test_a_reply_that_came_though_it_had_been_lost_is_a_divergence() -> None:
    lost = Recording().open().ask("a", "createOrder", **BUY).end("rst", leg="venue")
    came = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", status="OPEN", orderId="1")
    assert not verdict(lost, came).reproduced


def test_what_was_still_waiting_when_the_recording_ended_may_become_anything() -> None:
    waiting = Recording().open().ask("a", "createOrder", **BUY)
    outcomes: tuple[dict[str, Any], ...] = ({"status": "OPEN"}, {"error": "NO"})
    for became in outcomes:
        answered = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", **became)
        assert verdict(waiting, answered).reproduced


def test_an_order_that_is_there_twice_only_in_one_of_them_is_a_divergence() -> None:
    def looked(count: int) -> Recording:
        listed = {**BUY, "side": "B", "status": "OPEN"}
        recording = Recording().open().ask("a", "createOrder", **BUY).answer("a", "createOrder", status="OPEN")
        orders = [{**listed, "orderId": str(number)} for number in range(count)]
        return recording.rest("/v2/wallet/0x1/openOrders", orders, took_ms=1)

    assert verdict(looked(2), looked(2)).reproduced
    first = verdict(looked(2), looked(1)).first
    assert first is not None
    assert (first.recorded, first.replayed) == ("2 of its orders", "1 of its orders")


def test_orders_of_others_in_a_list_are_no_business_of_the_recording() -> None:
    def looked(*others: dict[str, Any]) -> Recording:
        return Recording().open().rest("/v2/wallet/0x1/openOrders", list(others), took_ms=1)

    assert verdict(looked({**BUY, "side": "B", "orderId": "1", "status": "OPEN"}), looked()).reproduced


def test_a_note_explains_a_divergence_and_decides_only_where_it_says_so() -> None:
    recorded = Recording().open().ask("a").answer("a")
    assert verdict(recorded, recorded, Note(2, "it could not be signed again")).reproduced
    decided = verdict(recorded, recorded, Note(1, "the handshake was refused", decides=True))
    assert [(each.seq, str(each)) for each in decided.divergences] == [(1, "the handshake was refused")]
    first = verdict(
        recorded, Recording().open().ask("a").end("rst", leg="venue"), Note(2, "the reply never came")
    ).first
    assert first is not None
    assert str(first).endswith("no answer now (#2 of the replay); the reply never came")


def test_incidents_are_compared_where_somebody_looked_for_them() -> None:
    told = tales(Recording().open().ask("a").answer("a").events())
    twice = Finding("duplicate-order", 2)
    assert judge(told, told, incidents=([twice], [twice])).incidents == ("duplicate-order",)
    gone = judge(told, told, incidents=([twice], [])).first
    assert gone is not None
    assert str(gone) == "duplicate-order happened in the recording, and not again"
    new = judge(told, told, incidents=([], [twice])).first
    assert new is not None
    assert (new.seq, new.replay_seq) == (2, 2)
