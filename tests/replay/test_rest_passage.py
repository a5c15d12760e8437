"""REST through the replay's middle: on record before the venue hears of it, and once."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from wsreplay.captures.event import Event
from wsreplay.captures.transcript import Transcript
from wsreplay.captures.wire import Record, What
from wsreplay.replay.clock import SYSTEM
from wsreplay.replay.rest_passage import RestPassage
from wsreplay.replay.targets import Place


@pytest.mark.parametrize("room", [True, False], ids=["", "no room for the request"])
def test_a_request_is_on_record_before_the_venue_hears_of_it(room: bool) -> None:
    records: list[Record] = []
    at_the_venue: list[list[str]] = []

    def note(*record: Any) -> bool:
        if room or record[0] != What.ASKED:
            records.append(Record(*record))
            return True
        return False

    def rows() -> list[Event]:
        transcript = Transcript()
        return [event for record in records for event in transcript.see(record)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"order")
        at_the_venue.append([row.kind for row in rows()])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        writer.close()

    async def story() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            place = Place(secure=False, host="127.0.0.1", port=server.sockets[0].getsockname()[1], target="")
            passage = RestPassage(place, "rest", note, SYSTEM, lambda: 7)
            url = f"http://127.0.0.1:{await passage.start()}/orders"
            async with aiohttp.ClientSession() as bot, bot.post(url, data=b"order") as reply:
                assert await reply.text() == "[]"
            await passage.close()

    asyncio.run(story())
    assert at_the_venue == [["http_request"] if room else []]
    asked, answered = rows()
    assert (asked.kind, asked.conn, '"body":"order"' in (asked.text or "")) == ("http_request", 7, True)
    assert (answered.kind, answered.conn, '"status":200' in (answered.text or "")) == ("http_response", 7, True)
