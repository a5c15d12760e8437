"""docs/testing-bots.md, followed word by word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[1] / "docs" / "testing-bots.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
STORY = BLOCKS[: next(i for i, (_, text) in enumerate(BLOCKS) if "test_an_hour_in_no_time" in text)]


class Ran(NamedTuple):
    """A command of the page."""

    line: str
    code: int
    output: str


def run(line: str, folder: Path) -> Ran:
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": ""}
    env["PYTEST_ADDOPTS"] = "-p no:cacheprovider"
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    return Ran(line, done.returncode, done.stdout + done.stderr)


def mended(code: str, diff: str) -> str:
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if line[0] in " -")
    new = "\n".join(line[1:] for line in lines if line[0] in " +")
    assert code.count(old) == 1
    return code.replace(old, new)


def alike(text: str) -> str:
    """The text, but for what differs from day to day, and for where lines are broken."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d-]+|\b\d{16,}\b", "N", " ".join(text.split()))
    return re.sub(r"\d+(\.\d+)? (ms|µs|s)\b", "TIME", text)


def test_the_page_leads_from_an_incident_to_a_green_test(tmp_path: Path) -> None:
    ran: list[Ran] = []
    for language, text in STORY:
        match language:
            case "python":
                (tmp_path / ("tests/test_bot.py" if "pytest" in text else "bot.py")).write_text(text)
            case "sh":
                ran.append(run(text.strip(), tmp_path))
            case "diff":
                bot = tmp_path / "bot.py"
                bot.write_text(mended(bot.read_text(), text))
            case "text":
                told = alike(ran[-1].output)
                for line in text.splitlines():
                    assert alike(line) in told, f"{line}\n{ran[-1].output}"
    assert [each.code for each in ran] == [0, 0, 0, 1, 0], ran
    assert len(ran) == 5, "five commands"
    assert not (tmp_path / ".wsreplay").exists()


def test_the_example_of_virtual_time_takes_none(pytester: pytest.Pytester) -> None:
    import wsreplay.testing.in_process
    import wsreplay.testing.under_test  # noqa: F401

    (example,) = (text for language, text in BLOCKS if "test_an_hour_in_no_time" in text)
    pytester.makepyfile(test_hour=example)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_page_names_all_that_a_mark_and_a_session_have() -> None:
    from wsreplay.testing.marks import _NAMES
    from wsreplay.testing.scenarios import scenarios
    from wsreplay.testing.session import Session

    public = [name for name in vars(Session) if not name.startswith("_") and name not in ("close", "began", "bots")]
    assert [name for name in public if f".{name}" not in PAGE] == []
    assert [name for name in _NAMES if name != "capture" and f"{name}=" not in PAGE] == []
    assert [name for name in scenarios() if f"`{name}`" not in PAGE] == []
