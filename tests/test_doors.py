"""No way in: nothing is unpickled or evaluated, and a hostile file costs neither memory nor time."""

from __future__ import annotations

import ast
import json
import os
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from captures.traffic import data, handshake
from cli.recorder import Recorder
from test_layout import imported, modules

from wsreplay.captures.event import Event
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.transcript import Transcript

FORBIDDEN = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib", "yaml"}
MEMORY = 1 << 30
SECONDS = 20.0


def test_nothing_is_unpickled() -> None:
    wrong = [f"{path}: {name}" for _, path in modules() for name in imported(path) if name.split(".")[0] in FORBIDDEN]
    assert not wrong


def test_nothing_that_was_read_is_run() -> None:
    wrong = []
    for _, path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                wrong.append(f"{path}:{node.lineno}")
            if isinstance(node, ast.keyword) and node.arg == "shell" and not _is_false(node.value):
                wrong.append(f"{path}:{node.value.lineno}")
    assert not wrong


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def hostile_files() -> Iterator[tuple[str, bytes]]:
    deep = b"[" * 1_000_000
    yield "deep.har", b'{"log":{"entries":' + deep
    yield "deep.jsonl", b'{"at":1,"direction":"send","payload":' + deep + b"]" * 1_000_000 + b"}\n"
    yield "number.jsonl", b'{"at":1e999999999,"direction":"send","payload":"x"}\n'
    yield "digits.jsonl", b'{"at":' + b"9" * 1_000_000 + b',"direction":"send","payload":"x"}\n'
    yield "length.flow", b"99999999999:abc,"
    yield "nested.flow", b"".join(b"%d:" % (10_000_000 - n) for n in range(100_000)) + b"x"
    inside = b"0:~"
    for _ in range(5000):
        inside = b"%d:%s]" % (len(inside), inside)
    yield "deep.flow", inside
    yield "footer.parquet", b"PAR1" + b"\xff" * 200 + b"\xff\xff\xff\x7fPAR1"


@pytest.mark.parametrize(
    ("name", "content"), list(hostile_files()), ids=lambda value: value if str(value) == value else ""
)
def test_a_hostile_file_is_refused_within_bounds(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    wanted: list[str | Path] = (
        ["show", path] if name.endswith("parquet") else ["import", path, "--out", tmp_path / "out"]
    )
    if name.endswith("flow"):
        wanted += ["--from", "flow"]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "wsreplay", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),
    )
    assert done.returncode == 2, done.stderr[-2000:]
    assert len(done.stderr.splitlines()) == 1, done.stderr[-2000:]
    assert len(done.stderr) < 2000
    assert time.monotonic() - began < SECONDS
    assert not list(tmp_path.glob("out/*"))


def test_a_packed_payload_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(200 << 20))
    row = Event(seq=1, at_ns=0, mono_ns=0, first_mono_ns=0, sender="venue", kind="binary", data=bomb)
    Redactor(b"k" * 32).redact(row)
    assert row.data is not None
    assert row.data.startswith(b"redacted-unreadable-")


def test_a_frame_that_promises_more_than_there_is_takes_no_memory() -> None:
    transcript = Transcript()
    transcript.see(handshake())
    transcript.see(data(b"\x82\x7f" + (2**62).to_bytes(8) + b"x"))
    assert len(transcript.notes(False).connections) == 1
    assert len(json.dumps(str(transcript.notes(False)))) < 10_000


def test_all_that_is_kept_for_the_user_is_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    os.umask(umask := os.umask(0))
    assert umask != 0o077, "that would hide what is looked for"
    with Recorder(tmp_path / "out", "--mode", "regular", "--allow-host", "localhost") as recorder:
        assert recorder.url().startswith("http://127.0.0.1:")
        _, capture = recorder.end()
    capture.close()
    kept = [path for path in (tmp_path / "config" / "wsreplay").rglob("*") if path.is_file()]
    secret = [path for path in kept if b"PRIVATE KEY" in path.read_bytes() or path.name == "redaction.key"]
    assert len(secret) >= 2
    assert [path for path in [*secret, capture.path] if path.stat().st_mode & 0o077] == []
    assert (tmp_path / "config" / "wsreplay" / "ca").stat().st_mode & 0o077 == 0
