"""``wsreplay debug``, as far as it goes without a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from wsreplay.cli.app import wsreplay

SAMPLE = Path(__file__).parents[2] / "captures" / "samples" / "reya-careful.parquet"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([str(SAMPLE)], "the debugger needs a terminal"),
        ([], "missing argument"),
        (["--live"], "nothing is being recorded in captures"),
    ],
)
def test_it_says_in_one_line_why_it_can_not(
    arguments: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(wsreplay, ["debug", *arguments])
    assert (result.exit_code, why in result.stderr, result.stderr.count("\n")) == (2, True, 1)


def test_no_other_command_imports_the_screen() -> None:
    code = (
        "import sys; from wsreplay.cli.app import COMMANDS; from importlib import import_module; "
        "[import_module(each.place.partition(':')[0]) for each in COMMANDS]; "
        "assert not [name for name in sys.modules if name.split('.')[0] == 'textual' or 'wsreplay.debugger' in name]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
