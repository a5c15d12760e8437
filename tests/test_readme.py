"""The README is followed word by word: its Python runs, its files are there, its commands exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from wsreplay.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_its_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "createOrder" in capsys.readouterr().out


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_its_commands_exist() -> None:
    known = {entry.name for entry in COMMANDS}
    used = set(re.findall(r"wsreplay ([a-z]+)(?= )", "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))))
    assert used
    assert used <= known


def test_the_two_commands_stand_there_as_they_are_run() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "python3 -m pip install -q uv && python3 -m uv run wsreplay demo" in README
    assert "python3 -m pip install -q uv && python3 -m uv run pytest" in README
    assert "python3 -m uv run pytest" in script
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["wsreplay"] == "wsreplay.cli:main"
