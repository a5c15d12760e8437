"""Every command over a capture in which every text is hostile: nothing of it reaches the terminal as a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import capture, event
from cli.story import HOSTILE, handshake, run

from wsreplay.cli.app import wsreplay
from wsreplay.cli.lazy_group import LazyGroup

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys, but for the end of a line and a tab."""
COMMANDS: list[tuple[str, ...]] = [
    ("show", "CAPTURE"),
    ("show", "CAPTURE", "--full"),
    ("show", "CAPTURE", "--format", "json"),
    ("show", "CAPTURE", "--where", f"op = '{HOSTILE}'"),
    ("ls", "FOLDER"),
    ("ls", "FOLDER", "--format", "json"),
    ("sql", "CAPTURE", "SELECT * FROM events"),
    ("sql", "CAPTURE", "SELECT * FROM events", "--format", "json"),
    ("sql", "CAPTURE", "SELECT * FROM requests"),
    ("sql", "CAPTURE", "SELECT * FROM connections"),
    ("sql", "CAPTURE", f"SELECT '{HOSTILE}' AS \"{HOSTILE}\""),
    ("sql", "CAPTURE", f"SELECT {HOSTILE}"),
    ("incidents", "CAPTURE"),
    ("incidents", "CAPTURE", "--format", "json"),
    ("latency", "CAPTURE"),
    ("latency", "CAPTURE", "--by", "op,symbol"),
    ("leaks", "CAPTURE"),
    ("leaks", "CAPTURE", "--format", "json"),
    ("verify", "CAPTURE"),
    ("decode", "CAPTURE"),
    ("recover", "FOLDER"),
    ("report", "CAPTURE", "-o", "REPORT"),
    ("export", "CAPTURE", "--to", "jsonl", "-o", "EXPORT"),
    ("run", "CAPTURE", "--to", "ws://127.0.0.1:9"),
    ("import", "FOREIGN"),
    ("diff", "CAPTURE", "CAPTURE"),
]
WRITES_NO_PAYLOAD = {"record", "simulate", "demo", "venues", "serve"}
"""They print what is theirs (addresses, the demo's own story), or need a bot, whose output goes to standard error."""

SCREENS = {"debug", "ui"}
"""They draw cells or a page, and have tests of their own."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    texts: dict[str, Any] = dict.fromkeys(
        ("op", "key", "channel", "symbol", "account", "order_id", "client_order_id", "status", "error_code"), HOSTILE
    )
    secret = json.dumps({"apiKey": f"{HOSTILE}0123456789abcdef", HOSTILE: HOSTILE}, ensure_ascii=False)
    opened = handshake(url=f"wss://v.example/{HOSTILE}", reason=HOSTILE, body=HOSTILE)
    refused = handshake(url="wss://v.example/x", status=500, reason=HOSTILE, body=HOSTILE, error=HOSTILE)
    rest = json.dumps({"method": HOSTILE, "url": HOSTILE, "headers": [[HOSTILE, HOSTILE]], "body": HOSTILE})
    capture(
        folder,
        event(1, sender="client", kind="open", conn=1, text=opened),
        event(2, sender="client", conn=1, text=secret, role="request", **texts),
        event(3, conn=1, text=HOSTILE, role="error", reply_to=2, latency_ns=5, **texts),
        event(3, 1, conn=1, of_seq=2, outcome="rejected", resolved_by="reply", **texts),
        event(4, conn=1, kind="binary", text=None, data=HOSTILE.encode()),
        event(5, conn=1, kind="close", text=None, close_code=4000, close_reason=HOSTILE),
        event(6, conn=1, kind="end", text=None, ended_by="rst"),
        event(7, sender="client", kind="open", conn=2, text=refused),
        event(8, sender="client", kind="http_request", text=rest),
        event(9, sender="proxy", kind="gap", text=json.dumps({"reason": HOSTILE, "records": 1})),
        event(10, sender="proxy", kind="fault", text=json.dumps({"fault": HOSTILE})),
        venue="generic",
        notes={HOSTILE: HOSTILE},
        upstreams={HOSTILE: HOSTILE},
    )
    foreign = {"at": 1.5, "direction": HOSTILE, "payload": HOSTILE}
    (folder / "foreign.jsonl").write_text(json.dumps(foreign, ensure_ascii=False))
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:1]))
def test_nothing_that_a_venue_said_is_obeyed(command: tuple[str, ...], hostile: Path, tmp_path: Path) -> None:
    [path] = hostile.glob("*.parquet")
    places = {
        "CAPTURE": path,
        "FOLDER": hostile,
        "REPORT": tmp_path / "report.html",
        "EXPORT": tmp_path / "export.jsonl",
        "FOREIGN": hostile / "foreign.jsonl",
    }
    if command[0] == "decode":
        places["CAPTURE"] = tmp_path / path.name
        places["CAPTURE"].write_bytes(path.read_bytes())
    result = run(*(places.get(word, word) for word in command), COLUMNS="100")
    assert result.exit_code in (0, 1, 2), result.exception
    assert result.stdout or result.stderr or command[0] in ("decode", "recover")
    for said in (result.stdout, result.stderr):
        assert not CONTROL.search(said), repr(CONTROL.search(said))


def test_every_command_was_looked_at() -> None:
    assert isinstance(wsreplay, LazyGroup)
    names = set(wsreplay.list_commands(None))  # type: ignore[arg-type]
    assert names - SCREENS == {command[0] for command in COMMANDS} | WRITES_NO_PAYLOAD
