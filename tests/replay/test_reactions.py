"""What a scenario's bot does on its own: what happened goes in, steps come out. And the engine takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from replay.recording import MS, Recording
from replay.stage import PATIENCE, Stage, keys

from wsreplay.faults.conduct import Conduct
from wsreplay.faults.short_form import parse
from wsreplay.replay.outputs import Connect, Output, Request, Send
from wsreplay.replay.reactions import BACKOFF_NS, MOST, Reactions
from wsreplay.replay.script import Ask, Open, Say, Script, Step
from wsreplay.venues.registry import dialect

ORDER: dict[str, Any] = {
    "symbol": "WETHRUSD",
    "accountId": 1,
    "isBuy": True,
    "limitPx": "2500",
    "qty": "1",
    "orderType": "LIMIT",
    "timeInForce": "GTC",
    "nonce": "1000",
}


def orders() -> Recording:
    return Recording().open().ask("a", "createOrder", **ORDER).wait(2).answer("a", "createOrder").ask("b").wait(1)


def loopring() -> Recording:
    """A line that needs a key that is good once, a subscription, and its end."""
    return (
        Recording("loopring")
        .rest("/v3/ws/key", {"key": "redacted-key-00000000000000aa"}, 5)
        .open(url="wss://venue.example/v3/ws?wsApiKey=redacted-key-00000000000000aa")
        .say(topics("sub", 1, "orderbook", market="LRC-ETH", level=0))
        .wait(1)
        .hear('{"op":"sub","sequence":1,"topics":[],"result":{"status":"OK","error":{"code":0,"message":""}}}')
        .wait(5)
        .say(topics("unSub", 2, "orderbook", unsubscribeAll=True))
        .wait(1)
        .close()
    )


def topics(op: str, number: int, topic: str, **more: Any) -> str:
    return json.dumps({"op": op, "sequence": number, "topics": [{"topic": topic, **more}]})


def cantondex() -> Recording:
    """A login on the line, and two channels of which one is ended again."""

    def say(kind: str, **more: Any) -> str:
        return json.dumps({"type": kind, **more})

    return (
        Recording("cantondex")
        .open()
        .say(say("auth", token="redacted-token-00000000000000aa"))
        .wait(1)
        .hear(say("auth_response", status="authenticated"))
        .say(say("subscribe", channel="system_health"))
        .wait(1)
        .hear(say("subscription_response", channel="system_health", status="subscribed"))
        .say(say("subscribe", channel="market_data", symbols=["AAPL/USDC"]))
        .wait(1)
        .hear(say("subscription_response", channel="market_data", status="subscribed"))
        .say(say("unsubscribe", channel="market_data"))
        .wait(1)
        .hear(say("unsubscribe_response", channel="market_data", status="unsubscribed"))
    )


def lived(recording: Recording, venue: str = "reya", **conduct: Any) -> tuple[Reactions, Script]:
    """A bot that has taken all steps of its script."""
    script = recording.script()
    reactions = Reactions(script, dialect(venue), Conduct(**conduct))
    for step in script.steps:
        if not isinstance(step, (Open, Say, Ask)):
            break
        reactions.taken(step)
    return reactions, script


def told(steps: list[Step]) -> list[str]:
    """Steps in short."""
    words = []
    for step in steps:
        match step:
            case Open():
                words.append(f"open {step.line}")
            case Ask():
                words.append(f"ask {step.op}")
            case Say():
                said = json.loads(step.payload)
                words.append(str(said.get("id") or said.get("channel") or said.get("type") or said.get("sequence")))
    return words


# What it does when its line is cut


def test_who_stops_does_nothing() -> None:
    reactions, _ = lived(orders(), pongs="twice")
    assert reactions.ended(1, [2]) == []


def test_who_resumes_opens_the_line_again_after_a_pause() -> None:
    reactions, _ = lived(orders(), after_cut="resume")
    (opened,) = reactions.ended(1, [2])
    assert isinstance(opened, Open)
    assert (opened.line, opened.rest_ns, opened.awaits) == (1, BACKOFF_NS, ())


def test_who_resends_says_what_was_not_answered_with_an_id_and_a_nonce_of_its_own() -> None:
    reactions, script = lived(orders(), after_cut="resend")
    opened, again = reactions.ended(1, [2])
    assert isinstance(again, Say)
    assert isinstance(again.payload, str)
    message = json.loads(again.payload)
    assert (message["id"], message["payload"]["nonce"]) == ("a-again", "1001")
    assert message["payload"] | {"nonce": "1000"} == ORDER, "all else is the same"
    assert again.seq == 2, "the script's later steps wait for its reply as they would for the first"
    assert script.replies[again.seq] is not None
    assert isinstance(opened, Open)


def test_a_nonce_that_it_keeps_stays() -> None:
    reactions, _ = lived(orders(), after_cut="resend", keeps=("nonce", "id"))
    _, again = reactions.ended(1, [2])
    assert isinstance(again, Say)
    assert json.loads(again.payload)["payload"]["nonce"] == "1000"
    assert json.loads(again.payload)["id"] == "a"


def test_a_key_that_is_good_once_is_asked_for_anew_and_what_was_on_is_subscribed_again() -> None:
    reactions, _ = lived(loopring().row("venue", kind="end", ended_by="rst", text=None), "loopring", after_cut="resume")
    assert told(reactions.ended(1, [])) == ["ask getWsKey", "open 1"], "the script has ended its subscription already"
    script = loopring().script()
    reactions = Reactions(script, dialect("loopring"), Conduct(after_cut="resume"))
    for step in script.steps[:3]:
        reactions.taken(step)
    asked, opened, subscribed = reactions.ended(1, [])
    assert told([asked, opened, subscribed]) == ["ask getWsKey", "open 1", "1"]
    assert opened.awaits == (asked.seq,), "it needs the key"


def test_who_keeps_the_key_comes_back_with_the_old_one() -> None:
    script = loopring().script()
    reactions = Reactions(script, dialect("loopring"), Conduct(after_cut="resume", keeps=("token",)))
    for step in script.steps[:3]:
        reactions.taken(step)
    assert told(reactions.ended(1, [])) == ["open 1", "1"]


def test_it_logs_in_before_it_subscribes_and_waits_for_the_answer() -> None:
    reactions, _ = lived(cantondex(), "cantondex", after_cut="resume")
    opened, login, channel = reactions.ended(1, [])
    assert told([opened, login, channel]) == ["open 1", "auth", "system_health"], "market_data it had ended itself"
    assert channel.awaits == (login.seq,)


def test_an_old_token_is_one_that_had_expired_when_it_was_sent() -> None:
    reactions, _ = lived(cantondex(), "cantondex", after_cut="resume", keeps=("token",))
    _, login, _ = reactions.ended(1, [])
    assert isinstance(login, Say)
    assert login.token_expires is not None
    assert login.token_expires * 1_000_000_000 < login.at_ns


def test_who_forgets_logs_in_and_subscribes_to_nothing_nor_ends_what_it_forgot() -> None:
    reactions, script = lived(cantondex(), "cantondex", after_cut="forget")
    says = [step for step in script.steps if isinstance(step, Say)]
    assert not any(reactions.forgot(say) for say in says)
    assert told(reactions.ended(1, [])) == ["open 1", "auth"]
    assert [reactions.forgot(say) for say in says] == [False, False, False, True]


def test_a_venue_that_cuts_every_line_is_not_tried_for_ever() -> None:
    reactions, script = lived(orders(), after_cut="resume")
    for _ in range(MOST):
        (opened,) = reactions.ended(1, [])
        reactions.taken(opened)
    assert reactions.ended(1, []) == []
    assert script.lines == 1


def test_a_line_that_it_never_opened_or_left_itself_is_not_its_affair() -> None:
    reactions, script = lived(orders().close(), after_cut="resume")
    assert reactions.ended(7, []) == []
    reactions.taken(script.steps[-1])
    assert reactions.ended(1, []) == []


# What it says twice


def test_a_request_that_it_asks_twice_at_once_follows_the_first_with_the_same_id() -> None:
    script = orders().script()
    conduct = Conduct(asks_twice=parse("stall after request").moment, keeps=("id",))
    reactions = Reactions(script, dialect("reya"), conduct)
    twice = [reactions.taken(step) for step in script.steps]
    assert [told(steps) for steps in twice] == [[], ["a"], []], "the first request alone"
    (again,) = twice[1]
    assert (again.seq, again.awaits) == (-2, ())
    assert reactions.taken(again) == []


def test_a_request_that_it_asks_twice_after_its_reply_waits_for_that() -> None:
    script = orders().script()
    conduct = Conduct(asks_twice=parse("stall after reply where symbol = WETHRUSD").moment, keeps=("nonce",))
    reactions = Reactions(script, dialect("reya"), conduct)
    ((again,),) = [steps for step in script.steps if (steps := reactions.taken(step))]
    assert again.awaits == (2,)


def test_the_second_and_every_one_can_be_meant() -> None:
    for moment, expected in (("after request #2", ["b-again"]), ("after every request", ["a-again", "b-again"])):
        script = orders().script()
        reactions = Reactions(script, dialect("reya"), Conduct(asks_twice=parse(f"stall {moment}").moment))
        assert [word for step in script.steps for word in told(reactions.taken(step))] == expected


def test_patience_ends_once_with_a_request() -> None:
    reactions, _ = lived(orders(), after_silence="resend")
    assert told(reactions.silent([2])) == ["a-again"]
    assert reactions.silent([2]) == []
    waits, _ = lived(orders(), after_cut="resend")
    assert waits.silent([2]) == []


def test_before_it_asks_again_it_looks_up_what_it_was_told_to() -> None:
    recording = Recording("loopring").rest("/api/v3/storageId?accountId=1&sellTokenId=0", {"orderId": 0}, 2)
    recording.rest("/api/v3/orders?accountId=1", {"orders": []}, 2)
    reactions, script = lived(recording, "loopring", after_silence="resend", looks_up=("getNextStorageId",))
    assert told(reactions.silent([script.steps[1].seq])) == ["ask getNextStorageId", "ask getOrders"]


def test_the_answer_that_it_loses_is_that_of_the_first_request_that_is_meant() -> None:
    script = Recording().rest("/a", {}, 2).rest("/b", {}, 2).script()
    reactions = Reactions(script, dialect("generic"), Conduct(loses_answer=parse("stall before reply #2").moment))
    asks = [step for step in script.steps if isinstance(step, Ask)]
    assert [reactions.asked(ask).lost for ask in asks] == [False, True]


# What the engine makes of it


def opens(outputs: list[Output]) -> list[int]:
    return [each.step.line for each in outputs if isinstance(each, Connect)]


def test_the_engine_opens_the_line_again_and_goes_on_with_the_script() -> None:
    stage = Stage(orders(), conduct=Conduct(after_cut="resend"))
    assert keys(stage.begin()) == ["a"]
    assert opens(stage.ended(how="rst")) == []
    assert opens(stage.pass_ms(BACKOFF_NS / MS)) == [1]
    assert keys(stage.opened()) == ["a-again"], "b waits for the reply to it"
    assert keys(stage.hears("a-again", "createOrder")) == ["b"]


def test_without_a_conduct_the_line_is_gone() -> None:
    stage = Stage(orders())
    stage.begin()
    stage.ended(how="rst")
    assert opens(stage.pass_ms(60_000)) == []
    assert any(note.text.startswith("the line is gone") for note in stage.engine.notes)


@pytest.mark.parametrize("speed", [1.0, float("inf")])
def test_it_stays_before_it_takes_leave_at_any_speed(speed: float) -> None:
    stage = Stage(Recording().open().ask("a").close(), speed=speed, conduct=Conduct(stays_ns=60_000 * MS))
    stage.begin()
    assert stage.pass_ms(59_000) == []
    assert len(stage.pass_ms(1_001)) == 1, "the close frame"


def test_patience_that_ends_sends_the_request_again_and_waits_for_that() -> None:
    stage = Stage(orders(), conduct=Conduct(after_silence="resend"))
    stage.begin()
    assert keys(stage.pass_ms(PATIENCE / MS + 100)) == []
    assert keys(stage.pass_ms(0)) == ["a-again"]
    assert keys(stage.hears("a-again", "createOrder")) == ["b"]


def test_an_answer_that_is_lost_is_marked_on_the_request() -> None:
    stage = Stage(
        Recording().open().rest("/v2/wallet/x/openOrders", [], 2),
        conduct=Conduct(loses_answer=parse("stall before reply").moment),
    )
    (request,) = stage.begin()
    assert isinstance(request, Request)
    assert request.step.lost


@pytest.mark.parametrize(("pongs", "sent"), [("never", 0), ("lived", 1), ("twice", 2)])
def test_pongs_that_are_messages_are_sent_as_often_as_it_says(pongs: Any, sent: int) -> None:
    stage = Stage(
        Recording("loopring").open().say(topics("sub", 1, "blockgen")).wait(9_000).close(),
        speed=1.0,
        venue=dialect("loopring"),
        conduct=Conduct(pongs=pongs, stays_ns=1),
    )
    stage.begin()
    outputs = stage.do(stage.engine.received(1, "ping", stage.now_ns))
    assert [each.payload for each in outputs if isinstance(each, Send)] == ["pong"] * sent


def test_who_stops_the_replay_stops_its_bot_too() -> None:
    stage = Stage(orders(), conduct=Conduct(after_cut="resume"))
    stage.begin()
    stage.do(stage.engine.stop(stage.now_ns))
    stage.ended(how="rst")
    assert opens(stage.pass_ms(1_000)) == []
