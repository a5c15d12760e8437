"""The four disconnects, on either side, through the real recorder: what they were, and who was first."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from cli.recorder import Recorder
from proxy.line import ANSWER, REQUEST

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

HOWS = ("rst", "fin", "close 1012", "close without a code")
WAYS = [(how, first) for how in HOWS for first in ("client", "venue")]
FRAMES = {"close 1012": b"\x88\x02\x03\xf4", "close without a code": b"\x88\x00"}


def end(side: socket.socket, how: str, masked: bool) -> None:
    """End a line as ``how`` says."""
    if how in FRAMES:
        frame = FRAMES[how]
        side.sendall(frame if not masked else bytes([frame[0], frame[1] | 0x80, 0, 0, 0, 0]) + frame[2:])
    if how == "rst":
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.close()


def hears(side: socket.socket) -> str:
    """What the other side of a line meets: bytes, and how it ends."""
    heard = b""
    side.settimeout(10)
    try:
        while data := side.recv(4096):
            heard += data
    except ConnectionResetError:
        return "rst"
    finally:
        side.close()
    return "fin" if not heard else heard.hex()


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Capture, list[str]]]:
    """One recording in which every way to end was taken, in order; and what the other side met each time."""
    met = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        to = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        with Recorder(tmp_path_factory.mktemp("out"), "--to", to, "--read-on", "0") as recorder:
            port = int(recorder.url().rpartition(":")[2])
            for how, first in WAYS:
                bot = socket.create_connection(("127.0.0.1", port))
                bot.sendall(REQUEST)
                venue, _ = listener.accept()
                while not venue.recv(4096).endswith(b"\r\n\r\n"):
                    pass
                venue.sendall(ANSWER)
                bot.settimeout(10)
                assert bot.recv(len(ANSWER), socket.MSG_WAITALL) == ANSWER
                one, two = (bot, venue) if first == "client" else (venue, bot)
                meeting = threading.Thread(target=lambda side=two: met.append(hears(side)))
                meeting.start()
                end(one, how, masked=first == "client")
                meeting.join(15)
            _, capture = recorder.end()
    with capture:
        yield capture, met


def rows_of(capture: Capture, conn: int, *kinds: str) -> list[Event]:
    return [e for e in capture.events() if e.conn == conn and e.kind in kinds]


@pytest.mark.parametrize(("how", "first"), WAYS)
def test_an_end_is_recorded_as_what_it_was(ended: tuple[Capture, list[str]], how: str, first: str) -> None:
    capture, met = ended
    number = WAYS.index((how, first))
    conn = number + 1
    closes = [(e.sender, e.close_code) for e in rows_of(capture, conn, "close")]
    assert closes == ([(first, 1012 if how == "close 1012" else None)] if how in FRAMES else [])
    beginning, *_ = rows_of(capture, conn, "end")
    assert (beginning.sender, beginning.ended_by) == (first, "rst" if how == "rst" else "fin")
    if how in FRAMES:
        assert met[number].endswith(FRAMES[how][2:].hex())
        assert met[number].startswith("88")
    else:
        assert met[number] == how
