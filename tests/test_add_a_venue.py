"""docs/add-a-venue.md, followed word by word."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "add-a-venue.md").read_text()
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


class Reader:
    """Somebody who follows the page, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = folder / "site"
        self.output: dict[str, str] = {}
        """What each command printed."""

    def follow(self) -> None:
        (bot,) = blocks("python")
        for block in blocks("sh"):
            for line in block.strip().splitlines():
                if line.startswith("cd "):
                    self.folder = self.folder / line.removeprefix("cd ")
                    (self.folder / "bot.py").write_text(bot)
                elif "pip install" in line:
                    self.install()
                else:
                    self.output[line] = self.run(line)

    def install(self) -> None:
        """What ``pip install`` does, without asking a registry for what is here already."""
        build = "from setuptools import build_meta; print(build_meta.build_wheel('..'))"
        done = subprocess.run(
            [sys.executable, "-c", build], cwd=self.folder, capture_output=True, text=True, check=True, timeout=60
        )
        wheel = done.stdout.splitlines()[-1]
        zipfile.ZipFile(self.folder.parent / wheel).extractall(self.installed)

    def run(self, line: str) -> str:
        words = [{"wsreplay": str(BIN / "wsreplay"), "python3": sys.executable}.get(w, w) for w in shlex.split(line)]
        env = os.environ | {"PYTHONPATH": str(self.installed), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    found = Reader(tmp_path_factory.mktemp("reader"))
    found.follow()
    return found


def test_the_new_venue_is_listed_with_the_package_that_brings_it(reader: Reader) -> None:
    (listed,) = (line for line in reader.output["wsreplay venues"].splitlines() if line.startswith("acme "))
    assert "wsreplay-acme 0.1.0" in listed
    assert "message pings, every 15.0 s" in listed


def test_its_own_tests_pass(reader: Reader) -> None:
    assert re.search(r"\d+ passed", reader.output["python3 -m pytest -q"])


def test_its_simulator_is_recorded_and_read_by_its_dialect(reader: Reader) -> None:
    (table,) = (output for line, output in reader.output.items() if line.startswith("wsreplay sql"))
    (row,) = (line.split() for line in table.splitlines() if line.startswith("order "))
    assert row[1:3] == ["1", "ok"]
    assert row[3].isdigit(), "the venue's order id"


def test_what_was_recorded_is_decoded_again(reader: Reader) -> None:
    assert "rows as acme (dialect version 1)" in reader.output["wsreplay decode captures --venue acme"]


def test_the_page_names_every_field_that_an_envelope_has() -> None:
    from wsreplay.venues.envelope import Envelope

    missing = [name for name in Envelope.__struct_fields__ if f"`{name}`" not in PAGE]
    assert missing == ["answers"], "which is for errors that refuse a second use of an id"
