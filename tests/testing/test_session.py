"""Sessions with real bots: processes of their own, real sockets, the recorder between them and the venue."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from testing.async_bot import bot
from websockets.sync.server import ServerConnection, serve

import wsreplay
import wsreplay.analysis.report
import wsreplay.testing.in_process
import wsreplay.testing.under_test
from wsreplay.errors import UserError
from wsreplay.testing.marks import Scene, scene
from wsreplay.testing.session import Session

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
DUPLICATE = SAMPLES / "reya-duplicate-order.parquet"
pytest_plugins = ["pytester"]
BOTS = Path(__file__).parents[1] / "proxy" / "bots"


def demo(name: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"wsreplay.demo.{name}_bot", "{url}", "{url:rest}"]


@pytest.fixture
def venue() -> Iterator[str]:
    """A stranger's venue, which answers every order; its URL."""

    def answer(line: ServerConnection) -> None:
        for message in line:
            line.send(json.dumps({"id": json.loads(message)["id"], "ok": True}))

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        server.shutdown()
        thread.join()


def test_an_unmodified_bot_meets_the_recorded_venue_and_its_faults(tmp_path: Path) -> None:
    ours = Session(Scene(capture=DUPLICATE), tmp_path)
    ended = ours.run(demo("careful"))
    assert ended.exit_code == 0
    assert ended.output.splitlines()[-1] == "careful bot: I wanted 1 order, the venue shows 1"
    ours.assert_no("duplicate-order", "blind-retry")
    ours.assert_outcome("createOrder", "late", client_order_id=2, times=1)
    ours.assert_no_unmatched()
    assert ours.verdict["verdict"] == "diverged"
    assert [event.kind for event in ours.events].count("fault") == 1
    assert ours.capture.path.parent == tmp_path
    ours.close()
    ours.close()


def test_a_simulated_venue_meets_bots_one_after_the_other(tmp_path: Path) -> None:
    ours = Session(Scene(venue="reya", faults=("drop rst before reply createOrder #2",)), tmp_path)
    crashed = ours.run([sys.executable, "-c", "raise SystemExit('no key')"])
    assert crashed.exit_code == 1
    assert asyncio.run(bot(ours.urls, pause=0)) == 2, "a client of the test's own, in its own time"
    ours.assert_incident("duplicate-order", client_order_id=2)
    assert [(ended.exit_code, ended.log.name) for ended in ours.bots] == [(1, "bot-1.txt")]


def test_where_no_bot_came_the_last_words_of_those_that_ran_are_told(tmp_path: Path) -> None:
    ours = Session(Scene(venue="reya"), tmp_path)
    ours.run([sys.executable, "-c", "raise SystemExit('no key')"])
    with pytest.raises(
        AssertionError, match=r"nothing connected to ws://.*\n.*exit code 1; its last words:\n    no key"
    ):
        ours.assert_no("duplicate-order")


def test_a_venue_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the venue did not come up: there is no simulator of 'nowhere'; there are: "):
        _ = Session(Scene(venue="nowhere"), tmp_path).url


def test_what_one_bot_recorded_is_served_to_another_in_another_language(pytester: pytest.Pytester, venue: str) -> None:
    test = """
        import sys
        import pytest

        @pytest.mark.wsreplay("new.parquet", upstream={venue!r})
        def test_it(wsreplay):
            ended = wsreplay.run({command!r} + ["{{url}}"])
            assert ended.exit_code == 0, ended
            wsreplay.assert_outcome("order", "ok", times=2)
    """
    python = [sys.executable, str(BOTS / "websocket_client_bot.py")]
    pytester.makepyfile(test_bot=test.format(venue=venue, command=python))
    recorded = pytester.path / "new.parquet"
    failed = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--wsreplay-record", "-k", "nothing")
    failed.assert_outcomes(deselected=1)
    assert not recorded.exists()
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--wsreplay-record").assert_outcomes(passed=1)
    with wsreplay.open(recorded) as capture:
        assert capture.metadata.upstreams == {"": venue}
    assert not (pytester.path / ".wsreplay").exists()
    if not shutil.which("node") or not os.environ.get("WSREPLAY_NODE_MODULES"):
        pytest.skip("needs Node and its ws package in the folder that WSREPLAY_NODE_MODULES names")
    pytester.makepyfile(test_bot=test.format(venue=venue, command=["node", str(BOTS / "node_bot.cjs")]))
    before = recorded.read_bytes()
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--wsreplay-record").assert_outcomes(passed=1)
    assert recorded.read_bytes() == before, "what is there is served, and never recorded again"


def test_a_recorder_whose_test_was_killed_ends_with_its_capture(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from wsreplay.testing.marks import Scene; "
        "from wsreplay.testing.session import Session; "
        "ours = Session(Scene(venue='reya'), Path(sys.argv[1])); print(ours.url, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as test:
        assert test.stdout is not None
        assert test.stdout.readline().startswith("ws://127.0.0.1:")
        test.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("*.parquet")):
        assert time.monotonic() < until, list(tmp_path.iterdir())
        time.sleep(0.02)


def test_a_live_recording_is_a_scene_of_its_own(tmp_path: Path, venue: str) -> None:
    found = scene(("new.parquet",), {"upstream": venue}, [tmp_path], recording=True)
    with pytest.raises(UserError, match="nothing can be unmatched here"):
        Session(found, tmp_path).assert_no_unmatched()
    with pytest.raises(UserError, match="a venue out there keeps no virtual time"):
        Session(found, tmp_path).play(lambda: asyncio.sleep(1))
