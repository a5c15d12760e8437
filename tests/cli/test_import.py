"""``wsreplay import``: told by the content what it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from cli.story import refused, run

import wsreplay

SAMPLE = Path(__file__).parents[2] / "captures" / "samples" / "reya-duplicate-order.parquet"


@pytest.mark.parametrize("form", ["har", "jsonl"])
def test_what_was_exported_can_be_imported_and_its_venue_is_known(form: str, tmp_path: Path) -> None:
    file = tmp_path / "it"
    run("export", SAMPLE, "--to", form, "-o", file)
    result = run("import", file, "--out", tmp_path / "out")
    assert result.exit_code == 0
    path = result.stdout.removeprefix("capture ").strip()
    with wsreplay.open(path) as capture:
        assert capture.metadata.venue == "reya"
        assert capture.metadata.notes["imported_from"] == "it"
        assert {row.venue for row in capture.events() if row.kind == "text"} == {"reya"}
        if form == "jsonl":
            assert "duplicate-order" in {incident.kind for incident in capture.incidents()}


@pytest.mark.parametrize(
    ("content", "said"), [("", "is empty"), ("hello", "say what it is with --from"), ("12:hello", "no flow file")]
)
def test_what_is_nothing_gets_one_line(content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "it"
    file.write_text(content)
    assert said in refused("import", file, "--out", tmp_path / "out")
    assert "can't be read" in refused("import", tmp_path / "none")


def test_a_log_of_your_own_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "bot.log"
    file.write_text(json.dumps({"ts": 1795242445.5, "dir": "out", "msg": {"op": "buy", "id": 1}}) + "\n")
    assert run("import", file, "--out", tmp_path / "out").exit_code == 0


def test_what_is_packed_is_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "it.har.gz"
    file.write_bytes(gzip.compress(b"{}"))
    assert "is compressed: unpack it first" in refused("import", file, "--out", tmp_path / "out")


def test_a_log_with_a_mark_at_its_beginning_is_one(tmp_path: Path) -> None:
    file = tmp_path / "bot.log"
    file.write_bytes(b'\xef\xbb\xbf{"ts":1795242445,"dir":"out","msg":"x"}\r\n')
    assert run("import", file, "--out", tmp_path / "out").exit_code == 0
