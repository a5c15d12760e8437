"""The engine takes each step when its time has come, and no sooner. No socket, no clock, no waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.recording import BEGAN_NS, MS, Recording
from replay.stage import PATIENCE, Stage, keys

from wsreplay.replay.engine import GRACE_NS, TURN
from wsreplay.replay.outputs import (
    Answer,
    Close,
    Connect,
    Cut,
    Request,
    Send,
    Withdraw,
    Withheld,
)
from wsreplay.replay.script import Ask
from wsreplay.venues.registry import dialect
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_SPOT_ACCOUNT, DEMO_WALLET


def test_nothing_is_said_before_the_line_is_open() -> None:
    stage = Stage(Recording().open().ask("a"))
    (connect,) = stage.do(stage.engine.begin(0))
    assert isinstance(connect, Connect)
    assert connect.step.url == "wss://venue.example/"
    assert keys(stage.opened()) == ["a"]


def test_a_message_waits_for_the_live_reply_not_for_the_recorded_time() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").ask("b"))
    assert keys(stage.begin()) == ["a"]
    assert stage.pass_ms(1000) == []
    assert keys(stage.hears("a")) == ["b"]


def test_replies_may_come_in_another_order() -> None:
    stage = Stage(Recording().open().ask("a").ask("b").wait(1).answer("a").answer("b").ask("c"))
    assert keys(stage.begin()) == ["a", "b"]
    assert stage.hears("b") == []
    assert keys(stage.hears("a")) == ["c"]


def test_at_the_original_speed_the_recorded_gaps_are_kept_after_the_live_reply() -> None:
    stage = Stage(Recording().open().wait(10).ask("a").wait(1).answer("a").wait(20).ask("b"), speed=1.0)
    assert keys(stage.begin()) == []
    assert stage.wake_ns == 10 * MS
    assert keys(stage.pass_ms(10)) == ["a"]
    stage.pass_ms(300)
    assert stage.hears("a") == []
    assert stage.wake_ns is not None
    assert abs(stage.wake_ns - 330 * MS) <= 1000, "20 ms after the reply, however late that came"
    assert keys(stage.pass_ms(20)) == ["b"]


def test_sockets_get_their_turn_however_much_there_is_to_send() -> None:
    recording = Recording().open()
    for number in range(TURN + 10):
        recording.ask(str(number))
    stage = Stage(recording)
    assert len(keys(stage.begin())) == TURN
    assert stage.wake_ns == stage.now_ns
    assert len(keys(stage.pass_ms(0))) == 10


def test_twice_as_fast_is_half_the_gap() -> None:
    stage = Stage(Recording().open().wait(10).ask("a"), speed=2.0)
    stage.begin()
    assert stage.wake_ns == 5 * MS


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.sampled_from([0.5, 1.0, 4.0]))
def test_no_message_is_early_at_any_speed(gaps: list[int], speed: float) -> None:
    recording = Recording().open()
    for number, gap in enumerate(gaps):
        recording.wait(gap).ask(str(number))
    stage = Stage(recording, speed=speed)
    sent = dict.fromkeys(keys(stage.begin()), 0)
    while stage.wake_ns is not None and stage.engine.sent < len(gaps):
        stage.now_ns = stage.wake_ns
        sent |= dict.fromkeys(keys(stage.pass_ms(0)), stage.now_ns)
    assert list(sent) == [str(number) for number in range(len(gaps))]
    for number in range(len(gaps)):
        assert sent[str(number)] == pytest.approx(sum(gaps[: number + 1]) * MS / speed, abs=len(gaps))


def test_a_reply_that_never_comes_is_waited_for_and_then_told() -> None:
    stage = Stage(Recording().open().ask("a").wait(40).answer("a").ask("b"))
    stage.begin()
    assert stage.wake_ns == PATIENCE + 40 * MS
    assert keys(stage.pass_ms(5040)) == ["b"]
    assert [(note.seq, note.text) for note in stage.engine.notes] == [(2, "the reply never came")]


def test_a_line_that_was_cut_before_the_reply_is_cut_when_the_reply_is_there() -> None:
    recording = Recording().open(1).ask("a").wait(1).end("rst").answer("a", delivered=False).open(2).ask("b", conn=2)
    stage = Stage(recording)
    *_, withdraw = stage.begin()
    assert withdraw == Withdraw(1, "rst"), "the bot is gone at once, the venue is read on"
    assert stage.pass_ms(10) == []
    withheld, cut, again = stage.hears("a")
    assert (withheld, cut) == (Withheld(1), Cut(1, "rst"))
    assert isinstance(again, Connect)
    assert again.step.line == 2
    assert keys(stage.opened(2)) == ["b"]


def test_a_line_that_was_cut_from_a_reply_nobody_knows_is_cut_after_the_recorded_time() -> None:
    stage = Stage(Recording().open().ask("a").wait(30).end("rst"))
    assert Withdraw(1, "rst") in stage.begin()
    assert stage.wake_ns == 30 * MS
    assert stage.pass_ms(30) == [Cut(1, "rst")]


def test_a_reply_that_never_reached_the_bot_does_not_reach_it_now() -> None:
    stage = Stage(Recording().open().ask("a").answer("a", delivered=False).ask("b").answer("b"))
    stage.begin()
    assert stage.hears("a") == [Withheld(1)]
    assert Withheld(1) not in stage.hears("b")


def test_a_reply_that_the_recording_did_not_live_to_see_reaches_the_bot() -> None:
    stage = Stage(Recording().open().ask("a").ask("b").wait(1).answer("b"))
    stage.begin()
    assert stage.hears("a") == []


def test_a_line_that_the_venue_ended_is_ended_in_its_place() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").close(1012, sender="venue"))
    stage.begin()
    assert stage.hears("a") == [], "it may end it again by itself, somewhat later"
    assert stage.pass_ms(GRACE_NS / MS - 1) == []
    assert stage.pass_ms(1) == [Close(1, 1000, "")]


def test_a_line_that_the_venue_ends_again_is_left_to_it() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").close(1012, sender="venue"))
    stage.begin()
    stage.hears("a")
    assert stage.ended() == []
    assert stage.engine.done


def test_in_the_end_lines_that_are_still_open_are_closed_once_their_replies_are_in() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a"))
    stage.begin()
    assert stage.hears("a") == [Close(1, 1000, "")]
    assert not stage.engine.done
    stage.ended()
    assert stage.engine.done


def test_a_venue_that_hangs_up_is_told_with_what_could_not_be_sent() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").ask("b").ask("c"))
    stage.begin()
    assert stage.ended(how="rst") == []
    first, second = stage.engine.notes
    assert (first.seq, first.text) == (2, "the line ended (rst) before it was answered")
    assert (second.seq, second.decides) == (4, True)
    assert stage.engine.done


def test_a_handshake_that_is_refused_though_it_was_not_is_a_divergence() -> None:
    stage = Stage(Recording().open().ask("a"))
    stage.do(stage.engine.begin(0))
    stage.engine.refused(1, 503, "busy", 0)
    assert (
        stage.engine.notes[0].text
        == "the handshake was answered with 101 in the recording, and answered with 503 now (busy)"
    )
    assert stage.engine.notes[0].decides
    assert stage.engine.done


def test_a_handshake_that_was_refused_and_is_again_is_as_it_was() -> None:
    stage = Stage(Recording().open(status=503))
    stage.do(stage.engine.begin(0))
    stage.engine.refused(1, 503, "busy", 0)
    assert stage.engine.notes == []


def test_a_rest_answer_is_waited_for_like_any_reply() -> None:
    stage = Stage(Recording().open().rest("/v2/x", [], took_ms=1).ask("a"))
    (request,) = stage.begin()
    assert isinstance(request, Request)
    assert request.step.url == "https://api.venue.example/v2/x"
    assert keys(stage.do(stage.engine.answered(2, Answer(status=200, body=b"[]"), 1))) == ["a"]


def test_a_ping_that_is_a_message_is_answered_when_it_comes() -> None:
    stage = Stage(Recording().open().say('{"type":"pong"}').ask("a").wait(1).answer("a"))
    stage.begin()
    assert stage.do(stage.engine.received(1, '{"type":"ping"}', 1)) == [Send(1, '{"type":"pong"}')]


def order(**more: Any) -> dict[str, Any]:
    return {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": DEMO_SPOT_ACCOUNT,
        "isBuy": True,
        "limitPx": "2600",
        "qty": "0.05",
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "signerWallet": DEMO_WALLET,
        "nonce": "1",
        "expiresAfter": BEGAN_NS // 10**9 + 600,
        "signature": "redacted-signature-00",
        **more,
    }


def cancel(order_id: str, nonce: str) -> dict[str, Any]:
    return {
        "orderId": order_id,
        "accountId": DEMO_SPOT_ACCOUNT,
        "symbol": "WETHRUSD",
        "nonce": nonce,
        "expiresAfter": BEGAN_NS // 10**9 + 600,
        "signature": "redacted-signature-01",
    }


def refreshing(recording: Recording) -> Stage:
    return Stage(recording, refresher=dialect("reya").at("127.0.0.1").refresher(DEMO_KEY))  # type: ignore[attr-defined]


def test_a_cancel_names_the_order_of_this_run_and_is_signed_again() -> None:
    recording = Recording().open().ask("a", "createOrder", **order()).wait(1)
    recording.answer("a", "createOrder", status="OPEN", orderId="77").ask("b", "cancelOrder", **cancel("77", "2"))
    stage = refreshing(recording)
    (create,) = stage.begin()
    assert isinstance(create, Send)
    assert json.loads(create.payload)["payload"]["signature"].startswith("0x")
    send, *_ = stage.hears("a", "createOrder", status="OPEN", orderId="1234")
    assert isinstance(send, Send)
    payload = json.loads(send.payload)["payload"]
    assert payload["orderId"] == "1234"
    assert payload["signature"].startswith("0x")
    assert int(payload["nonce"]) > int(json.loads(create.payload)["payload"]["nonce"])


def test_an_order_that_was_met_only_in_a_list_is_known_by_its_name_in_this_runs_list() -> None:
    def listed(order_id: str) -> dict[str, Any]:
        return {**order(), "orderId": order_id, "clientOrderId": 5, "side": "B", "status": "OPEN"}

    recording = Recording().open().ask("a", "createOrder", **order(clientOrderId=5)).wait(1).end("rst").open(2)
    recording.rest("/v2/wallet/0x1/openOrders", [listed("77")], took_ms=1)
    recording.ask("b", "cancelOrder", conn=2, **cancel("77", "2"))
    stage = refreshing(recording)
    stage.begin()
    stage.hears("a", "createOrder", status="OPEN", orderId="1234")
    stage.ended()
    stage.opened(2)
    (asked,) = (step.seq for step in recording.script().steps if isinstance(step, Ask))
    body = json.dumps([listed("1234")]).encode()
    send, *_ = stage.do(stage.engine.answered(asked, Answer(status=200, body=body), stage.now_ns))
    assert isinstance(send, Send)
    assert json.loads(send.payload)["payload"]["orderId"] == "1234"
