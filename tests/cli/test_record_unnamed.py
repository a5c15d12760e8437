"""``wsreplay record`` without --venue: known by its host, else by its traffic."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.recorder import Recorder

from wsreplay.proxy.companion import Companion
from wsreplay.venues.registry import venue_at

NAIVE = [sys.executable, "-m", "wsreplay.demo.naive_bot", "{url}", "{url:rest}"]
SIMULATOR = [sys.executable, "-m", "wsreplay", "simulate", "reya"]


@pytest.fixture
def venue() -> Iterator[dict[str, str]]:
    with Companion(SIMULATOR, 2) as companion:
        yield companion.urls


def test_a_venue_that_nobody_named_is_recognised_from_its_first_order(tmp_path: Path, venue: dict[str, str]) -> None:
    with Recorder(tmp_path, "--to", venue[""], "--to", f"rest={venue['rest']}", "--", *NAIVE) as recorder:
        for name in ("", "rest"):
            recorder.url(name)
        code, capture = recorder.end(None)
    with capture:
        assert (code, capture.metadata.venue) == (0, "reya")
        rows = list(capture.events())
        assert {row.venue for row in rows if row.kind != "incident"} == {"reya"}, "also the rows before it"
        assert [row.op for row in rows if row.kind == "text" and row.role == "request"][:1] == ["createOrder"]
        assert all(row.signer for row in rows if row.op == "createOrder" and row.role == "request" and row.part == 0)


def test_who_asks_for_the_generic_dialect_gets_it(tmp_path: Path, venue: dict[str, str]) -> None:
    bot = [sys.executable, "-c", _ONE_ORDER, "{url}"]
    with Recorder(tmp_path, "--venue", "generic", "--to", venue[""], "--", *bot) as recorder:
        recorder.url()
        _, capture = recorder.end(None)
    with capture:
        assert capture.metadata.venue == "generic"


_ONE_ORDER = """
import sys
from websockets.sync.client import connect
with connect(sys.argv[1], proxy=None) as line:
    line.send('{"type":"cancelAll","id":"1","payload":{"accountId":1,"signature":"0x00","nonce":"1"}}')
    line.recv(10)
"""


@pytest.mark.parametrize(
    ("hosts", "venue"),
    [
        (["ws-exec.reya.xyz", "api.reya.xyz"], "reya"),
        (["ws-exec.reya.xyz", "127.0.0.1"], "reya"),
        (["127.0.0.1"], None),
        ([], None),
    ],
)
def test_a_host_tells_the_venue(hosts: list[str], venue: str | None) -> None:
    assert venue_at(hosts) == venue
