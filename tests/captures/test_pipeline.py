"""From records to rows: complete, without secrets, and whatever goes wrong costs one row's meaning at most."""

from __future__ import annotations

import json

import msgspec
import pytest
from captures.traffic import DEFLATE, Compressing, data, frame, handshake, text_frame

from wsreplay.captures.event import Event
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.wire import Record, What
from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness


class Tell:
    """A venue whose messages are JSON that says what they are; some are more than its dialect can bear."""

    name = "tell"
    version = 3
    hosts: frozenset[str] = frozenset()
    production_hosts: frozenset[str] = frozenset()
    secrets = Secrets(names=frozenset({"pin"}))

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        said = json.loads(payload)
        if said.get("bad"):
            raise ZeroDivisionError
        parts = tuple(Envelope(order_id=order) for order in said.get("orders", ()))
        role = {"client": "request", "venue": "reply"}[sender]
        return Envelope(role=role, op=said.get("op"), key=said.get("id"), parts=parts)  # type: ignore[arg-type]

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        return Envelope()

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        pin = json.loads(payload).get("pin")
        return Witness(signer=f"owner of {pin[:2]}", signature_ok=True) if pin else None


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Tell(), Redactor(b"k" * 32, Tell.secrets))


def say(text: str, sender: str = "client", mono_ns: int = 2000) -> Record:
    return data(text_frame(text, sender), sender=sender, mono_ns=mono_ns)


def rows(pipeline: Pipeline, *records: Record) -> list[Event]:
    return [row for record in records for row in pipeline.see(record)]


def test_a_message_is_understood_before_its_secrets_are_taken_away(pipeline: Pipeline) -> None:
    _, asked = rows(pipeline, handshake(), say('{"op":"login","id":"7","pin":"4711-0815-deep"}'))
    assert (asked.venue, asked.role, asked.op, asked.key) == ("tell", "request", "login", "7")
    assert (asked.signer, asked.signature_ok) == ("owner of 47", True)
    assert asked.text is not None
    assert "4711" not in asked.text


def test_what_is_wrong_with_a_message_and_what_it_means_are_facts_with_addresses_of_their_own(
    pipeline: Pipeline,
) -> None:
    unmasked = frame(1, b'{"op":"all","id":"1","orders":["a","b"]}')
    _, message, *facts = rows(pipeline, handshake(), data(unmasked, sender="client"))
    assert [(fact.seq, fact.part) for fact in facts] == [(message.seq, part) for part in (1, 2, 3)]
    assert [fact.op for fact in facts] == ["malformed", None, None]
    assert [fact.order_id for fact in facts] == [None, "a", "b"]


def test_a_dialect_that_fails_costs_the_meaning_of_one_message(pipeline: Pipeline) -> None:
    _, bad, good = rows(pipeline, handshake(), say('{"bad":true}'), say('{"op":"next","id":"1"}'))
    assert (bad.kind, bad.text, bad.op) == ("text", '{"bad":true}', None)
    assert good.op == "next"


def test_a_payload_that_can_t_be_redacted_is_not_written(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: Event) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline._redactor, "redact", fail)
    opened, said = rows(pipeline, handshake(), say('{"op":"login","id":"my secret"}'))
    for row in (opened, said):
        assert (row.text, row.data, row.op, row.key) == (None, None, None, None)
        assert row.error_code == "withheld, redaction failed: ZeroDivisionError"
    assert (said.kind, said.sender, said.conn) == ("text", "client", 1)


def test_a_record_that_can_t_be_read_is_a_gap_and_not_the_end(pipeline: Pipeline) -> None:
    broken = Record(What.OPEN, False, 2, 1, 1, -1, b"{this is no handshake")
    _, gap, said = rows(pipeline, handshake(), broken, say('{"op":"next","id":"1"}'))
    assert gap.kind == "gap"
    assert gap.text is not None
    assert "OPEN" in json.loads(gap.text)["reason"]
    assert json.loads(gap.text)["records"] == 1
    assert pipeline.gaps == 1
    assert said.op == "next"


def test_a_successor_answers_what_was_asked_before(pipeline: Pipeline) -> None:
    staged = rows(pipeline, handshake(), say('{"op":"order","id":"9"}', mono_ns=3000))
    successor = Pipeline(Tell(), Redactor(b"k" * 32), pipeline.notes())
    for row in staged:
        successor.recall(msgspec.structs.replace(row))

    reply, *_ = successor.see(say('{"op":"order","id":"9"}', "venue", mono_ns=3500))

    assert (reply.seq, reply.reply_to, reply.latency_ns) == (3, 2, 500)


def test_a_successor_still_knows_the_secrets_that_were_seen_before(pipeline: Pipeline) -> None:
    rows(pipeline, handshake(), say('{"op":"login","id":"1","apiKey":"Kq83-jd92-Lw01-mZ7x"}'))
    successor = Pipeline(Tell(), Redactor(b"k" * 32), pipeline.notes())

    (echo,) = successor.see(say('{"op":"welcome","who":"Kq83-jd92-Lw01-mZ7x"}', "venue"))

    assert echo.text is not None
    assert "Kq83" not in echo.text


def test_rows_that_are_staged_already_are_left_out(pipeline: Pipeline) -> None:
    notes = pipeline.notes()
    records = [handshake(), *(say(f'{{"id":"{n}"}}') for n in range(6))]
    everything = rows(pipeline, *records)

    successor = Pipeline(Tell(), Redactor(b"k" * 32), notes)
    again = [row for record in records for row in successor.see(record, after=4)]

    assert [row.seq for row in again] == [5, 6, 7]
    assert [row.text for row in again] == [row.text for row in everything[4:]]


def test_brief_notes_are_to_be_stated(pipeline: Pipeline) -> None:
    venue = Compressing()
    rows(pipeline, handshake(extensions=DEFLATE), data(venue.frame(b'{"op":"first"}')))

    assert not Pipeline(Tell(), Redactor(b"k" * 32), pipeline.notes()).resumed_out_of_step
    successor = Pipeline(Tell(), Redactor(b"k" * 32), pipeline.notes(brief=True))
    assert successor.resumed_out_of_step
    unreadable, *_ = successor.see(data(venue.frame(b'{"op":"first"}')))
    assert (unreadable.kind, unreadable.seq) == ("raw", 3)
