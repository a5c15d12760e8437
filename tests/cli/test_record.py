"""``wsreplay record`` keeps its contract: lines, exit codes, signals, and one clear line for what is wrong."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cli.recorder import Recorder, echoing_venue
from websockets.sync.client import connect

import wsreplay
from wsreplay.captures.read_by import dialect_of

SECRET = "7h1s-k3y-must-n0t-be-wr1tten"


@pytest.fixture
def venue() -> Iterator[str]:
    with echoing_venue() as url:
        yield url


def refused(*arguments: str | Path) -> str:
    """What it says of wrong use: one line, exit code 2, and nothing on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "wsreplay", "record", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_cleanly(tmp_path: Path, venue: str, signum: int) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder, connect(recorder.url(), proxy=None) as bot:
        bot.send('{"id": 1, "op": "hello"}')
        assert bot.recv() == '{"id": 1, "op": "hello"}'
        code, capture = recorder.end(signum)
    assert code == 0
    texts = [e for e in capture.events() if e.kind == "text"]
    assert [(e.sender, e.text) for e in texts] == [("client", '{"id": 1, "op": "hello"}'), ("venue", texts[0].text)]
    assert texts[1].reply_to == texts[0].seq
    assert capture.metadata.ended is not None
    assert capture.path.parent == tmp_path
    assert not list(tmp_path.glob("*.live"))


def test_a_capture_is_for_its_owner_alone(tmp_path: Path, venue: str) -> None:
    out = tmp_path / "new"
    with Recorder(out, "--to", venue) as recorder:
        recorder.url()
        _, capture = recorder.end()
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert stat.S_IMODE(capture.path.stat().st_mode) == 0o600


def test_five_upstreams_have_five_listeners_in_one_process(tmp_path: Path, venue: str) -> None:
    names = ["", "md", "rest-1", "rest-2", "rest-3"]
    to = [a for name in names for a in ("--to", f"{name}={venue}" if name else venue)]
    with Recorder(tmp_path, *to) as recorder:
        urls = [recorder.url(name) for name in names]
        assert len(set(urls)) == len(names)
        for name, url in zip(names, urls, strict=True):
            with connect(url, proxy=None) as bot:
                bot.send(name)
                assert bot.recv() == name
        _, capture = recorder.end()
    opened = [json.loads(e.text or "") for e in capture.events() if e.kind == "open"]
    assert [o.get("upstream", "") for o in opened] == names
    assert [e.text for e in capture.events() if e.kind == "text" and e.sender == "client"] == names


@pytest.mark.parametrize("code", [0, 3])
def test_the_bots_exit_code_is_passed_on(tmp_path: Path, venue: str, code: int) -> None:
    bot = (
        "import os, sys; from websockets.sync.client import connect\n"
        "assert sys.argv[1] == os.environ['WSREPLAY_URL']\n"
        "with connect(sys.argv[1], proxy=None) as line: line.send('x'); line.recv(); print('traded')\n"
        f"sys.exit({code})"
    )
    with Recorder(tmp_path, "--to", venue, "--", sys.executable, "-c", bot, "{url}") as recorder:
        recorder.url()
        ended, capture = recorder.end(None)
    assert ended == code
    assert [e.text for e in capture.events() if e.kind == "text"] == ["x", "x"]


def test_secrets_never_reach_the_disk(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder:
        url = f"{recorder.url()}/?apiKey={SECRET}"
        with connect(url, proxy=None, additional_headers={"Authorization": f"Bearer {SECRET}"}) as bot:
            bot.send(json.dumps({"op": "auth", "token": SECRET, "n": 1}))
            bot.recv()
            bot.send(f"plain words with {SECRET} in them")
            bot.recv()
        _, capture = recorder.end()
    assert [e.kind for e in capture.events()].count("text") == 4
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in str([e.text for e in capture.events()])


def test_secrets_are_kept_where_the_user_says_so(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue, "--keep-secrets") as recorder, connect(recorder.url(), proxy=None) as bot:
        bot.send(json.dumps({"token": SECRET}))
        bot.recv()
        _, capture = recorder.end()
    assert capture.metadata.redaction == "kept"
    assert [e.text for e in capture.events() if e.kind == "text"] == [json.dumps({"token": SECRET})] * 2


def test_a_long_session_becomes_a_folder_of_segments(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue, "--rotate", "20kB") as recorder:
        with connect(recorder.url(), proxy=None, compression=None) as bot:
            for number in range(400):
                bot.send(json.dumps({"id": number, "pad": "x" * 200}))
                bot.recv()
        _, capture = recorder.end()
    assert capture.path.is_dir()
    assert len(capture.files) > 1
    texts = [e for e in capture.events() if e.kind == "text" and e.sender == "client"]
    assert [e.key for e in texts] == [str(n) for n in range(400)]


def test_a_recording_can_be_read_while_it_goes_on(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder, connect(recorder.url(), proxy=None) as bot:
        bot.send("one")
        bot.recv()
        [folder] = tmp_path.glob("*.live")
        for _ in range(1000):
            with wsreplay.open(folder) as capture:
                if len(said := [e.text for e in capture.events() if e.kind == "text"]) == 2:
                    break
        assert said == ["one", "one"]
        assert capture.live
        recorder.end()


def test_a_venue_that_is_never_reached_ends_with_2(tmp_path: Path) -> None:
    bot = "import sys, urllib.request, contextlib\nurllib.request.urlopen(sys.argv[1].replace('ws:', 'http:'))"
    with Recorder(tmp_path, "--to", "ws://127.0.0.1:1", "--", sys.executable, "-c", bot, "{url}") as recorder:
        recorder.url()
        out, err = recorder.process.communicate(timeout=60)
    assert recorder.process.returncode == 2
    assert "wsreplay: can't connect to 127.0.0.1:1: Connection refused\n" in err
    assert out.splitlines()[-1].startswith("capture ")


def test_a_certificate_that_is_not_trusted_ends_with_2(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    bot = "import sys, urllib.request\nurllib.request.urlopen(sys.argv[1].replace('ws:', 'http:'))"
    with (
        echoing_venue(context) as url,
        Recorder(
            tmp_path, "--to", url.replace("127.0.0.1", "localhost"), "--", sys.executable, "-c", bot, "{url}"
        ) as recorder,
    ):
        recorder.url()
        _, err = recorder.process.communicate(timeout=60)
    assert recorder.process.returncode == 2
    assert "Certificate verify failed" in err
    assert "--trust" in err


def test_a_map_file_names_the_fields_of_a_strangers_venue(tmp_path: Path, venue: str) -> None:
    (tmp_path / "map.toml").write_text('[paths]\nkey = "head.number"\nop = "head.what"\n')
    with (
        Recorder(tmp_path, "--to", venue, "--map", tmp_path / "map.toml") as recorder,
        connect(recorder.url(), proxy=None) as bot,
    ):
        bot.send('{"head": {"number": 9007199254740993, "what": "place"}}')
        bot.recv()
        _, capture = recorder.end()
    texts = [e for e in capture.events() if e.kind == "text"]
    assert [(e.key, e.op) for e in texts] == [("9007199254740993", "place")] * 2
    (tmp_path / "map.toml").unlink()
    assert dialect_of(capture.metadata).decode(texts[0].text or "", "client").op == "place", "it needs the map no more"


def test_a_busy_port_is_named(tmp_path: Path, venue: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        said = refused("--to", venue, "--listen", f"127.0.0.1:{port}", "--out", tmp_path / "out")
    assert str(port) in said
    assert "--listen" in said
    assert not (tmp_path / "out").exists(), "something was half written"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--to", "http//typo"], "ws://"),
        ([], "--to"),
        (["--to", "ws://127.0.0.1:1", "--mode", "reversed"], "reverse"),
        (["--to", "ws://127.0.0.1:1", "--listen", "9000"], "HOST:PORT"),
        (["--to", "ws://127.0.0.1:1", "--listen", "0.0.0.0:0"], "--listen-anywhere"),
        (["--to", "ws://127.0.0.1:1", "--venue", "ryea"], "ryea"),
        (["--to", "ws://127.0.0.1:1", "--rotate", "often"], "rotate"),
        (["--to", "ws://127.0.0.1:1", "--map", "no-such.toml"], "no-such.toml"),
        (["--to", "ws://127.0.0.1:1", "--trust", "no-such.pem"], "no-such.pem"),
        (["--to", "ws://127.0.0.1:1", "--", "no-such-bot"], "no-such-bot"),
        (["--mode", "regular"], "--allow-host"),
    ],
)
def test_wrong_use_gets_one_line_and_leaves_nothing(tmp_path: Path, arguments: list[str], word: str) -> None:
    assert word in refused(*arguments, "--out", tmp_path / "out")
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "file" in refused("--to", "ws://127.0.0.1:1", "--out", tmp_path / "file" / "out")


def test_the_addon_for_plain_mitmproxy_is_where_it_says() -> None:
    done = subprocess.run([sys.executable, "-m", "wsreplay", "record", "--addon"], capture_output=True, text=True)
    assert Path(done.stdout.strip()).read_text().startswith('"""The addon for plain mitmproxy')


def test_on_a_terminal_it_shows_how_far_it_has_come(tmp_path: Path, venue: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wsreplay", "record", "--out", str(tmp_path), "--to", venue]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as recorder:
        os.close(theirs)
        shown = b""
        while b"rows on record, 0 connections open" not in shown:
            shown += os.read(ours, 4096)
        recorder.terminate()
        assert recorder.wait(30) == 0
    os.close(ours)
    assert b"Ctrl-C ends it" in shown


def test_an_address_that_is_taken_is_one_line(tmp_path: Path, venue: str) -> None:
    taken = venue.partition("://")[2].rstrip("/")
    with Recorder(tmp_path, "--to", venue, "--listen", taken) as recorder:
        out, err = recorder.process.communicate(timeout=60)
    assert (recorder.process.returncode, out) == (2, "")
    assert err == f"wsreplay: can't listen on {taken}: address already in use; name another with --listen\n"
    assert not list(tmp_path.iterdir())


def test_a_bot_that_never_came_is_told_of(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue, "--", sys.executable, "-c", "pass") as recorder:
        _, err = recorder.process.communicate(timeout=60)
    assert recorder.process.returncode == 0
    assert "nothing connected" in err
    assert "{url}" in err


def test_ctrl_c_while_it_starts_ends_it_in_order(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder:
        while not list(tmp_path.glob("*.live")):
            assert recorder.process.poll() is None
        recorder.process.send_signal(signal.SIGINT)
        out, err = recorder.process.communicate(timeout=60)
    assert recorder.process.returncode == 0, err
    assert out.splitlines()[-1].startswith("capture ")
    assert not list(tmp_path.glob("*.live"))


def test_a_host_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    bot = "import os, urllib.request\nurllib.request.urlopen('https://venue.example/')"
    with Recorder(
        tmp_path, "--mode", "regular", "--allow-host", "other.example", "--", sys.executable, "-c", bot
    ) as recorder:
        _, err = recorder.process.communicate(timeout=60)
    assert "wsreplay: venue.example is not an allowed host; allow it with --allow-host venue.example\n" in err
