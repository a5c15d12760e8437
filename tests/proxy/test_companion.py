"""The companion: a process that says where it listens, and never outlives us."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psutil
import pytest

from wsreplay.captures.errors import UserError
from wsreplay.proxy.companion import Companion

PYTHON = [sys.executable, "-c"]


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    """Whoever was there before, such as another test's pool of processes, is none of ours."""
    before = children()
    yield
    assert children() <= before


def test_it_says_where_it_listens_and_ends_with_the_block() -> None:
    program = "import time; print('listening rest on http://127.0.0.1:1', flush=True); time.sleep(60)"
    with Companion([*PYTHON, program], 1) as companion:
        assert companion.urls == {"rest": "http://127.0.0.1:1"}


def test_one_that_says_no_more_and_lives_on_is_ended() -> None:
    program = "import os, time; os.close(1); time.sleep(60)"
    with pytest.raises(UserError, match="could not be started"):
        Companion([*PYTHON, program], 1)


def test_a_start_that_is_interrupted_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def match(self, line: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("wsreplay.proxy.companion._LISTENING", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        Companion([*PYTHON, "import time; print('soon', flush=True); time.sleep(60)"], 1)
