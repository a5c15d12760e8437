"""``wsreplay serve``: a recorded venue for live bots, real processes, real sockets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli.recorder import Recorder
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as websocket_server

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.demo.trader import Order, Trader

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
DUPLICATE, CAREFUL = SAMPLES / "reya-duplicate-order.parquet", SAMPLES / "reya-careful.parquet"


def bot(name: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"wsreplay.demo.{name}_bot", "{url}", "{url:rest}"]


def script(code: str) -> list[str]:
    return [sys.executable, "-P", "-c", code, "{url}", "{url:rest}"]


OTHER_ORDER = script("""
import sys
import threading
from wsreplay.demo.naive_bot import WARM_UP
from wsreplay.demo.trader import Order, Trader
bot = Trader(sys.argv[1], sys.argv[2])
bot.connect()
first = bot.create(WARM_UP)["payload"]["orderId"]
print(bot.create(Order(is_buy=True, qty="0.070", price="2600.00", client_order_id=7)))
print(bot.create(Order(is_buy=True, qty="0.070", price="2600.00", client_order_id=7)))
bot.close()
""")
"""It wants an order that was never recorded."""


class Told(NamedTuple):
    """What the command said."""

    code: int
    lines: list[str]
    errors: str
    live: Capture


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def serve(*arguments: str | Path) -> Told:
        command = [sys.executable, "-m", "wsreplay", "serve", "--out", tmp_path / "served", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        lines = done.stdout.splitlines()
        assert lines, done.stderr
        assert lines[-1].startswith("capture "), done.stdout + done.stderr
        return Told(done.returncode, lines[:-1], done.stderr, wsreplay.open(lines[-1].removeprefix("capture ")))

    return serve


@contextmanager
def serving(tmp_path: Path, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A server that waits for bots, and its addresses by name."""
    command = [sys.executable, "-m", "wsreplay", "serve", "--out", tmp_path, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split(" on ") for _ in range(2)]
        try:
            yield process, {name.removeprefix("listening").strip(): url.strip() for name, url in lines}
        finally:
            if process.poll() is None:
                process.kill()


def incidents(capture: Capture) -> set[str | None]:
    return {event.op for event in capture.events() if event.kind == "incident"}


def test_the_naive_bot_makes_its_duplicate_again(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--", *bot("naive"))
    assert told.code == 0, told.lines
    assert told.lines[0].startswith("listening on ws://127.0.0.1:")
    assert told.lines[1].startswith("listening rest on http://127.0.0.1:")
    assert "I wanted 1 order, the venue shows 2" in told.errors
    assert "again: blind-retry, disconnect, duplicate-order, lost-response" in told.lines
    assert told.lines[-1].startswith("reproduced: ")
    assert told.live.metadata.mode == "serve"
    assert told.live.metadata.notes["serve_of"] == wsreplay.open(DUPLICATE).metadata.recording
    assert incidents(told.live) == {"blind-retry", "disconnect", "duplicate-order", "lost-response"}


def test_the_careful_bot_does_not_and_sees_the_one_order_that_it_has(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--", *bot("careful"))
    assert told.code == 1
    assert "it is there; nothing to send again" in told.errors
    assert "I wanted 1 order, the venue shows 1" in told.errors
    assert incidents(told.live) == {"disconnect", "lost-response"}
    assert any("duplicate-order happened in the recording, and not again" in line for line in told.lines)


def test_the_other_way_round_the_naive_bot_is_found_out(serve: Callable[..., Told]) -> None:
    told = serve(CAREFUL, "--", *bot("naive"))
    assert told.code == 1
    assert "I wanted 1 order, the venue shows 2" in told.errors
    assert {"duplicate-order", "blind-retry"} <= incidents(told.live)
    made = [e.order_id for e in told.live.events() if e.op == "createOrder" and e.sender == "venue" and e.part == 0]
    assert len(made) == len(set(made)) == 3


def test_a_fault_that_is_given_takes_the_place_of_the_recorded_ones(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--fault", "drop rst before reply createOrder #1", "--", *bot("careful"))
    cut = [json.loads(e.text or "")["key"] for e in told.live.events() if e.kind == "fault"]
    creates = [e.key for e in told.live.events() if e.op == "createOrder" and e.sender == "client" and e.part == 0]
    assert cut == creates[:1]


def test_without_faults_the_bot_is_never_cut_off(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--no-recorded-faults", "--", *bot("naive"))
    assert told.code == 1
    assert "I wanted 1 order, the venue shows 1" in told.errors
    assert incidents(told.live) == set()


def test_what_was_never_recorded_is_refused_and_the_nearest_is_named_once(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--no-recorded-faults", "--", *OTHER_ORDER)
    assert told.code == 1
    line = (
        "createOrder WETHRUSD buy 0.070 @ 2600.00 was never recorded; "
        "the nearest is #6: quantity 0.070 instead of 0.050"
    )
    assert told.errors.count(f"wsreplay: {line}") == 1
    assert told.errors.count("'error': 'NOT_RECORDED'") == 2
    assert "never recorded: createOrder WETHRUSD buy 0.070 @ 2600.00; the nearest is #6: " in "\n".join(told.lines)


def test_the_simulator_answers_it_if_it_is_asked_to(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--unmatched", "simulator", "--no-recorded-faults", "--", *OTHER_ORDER)
    assert told.code == 1
    assert told.errors.count("'status': 'OPEN'") == 2, told.errors
    assert "NOT_RECORDED" not in told.errors


def test_json_is_one_object_with_all_that_the_text_says(serve: Callable[..., Told]) -> None:
    told = serve(DUPLICATE, "--format", "json", "--no-recorded-faults", "--", *OTHER_ORDER)
    report: dict[str, Any] = json.loads(told.lines[-1])
    assert report["verdict"] == "diverged"
    assert report["unmatched"] == [
        {
            "what": "createOrder WETHRUSD buy 0.070 @ 2600.00",
            "nearest": 6,
            "difference": "quantity 0.070 instead of 0.050",
        }
    ]
    assert report["requests"] == 3
    assert report["bot_exit_code"] == 0
    assert report["capture"] == str(told.live.path)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_by_hand_it_serves_several_bots_until_it_is_stopped(tmp_path: Path, signum: signal.Signals) -> None:
    wanted = [Order(is_buy=True, qty="0.010", price="2500.00", client_order_id=n) for n in (1, 2, 3)]
    with serving(tmp_path, DUPLICATE, "--no-recorded-faults") as (process, urls):
        traders = [Trader(urls[""], urls["rest"]) for _ in wanted]
        for trader in traders:
            trader.connect()
        made = [trader.create(order)["payload"] for trader, order in zip(traders, wanted, strict=True)]
        assert len({each["orderId"] for each in made}) == 3
        assert [each["clientOrderId"] for each in made] == [1, 2, 3]
        gone = traders[1].cancel(made[1]["orderId"])["payload"]
        assert (gone["orderId"], gone["status"]) == (made[1]["orderId"], "CANCELLED")
        for trader in traders:
            trader.close()
        process.send_signal(signum)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert out.splitlines()[-1].startswith("capture ")


def test_nobody_came_is_no_verdict(tmp_path: Path) -> None:
    with serving(tmp_path, DUPLICATE) as (process, _):
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out.splitlines()[-1].startswith("capture ")
    assert errors.splitlines()[-1].startswith("wsreplay: could not run: no bot connected")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([DUPLICATE, "--listen", "0.0.0.0:0"], "--listen-anywhere"),
        ([DUPLICATE, "--fault", "drop everything"], "drop"),
        ([DUPLICATE, "--", "no-such-program"], "no-such-program"),
        (["no-such-capture.parquet"], "no-such-capture"),
    ],
)
def test_what_can_not_run_is_said_in_one_line(tmp_path: Path, arguments: list[str | Path], word: str) -> None:
    command = [sys.executable, "-m", "wsreplay", "serve", "--out", tmp_path / "served", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert word in line


STREAM_BOT = """
import json, sys
from websockets.sync.client import connect
with connect(sys.argv[1], proxy=None) as line:
    print(json.loads(line.recv(10)))
    line.send(json.dumps({"op": "subscribe", "id": sys.argv[2], "channel": "trades"}))
    print(json.loads(line.recv(10)))
    for n in range(int(sys.argv[3])):
        print(json.loads(line.recv(10)))
    line.send(json.dumps({"op": "unsubscribe", "id": 99, "channel": "trades"}))
    while "id" not in (said := json.loads(line.recv(10))):
        print(said)
    print(said)
"""


def stream(line: ServerConnection) -> None:
    """A venue that greets, and sends five trades to who subscribes."""
    line.send(json.dumps({"type": "welcome"}))
    for message in line:
        asked = json.loads(message)
        line.send(json.dumps({"id": asked["id"], "result": "done"}))
        if asked["op"] == "subscribe":
            for n in range(5):
                line.send(json.dumps({"channel": "trades", "data": {"price": str(n), "qty": "1"}}))


def test_a_recorded_stream_comes_to_whoever_subscribes(tmp_path: Path, serve: Callable[..., Told]) -> None:
    with streaming_venue() as venue, Recorder(tmp_path, "--to", venue, "--", *streamer("1", "5")) as recorder:
        code, capture = recorder.end(None)
    assert code == 0
    again = serve(capture.path, "--", *streamer("1", "5"))
    assert again.code == 0, again.lines
    heard = [e.text for e in again.live.events() if e.sender == "venue" and e.kind == "text"]
    assert heard == [e.text for e in capture.events() if e.sender == "venue" and e.kind == "text"]
    other = serve(capture.path, "--speed", "max", "--", *streamer("mine", "5"))
    assert other.code == 0, other.lines
    said = [json.loads(e.text or "") for e in other.live.events() if e.sender == "venue" and e.kind == "text"]
    assert said[1] == {"id": "mine", "result": "done"}


def streamer(key: str, count: str) -> list[str]:
    return [sys.executable, "-P", "-c", STREAM_BOT, "{url}", key, count]


@contextmanager
def streaming_venue() -> Iterator[str]:
    with websocket_server(stream, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_what_was_refused_is_refused_again_and_for_the_same_reason(tmp_path: Path, serve: Callable[..., Told]) -> None:
    bots = Path(__file__).parents[1] / "replay" / "bots"
    command = [sys.executable, "-P", str(bots / "troublesome_bot.py"), "{url}", "{url:rest}"]
    with Recorder(tmp_path, "--venue", "reya", "--sim", "--", *command) as recorder:
        code, capture = recorder.end(None)
    assert code == 0
    told = serve(capture.path, "--", *command)
    assert told.code == 0, told.lines
    assert "again: auth-failed, duplicate-request-id, malformed, rejected" in told.lines
    assert told.errors == ""


STREAMS, CANTONDEX, LOOPRING = "streams/bots/streaming_bot.py", "cantondex/trader_bot.py", "loopring/bot.py"


@pytest.mark.parametrize(
    ("program", "character", "sample"),
    [
        (STREAMS, "impatient", "streams-duplicate-order"),
        (STREAMS, "misunderstood", "streams-misunderstood"),
        (STREAMS, "refused", "streams-binance-refused"),
        (CANTONDEX, "careless", "cantondex-careless"),
        (CANTONDEX, "forgetful", "cantondex-lost-login"),
        (CANTONDEX, "impatient", "cantondex-duplicate-order"),
        (LOOPRING, "extra_pong", "loopring-extra-pong"),
        (LOOPRING, "reconnecting", "loopring-reconnect"),
    ],
)
def test_every_sample_comes_again_to_the_bot_that_made_it(
    serve: Callable[..., Told], program: str, character: str, sample: str
) -> None:
    bot_file = Path(__file__).parents[1] / "venues" / program
    told = serve(
        SAMPLES / f"{sample}.parquet", "--", sys.executable, "-P", str(bot_file), character, "{url}", "{url:rest}"
    )
    assert told.code == 0, told.lines
    assert "was never recorded" not in told.errors


def test_a_bot_with_more_patience_makes_one_order(serve: Callable[..., Told]) -> None:
    bots = Path(__file__).parents[1] / "venues" / "streams" / "bots"
    patient = """
import sys
sys.path.insert(0, sys.argv[1])
from streaming_bot import ASKING, TRADE, ask, connect, order, say
with connect(sys.argv[2]) as line:
    say(line, "SUBSCRIBE", [TRADE], 1)
    ask(sys.argv[3], "POST", "order", order("BUY", "100.50", "2.0"))
    print(len(ask(sys.argv[3], "GET", "orders", ASKING)), "orders")
"""
    command = [sys.executable, "-P", "-c", patient, str(bots), "{url}", "{url:rest}"]
    told = serve(SAMPLES / "streams-duplicate-order.parquet", "--", *command)
    assert told.code == 1
    assert "1 orders" in told.errors
    assert incidents(told.live) == set()


def test_a_scenario_strikes_on_the_served_line_and_says_what_came_of_it(serve: Callable[..., Told]) -> None:
    happy = SAMPLES / "reya-happy.parquet"
    told = serve("--scenario", "disconnect-in-flight", happy, "--", *bot("careful"))
    assert told.code == 1, "the recorded bot was not cut off"
    assert "scenario disconnect-in-flight: disconnect, lost-response came of it" in told.lines
    with told.live as live:
        assert {event.op for event in live.events() if event.kind == "incident"} >= {"disconnect", "lost-response"}
        assert live.metadata.fault_plan is not None
        assert live.metadata.fault_plan["name"] == "disconnect-in-flight"
