"""Secrets of a replay: from this run's answers, from the environment, from a file; and never in its capture."""

from __future__ import annotations

import io
import json
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from cli.recorder import Recorder
from cli.story import run
from click.testing import Result
from websockets.sync.server import ServerConnection, serve

import wsreplay
from wsreplay.cli.run import _asked_for
from wsreplay.replay.performance import Plan, script_of

BOT = """
import json, sys
from websockets.sync.client import connect
KEY = "recorded-key-4711"
HEADERS = {"X-Passphrase": "recorded pass 42"}
with connect(sys.argv[1] + "?apiKey=" + KEY, additional_headers=HEADERS, proxy=None) as line:
    line.send(json.dumps({"op": "login", "id": 1, "apiKey": KEY}))
    token = json.loads(line.recv())["accessToken"]
    line.send(json.dumps({"op": "order", "id": 2, "accessToken": token, "qty": "1.50"}))
    line.recv()
"""


class Venue(NamedTuple):
    """Hands out a new token on each line, and remembers what it was shown."""

    url: str
    seen: list[dict[str, str]]
    issued: list[str]


@pytest.fixture
def venue() -> Iterator[Venue]:
    seen: list[dict[str, str]] = []
    issued: list[str] = []

    def answer(line: ServerConnection) -> None:
        assert line.request is not None
        found = {"url": parse_qs(urlsplit(line.request.path).query)["apiKey"][0]}
        found["header"] = line.request.headers["X-Passphrase"]
        seen.append(found)
        token = f'tok"{secrets.token_hex(12)}'
        issued.append(token)
        for message in line:
            said = json.loads(message)
            found |= {"login": said["apiKey"]} if said["op"] == "login" else {"token": said["accessToken"]}
            reply = {"id": said["id"], "op": said["op"]}
            line.send(json.dumps(reply | ({"accessToken": token} if said["op"] == "login" else {})))

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Venue(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws", seen, issued)
        server.shutdown()
        thread.join()


@pytest.fixture
def login(tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    base = venue.url.removesuffix("/ws")
    bot = [sys.executable, "-P", "-c", BOT, "{url}/ws"]
    with Recorder(tmp_path / "recorded", "--to", base, "--", *bot) as recorder:
        code, capture = recorder.end(None)
    assert code == 0
    assert b"recorded-key" not in capture.path.read_bytes()
    return capture.path


def replay(login: Path, venue: Venue, tmp_path: Path, *more: str | Path, **environment: str) -> Result:
    to = venue.url.removesuffix("/ws")
    arguments: list[str | Path] = ["run", login, "--to", to, "--speed", "max", "--out", tmp_path / "replays", *more]
    done = run(*arguments, **environment)
    assert done.exit_code == 0, done.output
    return done


def test_what_an_answer_gave_is_threaded_and_what_was_given_is_sent_and_neither_is_kept(
    login: Path, venue: Venue, tmp_path: Path
) -> None:
    given = {"WSREPLAY_SECRET_APIKEY": "planted-key-0815", "WSREPLAY_SECRET_X_PASSPHRASE": "planted pass 43"}
    done = replay(login, venue, tmp_path, **given)
    assert done.stderr == ""
    _, live = venue.seen
    token = venue.issued[1]
    assert live == {"url": "planted-key-0815", "login": "planted-key-0815", "header": "planted pass 43", "token": token}
    path = done.stdout.splitlines()[-1].removeprefix("capture ")
    with wsreplay.open(path) as capture:
        text = "\n".join(event.text or "" for event in capture.events())
        login_again = next(event.text for event in capture.events() if event.kind == "text")
    assert "redacted-" in text
    for planted in ("planted", token, token.split('"')[1]):
        assert planted not in text
    with wsreplay.open(login) as recorded:
        first = next(event.text for event in recorded.events() if event.kind == "text")
    assert login_again == first, "the given key goes by the token that the recorded one has"


def test_a_file_gives_secrets_and_beats_the_environment(login: Path, venue: Venue, tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('apiKey = "from file 0815"\n"x-passphrase" = "pass 43"\n')
    file.chmod(0o600)
    replay(login, venue, tmp_path, "--secrets", file, WSREPLAY_SECRET_APIKEY="from the environment")
    assert (venue.seen[1]["login"], venue.seen[1]["header"]) == ("from file 0815", "pass 43")


def test_what_is_missing_is_said_and_goes_as_it_was_recorded(login: Path, venue: Venue, tmp_path: Path) -> None:
    done = replay(login, venue, tmp_path)
    (line,) = done.stderr.splitlines()
    assert "apiKey, X-Passphrase" in line
    assert "WSREPLAY_SECRET_APIKEY, WSREPLAY_SECRET_X_PASSPHRASE" in line
    assert venue.seen[1]["login"].startswith("redacted-key-")
    assert venue.seen[1]["token"] == venue.issued[1], "what the answer gave is known all the same"


def test_a_file_that_others_can_read_is_refused(login: Path, venue: Venue, tmp_path: Path) -> None:
    file = tmp_path / "open"
    file.write_text("apiKey=planted")
    file.chmod(0o644)
    done = run("run", login, "--to", venue.url, "--secrets", file)
    assert done.exit_code == 2
    assert "chmod 600" in done.stderr
    assert "planted" not in done.output
    assert len(venue.seen) == 1


def test_on_a_terminal_a_missing_secret_is_asked_for_without_an_echo(
    login: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, default: str, *, hide_input: bool, **_: object) -> str:
        asked.append((text, hide_input))
        return "typed" if text.startswith("apiKey") else default

    monkeypatch.setattr("wsreplay.cli.run.click.prompt", prompt)
    monkeypatch.setattr("wsreplay.cli.run.sys.stdin", Terminal())
    monkeypatch.setattr("wsreplay.cli.run.sys.stderr", Terminal())
    with wsreplay.open(login) as capture:
        script = script_of(capture, Plan())
    assert _asked_for(script, {}) == {"apiKey": "typed"}, "an empty answer leaves it as it was recorded"
    assert asked == [(f"{name} (hidden; empty: as recorded)", True) for name in ("apiKey", "X-Passphrase")]
    asked.clear()
    assert _asked_for(script, {"APIKEY": "a", "x_passphrase": "b"}) == {}
    assert asked == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
