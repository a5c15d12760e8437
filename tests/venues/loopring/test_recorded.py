"""Bots of this venue, recorded by real processes: every request has an outcome, and the samples tell the same."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from venues.loopring.recording import record

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.captures.leaks import leaks
from wsreplay.venues.loopring.dialect import LoopringDialect
from wsreplay.venues.loopring.setup import DEMO_API_KEY

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
FAULT = "drop rst before reply sub #1"
INCIDENTS = {
    "quiet_day": set[str](),
    "duplicate": {"duplicate-order", "blind-retry", "lost-response"},
    "duplicate_in_sight": {"duplicate-order", "blind-retry", "lost-response"},
    "extra_pong": {"disconnect", "auth-failed", "extra-pong"},
    "reconnecting": {"lost-response", "disconnect"},
    "refusals": {"rejected", "auth-failed", "rate-limited"},
}
SAMPLE_OF = {
    "loopring-quiet-day": "quiet_day",
    "loopring-duplicate-order": "duplicate",
    "loopring-extra-pong": "extra_pong",
    "loopring-reconnect": "reconnecting",
}
OLD_KINDS = set().union(*INCIDENTS.values()) | {"late-reply", "rate-limited", "malformed", "reconnect-storm"}
"""Kinds that are found since may be found in these, too."""


@pytest.fixture(scope="module", params=INCIDENTS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Event]]:
    """The rows of each story, recorded now."""
    story = str(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        fault = FAULT if story == "reconnecting" else None
        with record(tmp_path_factory.mktemp("recorded"), story, fault=fault) as capture:
            return story, list(capture.events())


def requests_without_end(events: list[Event]) -> list[Event]:
    ended = {event.of_seq for event in events if event.outcome is not None}
    return [event for event in events if event.role == "request" and event.part == 0 and event.seq not in ended]


def kinds(events: list[Event]) -> set[str | None]:
    return {event.op for event in events if event.kind == "incident"}


def test_no_request_is_left_without_an_outcome(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    assert requests_without_end(events) == []
    replies = [event for event in events if event.role in ("reply", "error") and event.part == 0]
    assert [event.seq for event in replies if event.reply_to is None] == []


def test_what_went_wrong_is_found_and_nothing_else(recorded: tuple[str, list[Event]]) -> None:
    story, events = recorded
    assert kinds(events) & OLD_KINDS == INCIDENTS[story]


def test_every_message_is_understood(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    said = [event for event in events if event.kind in ("text", "http_request") and event.part == 0]
    assert [event.text for event in said if event.role is None] == []


def test_secrets_stay_out_and_the_connect_key_is_one_token(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    texts = [event.text or "" for event in events]
    assert DEMO_API_KEY not in "".join(texts)
    assert leaks(events, secrets=LoopringDialect.secrets) == []
    given = [re.findall(r"redacted-key-[0-9a-f]{16}", each.text or "")[-1] for each in events if _gives_a_key(each)]
    used = re.findall(r"wsApiKey=([\w-]+)", "".join(event.text or "" for event in events if event.kind == "open"))
    assert used
    assert set(used) == set(given)


def _gives_a_key(event: Event) -> bool:
    return event.kind == "http_response" and event.op == "getWsKey"


def test_orders_that_are_pushed_are_those_that_were_sent(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    sent = {event.client_order_id for event in events if event.op == "submitOrder" and event.role == "request"}
    known = {event.order_id for event in events if event.op == "submitOrder" and event.outcome == "ok"}
    pushed = [event for event in events if event.op == "order" and event.role == "push"]
    assert {event.client_order_id for event in pushed} <= sent
    assert {event.order_id for event in pushed} <= known


def test_a_request_stands_before_its_answer_and_before_what_it_caused(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    open_conns: set[int | None] = set()
    sent: set[str | None] = set()
    for event in events:
        if event.kind == "http_request":
            assert event.conn not in open_conns
            open_conns.add(event.conn)
            sent.add(event.client_order_id)
        elif event.kind == "http_response":
            open_conns.remove(event.conn)
        elif event.op == "order" and event.role == "push":
            assert event.client_order_id in sent
    assert open_conns == set()


@pytest.mark.parametrize("recorded", ["duplicate_in_sight"], indirect=True)
def test_the_order_that_was_given_up_on_is_known_by_its_own_push(recorded: tuple[str, list[Event]]) -> None:
    _, events = recorded
    first, again = (event for event in events if event.op == "submitOrder" and event.role == "request")
    told, told_again = (event for event in events if event.op == "order" and event.role == "push")
    lost, accepted = (event for event in events if event.op == "submitOrder" and event.kind == "http_response")
    assert first.seq < told.seq < lost.seq < again.seq < told_again.seq < accepted.seq
    outcomes = [(each.of_seq, each.outcome, each.order_id) for each in events if each.of_seq in (first.seq, again.seq)]
    assert outcomes == [
        (first.seq, "unknown", None),
        (first.seq, "ok", told.order_id),
        (again.seq, "ok", told_again.order_id),
    ]
    (found,) = [json.loads(event.text or "") for event in events if event.op == "duplicate-order"]
    assert found["certainty"] == "proven"
    assert found["order_ids"] == [told.order_id, told_again.order_id]
    assert found["pushed_seq"] == told.seq


# The sample captures


def sample(name: str) -> Capture:
    return wsreplay.open(SAMPLES / f"{name}.parquet")


def test_every_sample_is_tested_and_small() -> None:
    found = {path.stem: path.stat().st_size for path in SAMPLES.glob("loopring-*.parquet")}
    assert found.keys() == SAMPLE_OF.keys()
    assert max(found.values()) < 60_000


@pytest.mark.parametrize("name", SAMPLE_OF)
def test_a_sample_decodes_again_to_the_same_rows(name: str) -> None:
    with sample(name) as capture:
        rows = [event for event in capture.events() if event.kind != "incident"]
        assert list(Decoder(LoopringDialect()).decode_again(capture.events())) == rows


@pytest.mark.parametrize("name", SAMPLE_OF)
def test_a_sample_tells_what_its_page_says(name: str) -> None:
    with sample(name) as capture:
        events = list(capture.events())
        assert capture.metadata.redaction == "redacted"
    assert kinds(events) & OLD_KINDS == INCIDENTS[SAMPLE_OF[name]]
    assert requests_without_end(events) == []


def test_the_quiet_day_has_every_topic_a_heartbeat_and_versions_that_chain() -> None:
    with sample("loopring-quiet-day") as capture:
        events = list(capture.events())
    pushes = [event for event in events if event.role == "push"]
    assert {event.op for event in pushes} == {
        "account", "order", "orderbook", "trade", "ticker", "candlestick", "ammpool", "blockgen",
    }  # fmt: skip
    assert [event.op for event in events if event.role == "heartbeat" and event.kind == "text"] == ["ping", "pong"]
    for channel in ("orderbook:LRC-ETH:0", "orderbook:LRC-USDT:0"):
        numbers = [(event.venue_seq_from, event.venue_seq) for event in pushes if event.channel == channel]
        assert len(numbers) > 5
        assert all(before[1] == after[0] for before, after in pairwise(numbers))


def test_the_duplicate_is_of_one_wish_and_two_orders() -> None:
    with sample("loopring-duplicate-order") as capture:
        events = list(capture.events())
    (found,) = [json.loads(event.text or "") for event in events if event.op == "duplicate-order"]
    assert len(set(found["order_ids"])) == 2
    assert found["client_order_id"] == "wanted"
    first, second = (event for event in events if event.op == "submitOrder" and event.role == "request")
    assert first.intent == second.intent is not None
