"""What a report holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from captures.recorded import capture, event
from cli.story import handshake

from wsreplay.analysis.database import Database
from wsreplay.analysis.report import contents, write_report
from wsreplay.analysis.report.contents import Contents, contents_of
from wsreplay.captures.capture import Capture

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))
MS = 1_000_000


def held(path: Path) -> Contents:
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        return contents_of(opened, database)


def incident(kind: str, **said: Any) -> dict[str, Any]:
    text = msgspec.json.encode({"summary": f"a {kind}", "evidence": [1, 4], **said}).decode()
    return {"kind": "incident", "sender": "proxy", "op": kind, "status": "proven", "text": text, "conn": 1}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return capture(
        tmp_path,
        event(1, kind="open", sender="client", conn=1, text=handshake()),
        event(2, conn=1, sender="client", role="request", op="buy", intent="x", symbol="AB", side="buy", qty="1"),
        event(3, conn=1, kind="fault", sender="proxy", text='{"fault":"drop rst"}'),
        event(4, conn=1, kind="end", text=None, ended_by="rst"),
        event(4, 1, conn=1, of_seq=2, outcome="unknown", resolved_by="end-of-connection"),
        event(4, 2, **incident("lost-response", advice="Look first.")),
        event(4, 3, **incident("disconnect")),
        event(9, kind="gap", sender="proxy", text='{"reason":"full","records":3}'),
    )


def test_the_story_is_told_in_order_and_each_end_once(session: Path) -> None:
    told = held(session).story
    assert [(line.seq, line.tone) for line in told] == [(1, "plain"), (3, "odd"), (4, "bad"), (4, "bad"), (9, "odd")]
    assert told[1].text == "The fault plan struck: drop rst."
    assert {line.text.partition(" ")[0] for line in told[2:4]} == {"lost-response:", "On"}
    assert told[4].text == "Here the recording has a gap (full)."


def test_events_requests_orders_and_incidents_are_there(session: Path) -> None:
    found = held(session)
    assert found.duration == 8 * MS
    assert [sum(found.seq[: at + 1]) for at in range(len(found.seq))] == [1, 2, 3, 4]
    assert [sum(found.at[: at + 1]) for at in range(len(found.at))] == [0, MS, 2 * MS, 3 * MS]
    (request,) = found.requests
    assert (request[0], request[3], request[5], request[6]) == (2, None, "unknown", "AB buy 1")
    assert [order[9] for order in found.orders] == ["unknown"]
    assert [(each["kind"], each["evidence"], each["advice"]) for each in found.incidents] == [
        ("lost-response", [1, 4], "Look first."),
        ("disconnect", [1, 4], None),
    ]
    assert set(found.payloads) == {1, 2, 4}


def test_too_many_events_become_a_density_and_what_went_wrong_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_EVENTS", 20)
    monkeypatch.setattr(contents, "MOST_REQUESTS", 3)
    rows = [event(seq, conn=1, role="push") for seq in range(1, 101)]
    for seq in range(101, 161, 2):
        rows += [
            event(seq, conn=1, sender="client", role="request", op="buy"),
            event(seq + 1, conn=1, role="reply", reply_to=seq, latency_ns=seq),
            event(seq + 1, 1, conn=1, of_seq=seq, outcome="rejected" if seq == 111 else "ok", resolved_by="reply"),
        ]
    found = held(capture(tmp_path, *rows))
    assert 0 < len(found.at) <= 20
    assert sum(each["n"] for each in found.density) == 130, "all that the venue said"
    assert [request[0] for request in found.requests] == [111, 159, 157]
    assert found.requests_left_out == 27


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_samples_report_is_small_and_names_nothing_of_the_network(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "it.html"
    with Capture.open(sample) as opened:
        assert write_report(opened, out) == out.stat().st_size < 100_000
    page = out.read_text()
    assert "http://" not in page
    assert "https://" not in page


def test_an_empty_capture_has_a_report(tmp_path: Path) -> None:
    assert held(capture(tmp_path)).events == 0


def test_a_line_that_never_came_up_was_refused_by_nobody(tmp_path: Path) -> None:
    path = capture(
        tmp_path, event(1, kind="open", sender="client", conn=1, text=handshake(status=0, error="connection refused"))
    )
    (line,) = held(path).story
    assert line.text.endswith("never came up: connection refused.")


def test_however_many_rest_exchanges_have_one_density(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_EVENTS", 20)
    monkeypatch.setattr(contents, "BINS", 5)
    rows = []
    for conn in range(1, 101):
        rows += [
            event(2 * conn, kind="http_request", sender="client", conn=conn, role="request", text="{}"),
            event(2 * conn + 1, kind="http_response", conn=conn, role="reply", text="{}"),
        ]
    density = held(capture(tmp_path, *rows)).density
    assert len(density) <= 5
    assert {each["conn"] for each in density} == {None}
    assert sum(each["n"] for each in density) == 100
