"""``wsreplay`` itself: what it lists, what it loads, and how it says that something is wrong."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest
from captures.recorded import capture, events
from cli.story import refused, run, story
from click.testing import CliRunner, Result

import wsreplay
from wsreplay import cli
from wsreplay.captures.errors import UserError
from wsreplay.cli.app import COMMANDS
from wsreplay.cli.lazy_group import LazyGroup, Listed

HEAVY = {"duckdb", "pyarrow", "mitmproxy", "rich", "asyncio", "cryptography"}


def in_a_process(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wsreplay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **more)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["shw"]])
def test_neither_help_nor_a_mistake_waits_for_heavy_libraries(arguments: list[str]) -> None:
    script = (
        "import json, sys\n"
        "from wsreplay.cli import main\n"
        f"sys.argv = ['wsreplay', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps([name for name in sys.modules if '.' not in name]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: str(entry.name))
def test_a_command_is_listed_as_it_describes_itself(entry: Listed) -> None:
    module, _, attribute = entry.place.partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    assert command.help is not None
    assert " ".join(command.help.partition("\n\n")[0].split()) == entry.summary
    assert command.name == entry.name


def test_every_command_is_listed() -> None:
    there: set[str | None] = set()
    nested: set[str | None] = set()
    for module in pkgutil.iter_modules(cli.__path__, "wsreplay.cli."):
        found = vars(import_module(module.name)).values()
        there |= {each.name for each in found if isinstance(each, click.Command) and not isinstance(each, LazyGroup)}
        nested |= {name for each in found if isinstance(each, click.Group) for name in each.commands}
    assert there - nested == {entry.name for entry in COMMANDS}


def test_the_help_lists_every_command_with_its_summary() -> None:
    shown = run("--help").stdout
    for entry in COMMANDS:
        assert f"  {entry.name}" in shown
        assert entry.summary in " ".join(shown.split())


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"wsreplay {wsreplay.__version__}\n"


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    assert refused("shw") == "there is no command 'shw', did you mean show? (see `wsreplay --help`)"
    assert refused("frobnicate") == "there is no command 'frobnicate' (see `wsreplay --help`)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show"], "missing argument 'CAPTURE[#SEQ]' (see `wsreplay show --help`)"),
        (["show", "x", "--conn", "zero"], "invalid value for '--conn'"),
        (["ls", "--format", "xml"], "invalid value for '--format'"),
        (["--frobnicate"], "no such option"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_help(arguments: list[str], said: str) -> None:
    line = refused(*arguments)
    assert line.startswith(said)
    assert "--help`)" in line


class OfOneCommand(LazyGroup):
    """``wsreplay`` with one command that does whatever it is given."""

    def __init__(self, body: Callable[[], None]) -> None:
        super().__init__("wsreplay", listed=[Listed("Do", "do", "", "Do it.")])
        self.body = body

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return click.Command("do", callback=self.body)


def doing(body: Callable[[], None]) -> Result:
    return CliRunner().invoke(OfOneCommand(body), ["do"])


def test_what_a_user_can_mend_is_one_line_even_with_a_hostile_name_in_it() -> None:
    def body() -> None:
        raise UserError("a\x1b[2J.parquet is\nno capture")

    result = doing(body)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "wsreplay: a\\x1b[2J.parquet is no capture\n")


def test_a_file_that_the_system_refuses_is_one_line() -> None:
    def body() -> None:
        raise PermissionError(13, "Permission denied", "/secret")

    result = doing(body)
    assert (result.exit_code, result.stderr) == (2, "wsreplay: /secret: Permission denied\n")


def test_our_own_mistakes_are_not_called_the_users() -> None:
    def body() -> None:
        raise ZeroDivisionError

    assert isinstance(doing(body).exception, ZeroDivisionError)


def test_an_interrupt_ends_quietly() -> None:
    def body() -> None:
        raise KeyboardInterrupt

    result = doing(body)
    assert (result.exit_code, result.output) == (130, "")


def test_the_place_in_the_code_is_shown_when_asked_for(tmp_path: Path) -> None:
    quiet = in_a_process("show", tmp_path / "none.parquet")
    assert quiet.returncode == 2
    assert "Traceback" not in quiet.stderr
    loud = in_a_process("show", tmp_path / "none.parquet", env=os.environ | {"WSREPLAY_DEBUG": "1"})
    assert loud.returncode != 0
    assert "Traceback" in loud.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_has_enough_is_no_error(tmp_path: Path, form: str) -> None:
    path = capture(tmp_path, *events(5000))
    command = [sys.executable, "-m", "wsreplay", "show", str(path), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141


def test_text_that_the_terminal_can_not_encode_is_escaped(tmp_path: Path) -> None:
    done = in_a_process("show", story(tmp_path), env=os.environ | {"PYTHONIOENCODING": "ascii:strict"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u2192 createOrder" in done.stdout
