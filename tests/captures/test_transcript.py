"""The transcript: what the proxy saw, in its order, as rows."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import brotli  # type: ignore[import-untyped]
import msgspec
import pytest
from captures.traffic import DEFLATE, Compressing, cut, data, end, frame, handshake, over, text_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.event import Event
from wsreplay.captures.transcript import Transcript, TranscriptNotes
from wsreplay.captures.wire import Exchange, Loss, Record, What, as_json


def transcribe(*records: Record) -> list[Event]:
    transcript = Transcript()
    return [event for record in records for event in transcript.see(record)]


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.sender, event.kind) for event in events]


def json_of(event: Event) -> Any:
    assert event.text is not None
    return json.loads(event.text)


def exchange(**fields: Any) -> Record:
    body = Exchange(method="GET", url="https://venue.example/orders", asked_at_ns=10, asked_mono_ns=11)
    return Record(What.HTTP, True, 4, 20, 21, 9, as_json(msgspec.structs.replace(body, **fields)))


def loss(*legs: tuple[int, bool]) -> Record:
    body = Loss(records=3, bytes=999, from_mono_ns=2100, to_mono_ns=2200, legs=list(legs))
    return Record(What.LOST, False, 0, 10**18 + 2300, 2300, -1, as_json(body))


def test_a_connection_from_its_handshake_to_its_end() -> None:
    opened, asked, answered, bye, ended = transcribe(
        handshake(conn=3, mono_ns=1000),
        data(text_frame('{"id":1}', "client"), conn=3, sender="client", mono_ns=2000, relay_ns=12),
        data(text_frame('{"id":1,"ok":true}'), conn=3, mono_ns=2500, relay_ns=-1),
        data(frame(8, b"\x03\xf4restart"), conn=3, mono_ns=2600),
        end("fin", conn=3, sender="venue", mono_ns=2700),
        over(3),
    )

    assert [event.seq for event in (opened, asked, answered, bye, ended)] == [1, 2, 3, 4, 5]
    assert (opened.kind, opened.sender, opened.conn, json_of(opened)["status"]) == ("open", "client", 3, 101)
    assert (opened.first_mono_ns, opened.mono_ns) == (500, 1000)
    assert (asked.sender, asked.kind, asked.text, asked.relay_ns) == ("client", "text", '{"id":1}', 12)
    assert (asked.at_ns, asked.mono_ns, asked.frames, asked.compressed) == (10**18 + 2000, 2000, 1, False)
    assert (answered.sender, answered.text, answered.relay_ns) == ("venue", '{"id":1,"ok":true}', None)
    assert (bye.kind, bye.close_code, bye.close_reason, bye.data) == ("close", 1012, "restart", None)
    assert (ended.kind, ended.sender, ended.ended_by) == ("end", "venue", "fin")


def test_a_message_has_the_stamps_of_its_first_and_of_its_last_byte() -> None:
    wire = text_frame("slowly")
    _, event = transcribe(handshake(), data(wire[:3], mono_ns=2000), data(wire[3:], mono_ns=2900, relay_ns=44))
    assert (event.first_mono_ns, event.mono_ns, event.relay_ns) == (2000, 2900, 44)
    assert event.size == len(wire)


def test_bytes_that_are_no_text_stand_in_data() -> None:
    _, binary, ping, pong, broken, why = transcribe(
        handshake(),
        data(frame(2, b"\x00\xff")),
        data(frame(9, b"")),
        data(frame(10, b"beat")),
        data(frame(1, b"\xff not UTF-8")),
    )
    assert (binary.kind, binary.data, binary.text) == ("binary", b"\x00\xff", None)
    assert (ping.kind, ping.data) == ("ping", b"")
    assert (pong.kind, pong.data) == ("pong", b"beat")
    assert (broken.kind, broken.text, broken.data) == ("text", None, b"\xff not UTF-8")
    assert (why.seq, why.part, why.kind, why.op) == (broken.seq, 1, "fact", "malformed")
    assert why.error_code is not None
    assert "UTF-8" in why.error_code


def test_each_problem_of_a_message_is_a_fact_with_its_address() -> None:
    _, message, *facts = transcribe(handshake(), data(frame(8, b"\x03\xed", sender="venue"), sender="client"))
    assert message.data == b"\x03\xed"
    assert [(fact.seq, fact.part) for fact in facts] == [(message.seq, 1), (message.seq, 2)]
    assert {"client frame without a mask", "close code 1005, which may not be sent"} == {f.error_code for f in facts}


def test_compression_that_was_agreed_to_is_undone_in_both_directions() -> None:
    bot, venue = Compressing("client"), Compressing("venue")
    _, asked, answered = transcribe(
        handshake(extensions=DEFLATE),
        data(bot.frame(b"same words"), sender="client"),
        data(venue.frame(b"same words")),
    )
    assert (asked.text, asked.compressed) == ("same words", True)
    assert (answered.text, answered.compressed) == ("same words", True)


def test_a_leg_that_ends_inside_a_frame_leaves_its_bytes() -> None:
    events = transcribe(handshake(), data(text_frame("cut off")[:5]), end("rst"), end("proxy", sender="client"), over())
    assert kinds(events) == [
        ("client", "open"),
        ("venue", "raw"),
        ("venue", "fact"),
        ("venue", "end"),
        ("client", "end"),
    ]
    raw, ended, passed_on = events[1], events[3], events[4]
    assert raw.data == text_frame("cut off")[:5]
    assert (ended.ended_by, passed_on.ended_by) == ("rst", "proxy")


def test_a_refused_handshake_opens_nothing_and_is_on_record() -> None:
    (refused,) = transcribe(handshake(status=403))
    assert json_of(refused)["status"] == 403


def test_after_both_ends_a_number_begins_anew() -> None:
    events = transcribe(handshake(), data(text_frame("half")[:3]), over(), handshake(), data(text_frame("whole")))
    assert [event.kind for event in events] == ["open", "raw", "fact", "open", "text"]


def test_records_of_a_connection_that_was_never_announced_are_read_all_the_same() -> None:
    events = transcribe(
        data(b' of a message"}' + text_frame("on"), conn=9),
        data(text_frame("and on", "client"), conn=9, sender="client"),
        end("fin", conn=9),
        over(9),
        end("fin", conn=10),
        over(11),
    )
    assert kinds(events) == [
        ("venue", "raw"),
        ("venue", "text"),
        ("client", "text"),
        ("venue", "end"),
        ("venue", "end"),
    ]


def test_a_disturbance_and_the_finish_are_on_record() -> None:
    transcript = Transcript()
    (fault,) = transcript.see(Record(What.FAULT, True, 2, 5, 6, -1, b'{"fault":"drop"}'))
    assert (fault.kind, fault.sender, fault.conn, fault.text) == ("fault", "proxy", 2, '{"fault":"drop"}')
    transcript.see(handshake())
    transcript.see(data(text_frame("unfinished")[:4]))
    left = transcript.see(Record(What.FINISH, False, 0, 7, 8, -1, b'{"why":"SIGINT"}'))
    assert [event.kind for event in left] == ["raw", "fact"]
    assert transcript.finished == '{"why":"SIGINT"}'


def test_a_gap_says_what_is_missing_and_only_the_legs_concerned_lose_their_step() -> None:
    compressing = Compressing()
    transcript = Transcript()
    whole = text_frame("a message that is whole")
    for record in (
        handshake(1, DEFLATE),
        handshake(2),
        data(compressing.frame(b"seen before the gap"), conn=1),
        data(text_frame("begun")[:4], conn=2),
        data(text_frame("begun", "client")[:4], conn=2, sender="client"),
    ):
        transcript.see(record)

    gap, raw = transcript.see(loss((2, True)))
    assert json_of(gap) == {
        "reason": "the hand-over was full",
        "records": 3,
        "bytes": 999,
        "from_mono_ns": 2100,
        "to_mono_ns": 2200,
        "connections": [2],
    }
    assert (gap.kind, gap.sender, gap.first_mono_ns, gap.mono_ns) == ("gap", "proxy", 2100, 2300)
    assert (raw.kind, raw.sender, raw.data) == ("raw", "venue", text_frame("begun")[:4])

    (untouched,) = transcript.see(data(compressing.frame(b"seen before the gap, again"), conn=1))
    (goes_on,) = transcript.see(data(text_frame("begun", "client")[4:], conn=2, sender="client"))
    found = transcript.see(data(b"un" + whole, conn=2))
    assert (untouched.text, goes_on.text) == ("seen before the gap, again", "begun")
    assert [(event.kind, event.text) for event in found] == [("raw", None), ("text", "a message that is whole")]


def test_a_gap_that_may_concern_anyone_puts_all_out_of_step() -> None:
    transcript = Transcript()
    transcript.see(handshake(1))
    transcript.see(data(text_frame("begun")[:4], conn=1))
    gap, raw = transcript.see(loss())
    assert json_of(gap)["connections"] == [1]
    assert raw.kind == "raw"


def test_an_exchange_is_two_rows_each_with_its_own_time() -> None:
    asked, answered = transcribe(
        exchange(
            method="POST",
            upstream="rest",
            request=[("Content-Type", "application/json")],
            request_body=b'{"qty":"1"}',
            status=200,
            reason="OK",
            response=[("X-Request-Id", "7")],
            response_body=b'{"ok":true}',
        )
    )
    assert (asked.kind, asked.sender, asked.conn, asked.at_ns, asked.mono_ns) == ("http_request", "client", 4, 10, 11)
    assert json_of(asked) == {
        "method": "POST",
        "url": "https://venue.example/orders",
        "upstream": "rest",
        "headers": [["Content-Type", "application/json"]],
        "body": '{"qty":"1"}',
    }
    assert (answered.kind, answered.sender, answered.at_ns, answered.relay_ns) == ("http_response", "venue", 20, 9)
    assert json_of(answered) == {
        "status": 200,
        "reason": "OK",
        "headers": [["X-Request-Id", "7"]],
        "body": '{"ok":true}',
    }


def asked(**fields: Any) -> Record:
    body = Exchange(method="POST", url="https://venue.example/orders", asked_at_ns=10, asked_mono_ns=11)
    return Record(What.ASKED, False, 4, 14, 15, -1, as_json(msgspec.structs.replace(body, **fields)))


def test_a_request_stands_where_it_was_read_and_its_answer_where_that_was() -> None:
    request = asked(upstream="rest", request=[("X-Key", "1")], request_body=b'{"qty":"1"}', cut=True)
    pushed = data(text_frame('{"order":7}'))
    answer = exchange(status=200, response_body=b"{}", asked_before=True)
    row, _, push, response = transcribe(request, handshake(1), pushed, answer)
    assert [row.seq, push.seq, response.seq] == [1, 3, 4]
    assert (row.kind, row.sender, row.conn, row.relay_ns) == ("http_request", "client", 4, None)
    assert (row.at_ns, row.mono_ns, row.first_mono_ns, row.size) == (14, 15, 11, 11)
    assert json_of(row) == {
        "method": "POST",
        "url": "https://venue.example/orders",
        "upstream": "rest",
        "headers": [["X-Key", "1"]],
        "body": '{"qty":"1"}',
        "cut": True,
    }
    assert (response.kind, response.mono_ns) == ("http_response", 21)
    assert json_of(response) == {"status": 200, "reason": "", "headers": [], "body": "{}"}


def test_what_is_told_of_a_request_once_is_not_told_again_whoever_reads_the_rest() -> None:
    transcript = Transcript()
    [row] = transcript.see(asked())
    successor = Transcript.resume(transcript.notes())
    [response] = successor.see(exchange(error="gone", asked_before=True))
    assert (row.kind, row.seq) == ("http_request", 1)
    assert (response.kind, response.seq) == ("http_response", 2)
    assert json_of(response)["error"] == "gone"


def test_the_answer_of_a_request_leaves_out_what_the_request_said() -> None:
    whole = Exchange(method="GET", url="https://venue.example", request=[("A", "b")], request_body=b"c", status=200)
    assert whole.without_request() == Exchange(method="GET", url="https://venue.example", status=200, asked_before=True)


def test_a_request_that_was_never_answered_has_no_response_but_an_error_is_one() -> None:
    assert [event.kind for event in transcribe(exchange())] == ["http_request"]
    _, failed = transcribe(exchange(error="connection refused"))
    assert json_of(failed)["error"] == "connection refused"
    assert "status" not in json_of(failed)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b'{"orders":[]}')),
        ("deflate", zlib.compress(b'{"orders":[]}')),
        ("deflate", zlib.compress(b'{"orders":[]}', wbits=-15)),
        ("br", brotli.compress(b'{"orders":[]}')),
        ("gzip, br", brotli.compress(gzip.compress(b'{"orders":[]}'))),
        ("identity", b'{"orders":[]}'),
    ],
)
def test_a_packed_body_is_kept_unpacked(coding: str, packed: bytes) -> None:
    _, answered = transcribe(exchange(status=200, response=[("Content-Encoding", coding)], response_body=packed))
    assert json_of(answered)["body"] == '{"orders":[]}'
    assert answered.size == len(packed)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(17 << 20))),
        ("br", brotli.compress(bytes(17 << 20), quality=3)),
        ("br", brotli.compress(bytes(80 << 20), quality=3)),
        ("gzip", gzip.compress(b'{"orders":[]}')[:-9]),
        ("gzip", b"\xff\x8b never was"),
        ("deflate", b"\xff never was"),
        ("br", b"\xff never was"),
        ("snappy", b"\xff unheard of"),
    ],
    ids=[
        "gzip bomb",
        "brotli bomb",
        "larger brotli bomb",
        "cut short",
        "no gzip",
        "no deflate",
        "no brotli",
        "unknown",
    ],
)
def test_a_body_that_can_t_be_unpacked_stays_as_it_was(coding: str, packed: bytes) -> None:
    _, answered = transcribe(exchange(status=200, response=[("Content-Encoding", coding)], response_body=packed))
    assert answered.data == packed
    assert "body" not in json_of(answered)


def test_of_a_body_that_was_cut_what_there_is_can_be_read() -> None:
    packed = gzip.compress(json.dumps(list(range(5000))).encode())[:2000]
    _, answered = transcribe(
        exchange(status=200, response=[("Content-Encoding", "gzip")], response_body=packed, cut=True)
    )
    assert json_of(answered)["body"].startswith("[0, 1, 2")
    assert json_of(answered)["cut"] is True


@settings(deadline=None)
@given(st.data())
def test_a_successor_writes_on_what_the_first_would_have_written(choice: st.DataObject) -> None:
    venue, bot = Compressing(), Compressing("client")
    streams = {
        "venue": b"".join(venue.frame(b"tick %d" % n) + frame(9) for n in range(6)),
        "client": b"".join(bot.frame(b"order %d" % n) + frame(0, b"stray", sender="client") for n in range(4)),
    }
    records = [handshake(extensions=DEFLATE)]
    for sender, stream in streams.items():
        places = choice.draw(st.lists(st.integers(0, len(stream)), max_size=8))
        records += [data(chunk, sender=sender) for chunk in cut(stream, places)]
    records[1:] = choice.draw(st.permutations(records[1:])) if choice.draw(st.booleans()) else records[1:]
    records += [loss((1, True))] if choice.draw(st.booleans()) else []
    records += [data(text_frame("at last")), end(), over()]
    killed = choice.draw(st.sets(st.integers(0, len(records))))

    transcript = Transcript()
    events: list[Event] = []
    for at, record in enumerate(records):
        if at in killed:
            notes = msgspec.msgpack.encode(transcript.notes())
            transcript = Transcript.resume(msgspec.msgpack.decode(notes, type=TranscriptNotes))
        events += transcript.see(record)
    expected = transcribe(*records)
    assert [without_wording(event) for event in events] == [without_wording(event) for event in expected]


def without_wording(event: Event) -> Event:
    """Why something can't be inflated is worded by what the parser remembers of earlier trouble."""
    if event.error_code and "compressed data" in event.error_code:
        event.error_code = "not inflated"
    return event
