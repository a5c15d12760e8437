"""A small recording with something of everything, and the command line to look at it."""

from __future__ import annotations

from pathlib import Path

from captures.recorded import BEGAN, capture, event
from click.testing import CliRunner, Result

from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake, as_json
from wsreplay.cli.app import wsreplay

URL = "wss://ws.venue.example/v2"
HOSTILE = "ring \x07 clear \x1b[2J title \x1b]0;owned\x07 c1 \x9b31m turned \u202eredro unseen \u2063\ufe0f end"
"""What a payload can hold that a terminal would obey, or nobody would see."""
ORDER_ID = "12345678901234567890"


def run(*arguments: str | Path, **environment: str | None) -> Result:
    """The command's result; its exit code, standard output and standard error."""
    return CliRunner().invoke(wsreplay, list(map(str, arguments)), env=environment)


def refused(*arguments: str | Path) -> str:
    """What the command says of wrong use: one line, and nothing on standard output."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("wsreplay: ")
    return line.removeprefix("wsreplay: ")


def handshake(**said: object) -> str:
    """The text of an ``open`` row."""
    common = {"url": URL, "status": 101, "asked_mono_ns": BEGAN.mono_ns - 20_000_000}
    return as_json(Handshake(**(common | said))).decode()  # type: ignore[arg-type]


def story_rows() -> list[Event]:
    """A bot sends two orders; before the second is answered, the venue restarts. The bot's next socket is refused."""
    return [
        event(1, sender="client", kind="open", conn=1, text=handshake(), relay_ns=9),
        event(
            2,
            sender="client",
            conn=1,
            size=120,
            relay_ns=2_000,
            role="request",
            op="createOrder",
            key="7",
            symbol="BTC-PERP",
            side="buy",
            qty="0.5",
            price="64210.5",
            intent="ab",
            text='{"id":7,"op":"createOrder"}',
        ),
        event(
            3,
            conn=1,
            size=90,
            relay_ns=3_000,
            role="reply",
            op="createOrder",
            key="7",
            reply_to=2,
            latency_ns=12_345_678,
            order_id=ORDER_ID,
            status="resting",
            text='{"id":7,"ok":true}',
        ),
        event(3, 1, conn=1, of_seq=2, outcome="ok", resolved_by="reply", order_id=ORDER_ID),
        event(4, sender="client", conn=1, size=120, relay_ns=2_000, role="request", op="createOrder", key="8"),
        event(5, conn=1, size=80, relay_ns=1, text=HOSTILE),
        event(6, conn=1, kind="binary", text=None, data=bytes(range(200)), size=203, relay_ns=5),
        event(7, conn=1, size=10, text='{"late":true}'),
        event(8, conn=1, kind="close", text=None, close_code=1012, close_reason="restart", size=9, relay_ns=5),
        event(9, conn=1, kind="end", text=None, ended_by="rst"),
        event(9, 1, conn=1, of_seq=4, outcome="unknown", resolved_by="end-of-connection"),
        event(10, conn=1, kind="end", sender="client", text=None, ended_by="proxy"),
        event(
            11,
            sender="client",
            kind="open",
            conn=2,
            text=handshake(status=503, reason="Service Unavailable", body="busy"),
        ),
        event(12, sender="proxy", kind="gap", text='{"reason":"the hand-over was full","records":12,"bytes":4000}'),
        event(
            13,
            sender="client",
            kind="http_request",
            text='{"method":"GET","url":"https://api.venue.example/v2/orders","headers":[],"body":""}',
            size=0,
            role="request",
            op="openOrders",
        ),
        event(
            14,
            kind="http_response",
            text='{"status":200,"reason":"OK","headers":[],"body":"[{\\"id\\":1}]"}',
            size=10,
            role="reply",
            op="openOrders",
            reply_to=13,
            latency_ns=1_000_000_000,
        ),
        event(14, 1, of_seq=4, outcome="ok", resolved_by="rest", order_id="2"),
    ]


def story(folder: Path, **said: object) -> Path:
    """The story as a finished capture."""
    return capture(folder, *story_rows(), **{"venue": "venue"} | said)  # type: ignore[arg-type]
