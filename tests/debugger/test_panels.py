"""What the panels say about the event at the cursor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import capture, event
from debugger.driving import SAMPLES, debugging

TWICE = SAMPLES / "reya-duplicate-order.parquet"
run = asyncio.run


def test_the_payload_is_pretty_and_loses_no_digit(tmp_path: Path) -> None:
    text = '{"id":18649986297275361281864998,"px":0.10000000000000000001,"e":1e5,"a":[1,{"b":null}],"a":2}'

    async def story() -> None:
        async with debugging(capture(tmp_path, event(1, text=text))) as driver:
            shown = driver.panel("payload")
            assert "".join(shown.split()) == text
            assert shown.count("\n") > 5

    run(story())


@pytest.mark.parametrize("text", ["plain words", "{broken", "[" * 5000, ""])
def test_a_payload_that_is_no_json_is_shown_as_it_is(tmp_path: Path, text: str) -> None:
    async def story() -> None:
        async with debugging(capture(tmp_path, event(1, text=text))) as driver:
            assert driver.panel("payload") == text[:2000]

    run(story())


def test_bytes_are_dumped(tmp_path: Path) -> None:
    async def story() -> None:
        row = event(1, kind="binary", text=None, data=bytes(range(60, 80)))
        async with debugging(capture(tmp_path, row)) as driver:
            assert driver.panel("payload").splitlines() == [
                "000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
                "000010  4c 4d 4e 4f                                      LMNO",
            ]

    run(story())


def test_a_payload_of_megabytes_is_cut_and_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        row = event(1, text="x" * 3_000_000)
        async with debugging(capture(tmp_path, row)) as driver:
            assert "2,800,000 more characters" in driver.panel("payload")

    run(story())


def test_a_rest_message_shows_its_body_and_its_headers() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=14) as driver:
            lines = driver.panel("payload").splitlines()
            assert lines[0] == "200 OK"
            assert '    "orderId": "1864998629727536128",' in lines
            assert any(line.lower().startswith("content-type: ") for line in lines)

    run(story())


def test_the_facts_stand_beside_it() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=8) as driver:
            facts = driver.panel("facts")
            assert "answers 6 after 1.74 ms" in facts
            assert "order_id         1864998629727536128" in facts
            assert ".1 createOrder: request 6: late, by undelivered-reply" in facts
            assert "! duplicate-order proven" in facts

    run(story())


def test_the_state_is_that_of_the_cursor_and_going_back_undoes_it() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=7) as driver:
            before = driver.panel("state")
            assert "In flight 1\n     6 createOrder 1.74 ms buy 0.050 WETHRUSD @ 2600.00" in before
            await driver.press("end")
            after = driver.panel("state")
            assert "In flight 0\nNever heard 1\n     6 createOrder late buy 0.050 WETHRUSD @ 2600.00" in after
            # Both orders, of which one was wanted.
            assert "Open orders 2" in after
            assert "1864998629727536128" in after
            assert "1864998629727537152" in after
            assert "c2  ended venue fin" in after
            await driver.press("g")
            await driver.type("7")
            assert driver.panel("state") == before

    run(story())


def test_in_a_small_terminal_the_state_takes_the_payloads_place_when_asked_for() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=7, size=(80, 24)) as driver:
            assert "In flight" not in driver.screen
            await driver.press("s")
            assert "In flight 1" in driver.screen
            await driver.press("s", "p")
            assert "In flight" not in driver.screen
            assert not driver.app.query_one("#below").display

    run(story())


def test_a_message_is_compared_with_its_counterpart_in_another_capture() -> None:
    async def story() -> None:
        careful = SAMPLES / "reya-careful.parquet"
        async with debugging(TWICE, seq=6, against=careful) as driver:
            facts = driver.panel("facts")
            assert "the other capture: 6" in facts
            assert "payload.signature" in facts
            assert "payload.symbol" not in facts
            await driver.press("g")
            await driver.type("11")
            assert "the other capture:" not in driver.panel("facts")  # the careful bot sent no third order

    run(story())


def test_nothing_that_a_stranger_wrote_reaches_the_terminal_as_it_is(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\u200b\r\x9b31m"
    text = json.dumps({"a": "x"}) + evil
    fields: dict[str, Any] = {
        "op": evil,
        "symbol": evil,
        "side": evil,
        "order_id": evil,
        "status": evil,
        "channel": evil,
        "key": evil,
    }
    summary = json.dumps({"summary": evil + "!", "certainty": "proven", "evidence": [1], "kind": "disconnect"})
    rows = [
        event(1, text=text, role="request", sender="client", conn=1, **fields),
        event(2, text=text, role="push", conn=1, **fields),
        event(2, 1, kind="incident", sender="proxy", op=evil, status="proven", text=summary),
        event(3, kind="close", close_code=1000, close_reason=evil, text=None, conn=1),
        event(4, kind="open", conn=2, text=json.dumps({"url": evil, "status": 101, "error": ""})),
        event(5, kind="http_response", text=json.dumps({"status": 200, "headers": [[evil, evil]], "body": evil})),
        event(6, kind="fault", sender="proxy", text=json.dumps({"fault": evil})),
    ]

    async def story() -> None:
        async with debugging(capture(tmp_path, *rows), size=(160, 50)) as driver:
            for key in ("home", "down", "down", "down", "down", "down", "o", "i", "escape"):
                await driver.press(key)
                shown = driver.screen
                assert not set(evil.replace("]", "").replace("[", "")) & set(shown) - set("0123;2Jm owned[]")
                assert "\\x1b" in shown or "\\u001b" in shown

    run(story())
