"""Connections whose sockets stay with mitmproxy, and those that mitmproxy might end: each is over once, as itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from proxy.line import HELLO, line, run

from wsreplay.captures.wire import What


def test_a_stop_ends_a_connection_that_was_left_to_mitmproxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsreplay.proxy.tap.PATIENCE", 0)

    async def scene() -> None:
        async with line(tmp_path) as made:
            await made.venue.send(HELLO)
            await made.bot.hears(len(HELLO))
            tap = made.proxy.tap
            await made.proxy.stop(patience=1)
            assert len(await made.recorded(What.OVER)) == 1
            assert {note.conn for note in made.notes} == {1}
            assert not any((tap._conns, tap._legs, tap._sessions, tap._upgraded, tap._by_hook))

    run(scene())


def test_mitmproxys_patience_with_silence_does_not_end_a_relayed_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsreplay.proxy.master.FOR_EVER", 1)

    async def scene() -> None:
        async with line(tmp_path) as made:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                await made.venue.send(HELLO)
                assert await made.bot.hears(len(HELLO)) == HELLO
                await asyncio.sleep(0.05)

    run(scene())
