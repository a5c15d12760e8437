"""Bots on simulated venues, recorded by real processes: nothing is left loose, and it can be driven again."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli.story import run
from venues.streams.sessions import SAMPLES, listening, record_at

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect
from wsreplay.venues.streams.setup import NO_LIFE, StreamsSetup

SHIPPED = Path(wsreplay.__file__).parent / "captures" / "samples"
NEVER_ANSWERED = {"SUBSCRIBE", "UNSUBSCRIBE"}
KINDS = {
    "streams-careful": set[str](),
    "streams-duplicate-order": {"lost-response", "duplicate-order", "blind-retry"},
    "streams-misunderstood": {"disconnect", "duplicate-subscription"},
    "streams-binance-refused": {"rejected", "malformed", "disconnect", "lost-response"},
    "streams-binance-answered": set(),
}
"""Incidents that each session shows, of the kinds that do not hang on how fast it was."""
TOLD = frozenset().union(*KINDS.values()) | {"auth-failed", "rate-limited", "late-reply", "duplicate-request-id"}


def outcomes(capture: Capture) -> list[tuple[str, str]]:
    """Each request's operation, and what became of it."""
    events = list(capture.events())
    known = {event.of_seq: event.outcome for event in events if event.outcome is not None}
    asked = [event for event in events if event.role == "request" and event.part == 0]
    return [(event.op or "", known.get(event.seq) or "pending") for event in asked]


def incidents(capture: Capture) -> set[str | None]:
    return {event.op for event in capture.events() if event.kind == "incident" and event.op in TOLD}


@pytest.fixture(scope="module", params=SAMPLES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A session, recorded now."""
    name: str = request.param
    return name, SAMPLES[name](tmp_path_factory.mktemp(name))


def test_a_recorded_session_has_no_loose_end_and_tells_what_went_wrong(recorded: tuple[str, Path]) -> None:
    name, path = recorded
    with wsreplay.open(path) as capture:
        assert incidents(capture) == KINDS[name]
        pending = {op for op, outcome in outcomes(capture) if outcome == "pending"}
        assert pending <= (NEVER_ANSWERED if capture.metadata.venue == "streams" else set())
        unread = [e for e in capture.events() if e.kind == "text" and e.role is None]
        assert [e.text for e in unread] == (
            ['{"method":"SUBSCRIBE","params":["trade.SOL_USDC"'] if name == "streams-binance-refused" else []
        ), "every message is understood"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_shows_what_its_session_shows_and_decodes_again_to_the_same_rows(name: str) -> None:
    path = SHIPPED / f"{name}.parquet"
    assert path.stat().st_size < 60_000
    with wsreplay.open(path) as capture:
        assert capture.metadata.redaction == "redacted"
        assert incidents(capture) == KINDS[name]
        rows = [event for event in capture.events() if event.kind != "incident"]
        again = list(Decoder(dialect(capture.metadata.venue)).decode_again(map(_copy, rows)))
        assert again == rows


def test_what_a_subscription_brings_carries_its_channel() -> None:
    with wsreplay.open(SHIPPED / "streams-careful.parquet") as capture:
        events = list(capture.events())
    begun = [event.channel for event in events if event.kind == "fact" and event.op == "subscribe"]
    pushed = {event.channel for event in events if event.role == "push" and event.kind == "text"}
    assert set(begun) == pushed == {"depth.SOL_USDC", "trade.SOL_USDC"}
    for channel in pushed:
        seqs = [event.venue_seq for event in events if event.channel == channel and event.role == "push"]
        assert seqs == list(range(seqs[0] or 0, (seqs[0] or 0) + len(seqs))), "numbered on"


def test_a_doubled_subscription_shows_twice_and_an_ignored_one_not_at_all() -> None:
    with wsreplay.open(SHIPPED / "streams-misunderstood.parquet") as capture:
        events = [event for event in capture.events() if event.part == 0 and event.conn == 1]
    first_push = next(event.seq for event in events if event.role == "push")
    begun = [event.key for event in events if event.op == "SUBSCRIBE" and event.seq < first_push]
    assert len(begun) == 4
    assert int(begun[0] or 0) > 1 << 32, "the one with milliseconds for an id"
    trades = Counter(event.venue_seq for event in events if event.op == "trade")
    assert set(trades.values()) == {2}


def test_the_first_order_is_known_by_the_list_that_shows_both() -> None:
    with wsreplay.open(SHIPPED / "streams-duplicate-order.parquet") as capture:
        (found,) = [event for event in capture.events() if event.op == "duplicate-order"]
        assert found.status == "proven"
        assert outcomes(capture)[1:3] == [("createOrder", "ok"), ("createOrder", "ok")]


def test_a_venue_that_confirms_is_read_by_the_dialect_of_one_that_does_not(tmp_path: Path) -> None:
    path = record_at(StreamsSetup(profile="binance"), tmp_path, "refused", venue="streams")
    with wsreplay.open(path) as capture:
        told = outcomes(capture)
        assert told[:2] == [("SUBSCRIBE", "ok"), ("SUBSCRIPE", "rejected")]
        assert ("SUBSCRIBE", "ok") in told[2:], "on the second connection as well"
        lists = [outcome for op, outcome in told if op == "LIST_SUBSCRIPTIONS"]
        assert "pending" in lists, "the one too many: nothing is expected, so nothing is lost"
        assert "unknown" not in lists
        acks = [event for event in capture.events() if event.role == "reply" and event.key == "1"]
        assert acks
        assert all(event.reply_to is not None and event.latency_ns is not None for event in acks)
        assert incidents(capture) == {"rejected", "malformed", "disconnect"}


# Driven again


def replayed(path: Path, out: Path, *arguments: str) -> tuple[int, str, Path]:
    done = run("run", str(path), "--out", out, *arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    *text, last = done.stdout.splitlines()
    return done.exit_code, "\n".join(text), Path(last.removeprefix("capture "))


@pytest.mark.parametrize("name", ["streams-careful", "streams-misunderstood"])
def test_a_sample_is_accepted_again(name: str, tmp_path: Path) -> None:
    code, text, _ = replayed(SHIPPED / f"{name}.parquet", tmp_path, "--speed", "max")
    assert code == 0, text
    assert "reproduced" in text


def test_commands_that_were_refused_are_refused_again(tmp_path: Path) -> None:
    code, text, _ = replayed(SHIPPED / "streams-binance-refused.parquet", tmp_path, "--speed", "max")
    assert "malformed, rejected" in text
    # At full speed the limits are stretched so far that nobody meets them.
    assert (code, "disconnect happened in the recording, and not again" in text) == (1, True)


def test_a_recorded_cancel_names_the_order_that_was_created_this_time(tmp_path: Path) -> None:
    path = record_at(StreamsSetup(seed=7), tmp_path, "careful")
    code, text, again = replayed(path, tmp_path / "again", "--speed", "max")
    assert code == 0, text
    named = []
    for each in (path, again):
        with wsreplay.open(each) as capture:
            (cancel,) = [e for e in capture.events() if e.op == "cancelOrder" and e.kind == "http_request"]
            named.append(cancel.order_id)
    assert re.fullmatch(r"[0-9a-f-]{36}", named[1] or "")
    assert named[0] != named[1]


def test_an_answer_that_nobody_expected_is_awaited_when_it_is_driven_again(tmp_path: Path) -> None:
    answering = StreamsSetup(profile="binance", life=NO_LIFE)
    path = record_at(answering, tmp_path, "private", venue="streams")
    with listening(answering) as (url, rest):
        code, text, again = replayed(path, tmp_path / "again", "--speed", "max", "--to", url, "--to", f"rest={rest}")
    assert code == 0, text
    with wsreplay.open(path) as recording, wsreplay.open(again) as replay:
        assert outcomes(recording) == outcomes(replay)
        assert outcomes(replay)[0] == ("SUBSCRIBE", "ok")


def _copy(event: Event) -> Event:
    values: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    return Event(**values)
