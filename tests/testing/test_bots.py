"""Any program as a bot: its arguments, its environment, and how it ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wsreplay.errors import UserError
from wsreplay.testing.bots import Running, StillRunningError

URLS = {"": "ws://127.0.0.1:1", "rest": "http://127.0.0.1:2"}


def python(tmp_path: Path, code: str, *arguments: str, **more: Any) -> Running:
    more.setdefault("env", {})
    return Running([sys.executable, "-I", "-u", "-c", code, *arguments], URLS, tmp_path / "bot-1.txt", **more)


def until(running: Running, word: str) -> None:
    while word not in running.output:
        assert running._process.poll() is None, running.output
        time.sleep(0.005)


def test_it_is_told_where_the_venue_is_and_all_that_it_prints_is_kept(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.argv[1:], os.environ['WSREPLAY_URL']); print(os.environ['MINE'], file=sys.stderr)"
    with python(tmp_path, code, "{url}", "{url:rest}", env={"MINE": "yes"}, cwd=tmp_path) as bot:
        ended = bot.wait(30)
    assert ended.exit_code == 0
    assert ended.output == "['ws://127.0.0.1:1', 'http://127.0.0.1:2'] ws://127.0.0.1:1\nyes\n"
    assert ended.log.read_text() == ended.output


def test_a_signal_is_told_as_shells_tell_it(tmp_path: Path) -> None:
    with python(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as bot:
        assert bot.wait(30).exit_code == 137


def test_one_that_does_not_end_in_time_is_ended_and_its_last_words_told(tmp_path: Path) -> None:
    with python(tmp_path, "import time; print('I wait'); time.sleep(600)") as bot:
        until(bot, "I wait")
        with pytest.raises(
            StillRunningError, match=r"still running after 0.1 s .*lasting=\); its last words:\n    I wait"
        ):
            bot.wait(0.1)
    assert bot.ended is not None


def test_one_that_runs_for_ever_is_asked_to_end_as_by_ctrl_c(tmp_path: Path) -> None:
    code = "import time\nprint('up')\ntry: time.sleep(600)\nexcept KeyboardInterrupt: print('orders cancelled')"
    with python(tmp_path, code) as bot:
        until(bot, "up")
        ended = bot.last(0.1)
    assert ended.exit_code == 0
    assert ended.output == "up\norders cancelled\n"


def test_one_that_will_not_hear_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsreplay.testing.bots.PATIENCE_S", 0.1)
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if len(sys.argv) < 2: subprocess.Popen([sys.executable, '-I', '-u', '-c', CODE, 'child'])\n"
        "print('up' * len(sys.argv)); time.sleep(600)"
    )
    with python(tmp_path, f"CODE = 0\n{code}".replace("CODE = 0", f"CODE = {code!r}"), env={}) as bot:
        until(bot, "upup")
        assert bot.stop().exit_code == 137


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't run no-such-bot: there is no such program"):
        Running(["no-such-bot"], URLS, tmp_path / "bot-1.txt", env={})


def test_an_address_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\{url:admin\}, and there is no such upstream"):
        Running([sys.executable, "{url:admin}"], URLS, tmp_path / "bot-1.txt", env={})
