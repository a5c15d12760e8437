"""A venue that nobody named is known by its traffic, and the capture is as if it had been named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from captures.traffic import data, handshake, text_frame
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures import recognition
from wsreplay.captures.columns import events_of, sparse_batch, widen
from wsreplay.captures.event import Event, Kind
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.recognition import RECOGNISED, WINDOW, Recogniser, understood
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.schema import Clocks, Metadata
from wsreplay.captures.wire import Record
from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
from wsreplay.venues.generic.dialect import GenericDialect

KEY = b"k" * 32


class Hello:
    """A venue that shows itself by saying hello; numbers are the ids of its requests."""

    name = "hello"
    version = 4
    hosts: frozenset[str] = frozenset()
    production_hosts: frozenset[str] = frozenset()
    secrets = Secrets(names=frozenset({"hush"}))

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        said: dict[str, Any] = json.loads(payload)
        if "n" not in said:
            return Envelope(role="push", op="hello")
        return Envelope(role="request" if sender == "client" else "reply", op="count", key=str(said["n"]))

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        return Envelope()

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        return None

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        return "hello" in json.loads(payload)


@pytest.fixture(autouse=True)
def _hello_is_a_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "dialect_of", lambda metadata: Hello())


def say(sender: str, mono_ns: int, **fields: Any) -> Record:
    return data(text_frame(json.dumps(fields), sender), sender=sender, mono_ns=mono_ns)


def rows(pipeline: Pipeline, records: list[Record]) -> list[Event]:
    found = [row for record in records for row in pipeline.see(record)]
    return [*found, *pipeline.end()]


def recorded_unnamed(records: list[Record]) -> tuple[Pipeline, list[Event]]:
    """The rows as they are read from the stage of a recording without a venue."""
    generic = GenericDialect()
    pipeline = Pipeline(generic, Redactor(KEY, generic.secrets), recogniser=Recogniser([Hello()]))
    found = rows(pipeline, records)
    notes = {} if pipeline.recognised is None else {RECOGNISED: pipeline.recognised[1]}
    metadata = Metadata(clocks=Clocks(wall_ns=0, mono_ns=0), notes=notes)
    batches = [widen(sparse_batch(found[at : at + 3])) for at in range(0, len(found), 3)]
    return pipeline, [row for batch in understood(batches, metadata) for row in events_of(batch)]


def recorded_named(records: list[Record]) -> list[Event]:
    return rows(Pipeline(Hello(), Redactor(KEY, Hello.secrets)), records)


messages = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["client", "venue"]), st.fixed_dictionaries({"n": st.integers(0, 3)})),
        st.tuples(st.just("venue"), st.just({"hello": "you"})),
    ),
    max_size=25,
)


@given(said=messages)
def test_a_recognised_capture_is_the_capture_of_the_named_venue(said: list[tuple[str, dict[str, Any]]]) -> None:
    records = [handshake(), *(say(sender, 2000 + at, **fields) for at, (sender, fields) in enumerate(said))]
    pipeline, found = recorded_unnamed(records)
    if any("hello" in fields for _, fields in said):
        assert found == recorded_named(records)
    else:
        assert pipeline.recognised is None
        assert {row.venue for row in found} <= {"generic", None}


def test_a_request_from_before_is_answered_after() -> None:
    records = [handshake(), say("client", 2000, n=7), say("venue", 3000, hello="you"), say("venue", 4000, n=7)]
    _, found = recorded_unnamed(records)
    reply = next(row for row in found if row.role == "reply")
    request = next(row for row in found if row.role == "request")
    assert (reply.reply_to, reply.latency_ns) == (request.seq, 2000)
    assert [row.outcome for row in found if row.kind == "fact"] == ["ok"]


def test_a_request_in_the_same_packet_as_the_message_that_shows_the_venue_is_answered() -> None:
    said = [text_frame(json.dumps(fields), "client") for fields in ({"n": 7}, {"hello": "me"})]
    both = data(b"".join(said), sender="client", mono_ns=2000)
    pipeline, found = recorded_unnamed([handshake(), both, say("venue", 4000, n=7)])
    assert pipeline.recognised is not None
    assert found == recorded_named([handshake(), both, say("venue", 4000, n=7)])


def test_what_may_be_secret_at_a_venue_is_replaced_before_it_shows_itself() -> None:
    records = [handshake(), say("client", 2000, n=1, hush="a-long-and-secret-word-1"), say("venue", 3000, hello="you")]
    _, found = recorded_unnamed(records)
    assert "a-long-and-secret-word-1" not in str(found)
    assert found == recorded_named(records)


def test_the_names_of_venues_that_it_is_not_are_forgotten() -> None:
    records = [handshake(), *(say("client", 2000 + at, n=at) for at in range(WINDOW))]
    _, found = recorded_unnamed([*records, say("client", 9_000_000, hush="an-everyday-word-here-1")])
    assert "an-everyday-word-here-1" in str(found[-1])


def test_everyday_names_are_suspect_where_keys_are_handed_out_and_nowhere_else() -> None:
    redactor = Redactor(KEY)
    redactor.suspect([Secrets(doubtful=frozenset({"key"}))])
    body = json.dumps({"status": 200, "headers": [], "body": '{"key":"k3ySh8dkJ2nD72nHd"}'})
    said: list[tuple[Kind, str]] = [("http_response", body), ("text", '{"key":"my-request-00001-abc"}')]
    rows = [
        Event(seq=1, at_ns=0, mono_ns=0, first_mono_ns=0, sender="venue", kind=kind, text=text) for kind, text in said
    ]
    for row in rows:
        redactor.redact(row)
    assert "k3ySh8dkJ2nD72nHd" not in str(rows[0])
    assert "my-request-00001-abc" in str(rows[1])


def test_the_venues_own_secrets_are_replaced_from_the_message_on_that_shows_it() -> None:
    records = [handshake(), say("client", 2000, hello="me", hush="a-long-and-secret-word-1")]
    _, found = recorded_unnamed(records)
    assert "a-long-and-secret-word-1" not in str(found)


def test_who_does_not_show_itself_soon_is_not_looked_for_any_more() -> None:
    silent = [say("client", 2000 + at, n=at) for at in range(WINDOW)]
    pipeline, _ = recorded_unnamed([handshake(), *silent, say("venue", 9_000_000, hello="late")])
    assert pipeline.recognised is None


def test_a_strangers_dialect_that_fails_ends_nothing() -> None:
    class Broken(Hello):
        def recognises(self, payload: str | bytes, sender: Sender) -> bool:
            raise ZeroDivisionError

    recogniser = Recogniser([Broken(), Hello()])
    event = Event(seq=1, at_ns=0, mono_ns=0, first_mono_ns=0, sender="venue", kind="text", text='{"hello":"you"}')
    found = recogniser.see(event)
    assert found is not None
    assert found.name == "hello"
    assert recogniser.over


def test_incidents_of_the_first_rows_stay() -> None:
    early = Event(seq=1, at_ns=0, mono_ns=0, first_mono_ns=0, sender="client", kind="text", text='{"n":1}')
    incident = Event(seq=1, part=5, at_ns=0, mono_ns=0, first_mono_ns=0, sender="proxy", kind="incident", op="rejected")
    metadata = Metadata(clocks=Clocks(wall_ns=0, mono_ns=0), notes={RECOGNISED: 2})
    found = [
        row for batch in understood([widen(sparse_batch([early, incident]))], metadata) for row in events_of(batch)
    ]
    assert [(row.seq, row.part, row.op) for row in found] == [(1, 0, "count"), (1, 5, "rejected")]
