"""Secrets planted wherever a session has room for them: none reaches a file, the stage, or what the recorder prints."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cli.recorder import Recorder
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

import wsreplay


class Planted(dict[str, str]):
    """A secret for each place, made when it is first asked for."""

    def __missing__(self, place: str) -> str:
        self[place] = value = f"S3cr{os.urandom(16).hex()}"
        return value


class Rest(BaseHTTPRequestHandler):
    """A venue's REST sibling that tells secrets in every part of its answers."""

    protocol_version = "HTTP/1.1"
    planted: Planted

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = {"data": [{"listenKey": self.planted["listen key in an answer"]}], "msg": "ok"}
        said["accessToken"] = self.planted["token in an answer"]
        body = json.dumps(said).encode()
        packed = "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(body) if packed else body
        self.send_response(HTTPStatus.OK)
        self.send_header("Set-Cookie", f"session={self.planted['cookie in an answer']}; Path=/; HttpOnly")
        self.send_header("X-Auth-Token", self.planted["header of an answer"])
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Be silent."""


@contextlib.contextmanager
def venue(planted: Planted) -> Iterator[tuple[str, str]]:
    """A socket that repeats what it hears as an error and in its close reason; and a REST sibling."""

    def answer(line: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for number, message in enumerate(line):
                line.send(message)
                line.send(json.dumps({"error": f"key {planted['query']} is none, nor {planted['authorization']}"}))
                line.ping(f"{number}:{planted['header']}")
                if isinstance(message, str) and "goodbye" in message:
                    line.close(4001, f"bad key {planted['field']}")

    def refuse(line: ServerConnection, request: Request) -> Response | None:
        if "/refused" in request.path:
            body = json.dumps({"code": -1, "apiKey": planted["refusal"], "echo": planted["query"]}).encode()
            return Response(403, "Forbidden", Headers(Content_Length=str(len(body)), X_Secret=planted["refusal"]), body)
        return None

    Rest.planted = planted
    rest = ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    with serve(answer, "127.0.0.1", 0, process_request=refuse) as sockets, rest:
        threads = [threading.Thread(target=each.serve_forever, daemon=True) for each in (sockets, rest)]
        for thread in threads:
            thread.start()
        try:
            yield f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}", f"http://127.0.0.1:{rest.server_port}"
        finally:
            sockets.shutdown()
            rest.shutdown()
            for thread in threads:
                thread.join()


def found_in(folder: Path, planted: Planted) -> set[tuple[str, str]]:
    """Which secrets stand in which files."""
    found = set()
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it may have become a capture since
            content = path.read_bytes() if path.is_file() else b""
            found |= {(path.name, place) for place, value in planted.items() if value.encode() in content}
    return found


def trade(url: str, rest: str, planted: Planted, compression: str | None) -> None:
    where, _, query = url.partition("?")
    headers = {
        "Authorization": f"Bearer {planted['authorization']}",
        "X-MBX-APIKEY": planted["header"],
        "Cookie": f"sid={planted['cookie']}; theme=dark",
    }
    path = f"{where}/{planted['path']}?{query}&apiKey={planted['query']}&symbol=BTC"
    with connect(path, proxy=None, additional_headers=headers, compression=compression) as bot:
        said: list[str | bytes] = [
            json.dumps({"op": "auth", "args": [planted["login"], 1700000000, planted["login signature"]]}),
            json.dumps({"a": [{"b": {"apiKey": planted["field"], "qty": "1.5"}}], "signature": planted["signature"]}),
            json.dumps({"body": json.dumps({"password": planted["json in json"]})}),
            json.dumps({"token": planted["binary"]}).encode(),
            gzip.compress(json.dumps({"secretKey": planted["packed"]}).encode()),
            f"log in with password={planted['words']} please",
            json.dumps({"bye": "goodbye", "why": f"{planted['field']} and {planted['authorization']}"}),
        ]
        with contextlib.suppress(ConnectionClosed):
            for message in said:
                bot.send(message)
                bot.recv()
            while True:
                bot.recv(timeout=10)
        assert bot.close_code == 4001
    with pytest.raises(InvalidStatus):
        connect(f"{where}/refused?apiKey={planted['query']}", proxy=None, compression=compression)
    place = urlsplit(rest)
    line = http.client.HTTPConnection(place.hostname or "", place.port or 0)
    for kind, body in (
        ("application/json", json.dumps({"order": {"privateKey": planted["body"]}})),
        ("application/x-www-form-urlencoded", f"symbol=BTC&signature={planted['form']}&api_key={planted['form key']}"),
    ):
        line.request(
            "POST",
            f"/orders?timestamp=1&signature={planted['signed query']}",
            body,
            {"Content-Type": kind, "X-API-KEY": planted["rest header"], "Accept-Encoding": "gzip" * (kind[-1] == "d")},
        )
        line.getresponse().read()
    line.close()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_no_planted_secret_is_in_any_file_at_any_time_nor_in_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str | None
) -> None:
    planted = Planted()
    out, config = tmp_path / "out", tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found: set[tuple[str, str]] = set()
    staged = 0
    with venue(planted) as (socket, rest):
        upstream = f"{socket}/ws?token={planted['token in our own arguments']}"
        with Recorder(out, "--to", upstream, "--to", f"rest={rest}", "--rotate", "20kB") as recorder:
            said_where = recorder.url()
            bot_url = re.sub(r"redacted-[\w-]+", planted["token in our own arguments"], said_where)
            rest_url = recorder.url("rest")
            over = threading.Event()

            def watch() -> None:
                nonlocal staged
                while not over.is_set():
                    found.update(found_in(tmp_path, planted))
                    staged = max([staged, *(path.stat().st_size for path in out.rglob("*.stage"))])
                    over.wait(0.02)

            watching = threading.Thread(target=watch, daemon=True)
            watching.start()
            try:
                for _ in range(3):
                    trade(bot_url, rest_url, planted, compression)
            finally:
                over.set()
                watching.join()
            recorder.process.terminate()
            printed, errors = recorder.process.communicate(timeout=60)
    found |= found_in(tmp_path, planted)
    assert staged > 0, "the stage was never looked at"
    assert len(planted) > 20
    assert found == set()
    for place, value in planted.items():
        assert value not in errors, place
        # Where to connect is told in full: a bot's URL has to work.
        assert value not in printed or place == "token in our own arguments", place
    path = printed.splitlines()[-1].removeprefix("capture ")
    with wsreplay.open(path) as capture:
        everything = repr([*capture.events(), capture.metadata])
    assert [place for place, value in planted.items() if value in everything] == []
    assert everything.count("redacted-") > 50
