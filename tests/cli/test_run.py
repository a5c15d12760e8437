"""``wsreplay run``, from a recorded bot to the verdict: real processes, real sockets, the venue's simulator."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from captures.recorded import capture as written
from cli.recorder import Recorder, echoing_venue
from cli.story import run

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.demo.trader import Order, Trader
from wsreplay.venues.registry import dialect

NAIVE = [sys.executable, "-P", "-m", "wsreplay.demo.naive_bot", "{url}", "{url:rest}"]
CUT_OFF_BOT = """
import socket, struct, sys
from wsreplay.demo.naive_bot import WANTED, WARM_UP
from wsreplay.demo.trader import Trader

class Gone(Exception):
    pass

def vanish(*_):
    bot._line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bot._line.socket.close()
    raise Gone

bot = Trader(sys.argv[1], sys.argv[2])
bot.connect()
bot.cancel(bot.create(WARM_UP)["payload"]["orderId"])
bot._line.recv = vanish
try:
    bot.create(WANTED)
except Gone:
    bot.connect()
    bot.create(WANTED)
bot.cancel(bot.open_orders()[0]["orderId"])
bot.close()
"""
"""It is cut off from the reply to an order, sends that again, and cancels the first of the two that it then has."""


class Told(NamedTuple):
    """What the command said, and the replay's own capture."""

    code: int
    text: str
    replay: Capture


def recorded(out: Path, *command: str, faults: Sequence[str] = ()) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(out))
        plan = [word for fault in faults for word in ("--fault", fault)]
        with Recorder(out, "--venue", "reya", "--sim", "--read-on", "0.5", *plan, "--", *command) as recorder:
            code, capture = recorder.end(None)
    assert code == 0
    return capture.path


@pytest.fixture(scope="module")
def naive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture of the demo's naive bot on a day without trouble."""
    return recorded(tmp_path_factory.mktemp("naive"), *NAIVE)


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture of a bot that made its order twice."""
    command = [sys.executable, "-P", "-c", CUT_OFF_BOT, "{url}", "{url:rest}"]
    return recorded(tmp_path_factory.mktemp("cut-off"), *command)


TROUBLESOME = [
    sys.executable,
    "-P",
    str(Path(__file__).parents[1] / "replay" / "bots" / "troublesome_bot.py"),
    "{url}",
    "{url:rest}",
]


@pytest.fixture
def replay(tmp_path: Path) -> Callable[..., Told]:
    def replay(*arguments: str | Path) -> Told:
        done = run("run", "--out", tmp_path / "replays", *arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        *text, last = done.stdout.splitlines()
        assert last.startswith("capture ")
        return Told(done.exit_code, "\n".join(text), wsreplay.open(last.removeprefix("capture ")))

    return replay


def refused(tmp_path: Path, *arguments: str | Path) -> str:
    done = run("run", "--out", tmp_path / "replays", *arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def said(capture: Capture, op: str) -> list[dict[str, Any]]:
    """The payloads of the client's messages of this operation."""
    texts = [e.text for e in capture.events() if e.sender == "client" and e.op == op and e.kind == "text"]
    return [json.loads(text or "{}")["payload"] for text in texts]


def altered(path: Path, out: Path, alter: Callable[[Event], None], **about: Any) -> Path:
    """The capture as it would be if this had been observed."""
    capture = wsreplay.open(path)
    rows = [event for event in capture.events() if event.kind != "fact"]
    for row in rows:
        alter(row)
    metadata = msgspec.structs.asdict(capture.metadata) | {"ended": None, "segment": 1} | about
    return written(out, *Decoder(dialect("reya")).decode_again(rows), **metadata)


def test_a_quiet_day_is_reproduced(naive: Path, replay: Callable[..., Told]) -> None:
    told = replay(naive, "--speed", "max")
    assert told.code == 0, told.text
    assert "re-driven: 4 messages and requests on 1 line, against the simulator of reya" in told.text
    assert told.text.splitlines()[-1].startswith("reproduced: ")
    assert told.replay.metadata.mode == "run"
    assert told.replay.metadata.notes["replay_of"] == wsreplay.open(naive).metadata.recording
    ops = [e.op for e in told.replay.events() if e.role == "request" and e.part == 0]
    assert ops == ["createOrder", "cancelOrder", "createOrder", "openOrders"]


def test_at_the_original_speed_it_takes_as_long_as_it_took(naive: Path, replay: Callable[..., Told]) -> None:
    told = replay(naive)

    def first_to_last_ms(capture: Capture) -> float:
        times = [e.mono_ns for e in capture.events() if e.sender == "client" and e.kind in ("text", "http_request")]
        return (times[-1] - times[0]) / 1e6

    assert told.code == 0, told.text
    # The replies have their own time; what the bot took to think is kept.
    thought = [e for e in wsreplay.open(naive).events() if e.kind in ("text", "http_request") and e.part == 0]
    seen = [(e, e.mono_ns + (e.relay_ns or 0)) for e in thought]
    pauses = sum(b.mono_ns - at for (a, at), (b, _) in pairwise(seen) if a.sender == "venue") / 1e6
    assert first_to_last_ms(told.replay) >= pauses


def test_a_duplicate_order_happens_again_and_the_cancel_names_this_runs_order(
    cut_off: Path, replay: Callable[..., Told], simulator: dict[str, str]
) -> None:
    other = Trader(simulator[""], simulator["rest"])
    other.connect()
    taken = other.create(Order(is_buy=True, qty="0.020", price="2400.00", client_order_id=9))["payload"]["orderId"]
    told = replay(cut_off, "--speed", "max", "--to", simulator[""], "--to", f"rest={simulator['rest']}")
    assert told.code == 0, told.text
    assert "no answer, but accepted" in told.text
    assert "again: blind-retry, disconnect, duplicate-order, lost-response" in told.text
    stored = {e.op for e in told.replay.events() if e.kind == "incident"}
    assert stored == {"blind-retry", "disconnect", "duplicate-order", "lost-response"}
    made = [e for e in told.replay.events() if e.op == "createOrder" and e.sender == "venue" and e.part == 0]
    assert [e.relay_ns is None for e in made] == [False, True, False], "the reply to the second never reached the bot"
    first, lost, again = (e.order_id for e in made)
    assert [payload["orderId"] for payload in said(told.replay, "cancelOrder")] == [first, lost]
    before = [payload["orderId"] for payload in said(wsreplay.open(cut_off), "cancelOrder")]
    assert [first, lost] != before
    assert len({taken, first, lost, again}) == 4
    assert other.open_orders()[-1]["orderId"] == again
    other.close()


def test_the_line_of_a_replay_ends_as_the_recorded_one_did(cut_off: Path, replay: Callable[..., Told]) -> None:
    def ends(capture: Capture) -> list[tuple[int | None, str, str | None]]:
        return sorted((e.conn, e.sender, e.ended_by) for e in capture.events() if e.kind == "end" and e.conn)

    assert ends(replay(cut_off, "--speed", "max").replay) == ends(wsreplay.open(cut_off))


def test_a_redacted_capture_is_signed_again_and_its_replay_is_redacted_too(
    naive: Path, replay: Callable[..., Told]
) -> None:
    assert all(p["signature"].startswith("redacted-") for p in said(wsreplay.open(naive), "createOrder"))
    told = replay(naive, "--speed", "max")
    assert told.code == 0, told.text
    assert all(p["signature"].startswith("redacted-") for p in said(told.replay, "createOrder"))
    creates = [e for e in told.replay.events() if e.op == "createOrder" and e.sender == "client" and e.part == 0]
    assert all(e.signature_ok for e in creates)


def test_a_replay_can_be_replayed(cut_off: Path, replay: Callable[..., Told]) -> None:
    assert replay(replay(cut_off, "--speed", "max").replay.path, "--speed", "max").code == 0


def test_what_can_not_happen_again_is_named_with_its_address(
    naive: Path, tmp_path: Path, replay: Callable[..., Told]
) -> None:
    def too_small(event: Event) -> None:
        event.text = event.text and event.text.replace('"qty": "0.050"', '"qty": "0.00000005"')

    path = altered(naive, tmp_path, too_small)
    (address,) = (e.seq for e in wsreplay.open(path).events() if e.sender == "client" and e.qty == "0.00000005")
    told = replay(path, "--speed", "max")
    assert told.code == 1
    assert f"diverged at #{address}: createOrder WETHRUSD buy 0.00000005 @ 2600.00: accepted (OPEN)" in told.text
    assert "refused (" in told.text
    as_json = json.loads(replay(path, "--speed", "max", "--format", "json").text)
    assert as_json["verdict"] == "diverged"
    assert as_json["first_divergence"]["seq"] == address
    assert as_json["first_divergence"]["text"] in told.text.replace(str(told.replay.path), "")
    shown = [
        line.strip() for line in told.text.splitlines() if line.startswith(("  in the recording: ", "  in the re"))
    ]
    assert shown[0] == f"in the recording: wsreplay show '{path}#{address}'"
    assert shown[1].startswith(f"in the replay: wsreplay show '{told.replay.path}#")
    assert any(line.startswith(f"  > {address:>5} ") for line in told.text.splitlines()), "the place itself is marked"
    around = as_json["context"]["recorded"]["events"]
    assert next(event["qty"] for event in around if event["seq"] == address) == "0.00000005"


def test_what_was_refused_is_refused_again_and_for_the_same_reason(tmp_path: Path, replay: Callable[..., Told]) -> None:
    told = replay(recorded(tmp_path, *TROUBLESOME), "--speed", "max")
    assert told.code == 0, told.text
    refusals = {e.error_code for e in told.replay.events() if e.sender == "venue" and e.error_code and e.part == 0}
    assert refusals == {
        "UNAUTHORIZED_SIGNATURE_ERROR",
        "INVALID_NONCE_ERROR",
        "ORDER_DEADLINE_PASSED_ERROR",
        "CREATE_ORDER_OTHER_ERROR",
        "CANCEL_ORDER_OTHER_ERROR",
        "DUPLICATE_REQUEST_ID",
        "MALFORMED_JSON",
    }
    assert "accepted (FILLED)" in told.text, "the perp order that waits for the chain"
    assert "again: auth-failed, duplicate-request-id, malformed, rejected" in told.text


def test_json_is_one_object_with_all_that_the_text_says(naive: Path, replay: Callable[..., Told]) -> None:
    told = replay(naive, "--speed", "max", "--format", "json")
    (line,) = told.text.splitlines()
    report = json.loads(line)
    assert (report["verdict"], report["first_divergence"], report["sent"]) == ("reproduced", None, 4)
    assert {"op": "createOrder", "outcome": "accepted (OPEN)", "count": 2} in report["outcomes"]
    assert report["capture"] == str(told.replay.path)


def test_only_what_is_selected_is_sent(naive: Path, replay: Callable[..., Told]) -> None:
    for selection in (
        ["--to-seq", "4"],
        ["--where", "symbol = 'WETHRUSD' AND seq < 5"],
        ["--conn", "1", "--to-seq", "4"],
    ):
        told = replay(naive, "--speed", "max", *selection)
        assert told.code == 0, told.text
        assert [e.op for e in told.replay.events() if e.role == "request" and e.part == 0] == [
            "createOrder",
            "cancelOrder",
        ]


def test_another_key_signs_for_the_recordings_accounts(
    naive: Path, tmp_path: Path, replay: Callable[..., Told]
) -> None:
    key = tmp_path / "key"
    key.write_text("0x" + "22" * 32 + "\n")
    key.chmod(0o600)
    told = replay(naive, "--speed", "max", "--key", key)
    assert told.code == 0, told.text
    (wallet,) = {payload["signerWallet"] for payload in said(told.replay, "createOrder")}
    assert wallet not in {payload["signerWallet"] for payload in said(wsreplay.open(naive), "createOrder")}


def test_a_capture_from_production_goes_to_the_simulator_and_nowhere_else(
    naive: Path, tmp_path: Path, replay: Callable[..., Told]
) -> None:
    def from_production(event: Event) -> None:
        if event.kind == "open":
            event.text = json.dumps(json.loads(event.text or "{}") | {"url": "wss://ws-exec.reya.xyz/"})

    upstreams = {"": "wss://ws-exec.reya.xyz", "rest": "https://api.reya.xyz"}
    told = replay(altered(naive, tmp_path, from_production, upstreams=upstreams), "--speed", "max")
    assert told.code == 0, told.text
    urls = [json.loads(e.text or "{}")["url"] for e in told.replay.events() if e.kind in ("open", "http_request")]
    assert all("//127.0.0.1:" in url for url in urls), urls


@pytest.mark.parametrize("url", ["wss://ws-exec.reya.xyz", "wss://WS-EXEC.reya.xyz./", "rest=https://api.reya.xyz"])
def test_production_must_be_allowed_by_name(naive: Path, tmp_path: Path, url: str) -> None:
    to = ["--to", url] if "=" not in url else ["--to", "ws://127.0.0.1:1", "--to", url]
    line = refused(tmp_path, naive, *to, "--allow-production", "api.example")
    assert "--allow-production " in line
    assert "may execute them" in line
    assert not (tmp_path / "replays").exists()


def test_beyond_this_machine_a_key_must_be_named(naive: Path, tmp_path: Path) -> None:
    assert "--key FILE" in refused(tmp_path, naive, "--to", "ws://venue.test", "--to", "rest=http://venue.test")


@pytest.mark.parametrize(
    ("content", "mode", "word"),
    [("11" * 32, 0o644, "chmod 600"), ("secret", 0o600, "64 hexadecimal"), ("", 0o600, "64")],
)
def test_a_key_file_that_is_none_or_that_others_can_read_is_refused(
    naive: Path, tmp_path: Path, content: str, mode: int, word: str
) -> None:
    key = tmp_path / "key"
    key.write_text(content)
    key.chmod(mode)
    assert word in refused(tmp_path, naive, "--key", key)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--to", "ws://127.0.0.1:1"], "--to rest=http"),
        (["--to", "ws://127.0.0.1:1", "--to", "rest=http://127.0.0.1:1"], "no server was reached"),
        (["--to", "nonsense"], "ws://"),
        (["--speed", "fast"], "no speed"),
        (["--speed", "0x"], "no speed"),
        (["--where", "no_such_column = 1"], "no_such_column"),
        (["--conn", "77"], "nothing to replay"),
        (["--key", "no-such-file"], "no-such-file"),
    ],
)
def test_what_can_not_run_is_said_in_one_line(naive: Path, tmp_path: Path, arguments: list[str], word: str) -> None:
    assert word in refused(tmp_path, naive, *arguments)


def test_a_venue_without_a_simulator_is_played_from_the_recording(tmp_path: Path, replay: Callable[..., Told]) -> None:
    bot = (
        "import sys; from websockets.sync.client import connect\n"
        "with connect(sys.argv[1], proxy=None) as line:\n"
        '    for n in range(3): line.send(\'{"id": %d, "op": "hello"}\' % n); line.recv()\n'
    )
    with echoing_venue() as venue:
        with Recorder(tmp_path, "--to", venue, "--", sys.executable, "-P", "-c", bot, "{url}") as recorder:
            _, capture = recorder.end(None)
        told = replay(capture.path, "--speed", "max")
        assert told.code == 0, told.text
        assert "against the venue as it was recorded" in told.text
        assert "every host counts as production" in refused(tmp_path, capture.path, "--to", "ws://venue.example")
        told = replay(capture.path, "--speed", "max", "--to", venue)
    assert told.code == 0, told.text
    assert [e.text for e in told.replay.events() if e.kind == "text"] == [
        e.text for e in capture.events() if e.kind == "text"
    ]


def until_the_cut(path: Path) -> list[tuple[str, ...]]:
    """What is on record until the fault that cuts the line, and the reply that it cut off; without ids and times."""
    rows = [event for event in wsreplay.open(path).events() if event.part == 0]
    last = next(n for n, event in enumerate(rows) if event.kind == "fault" and '"drop ' in (event.text or "")) + 1
    return [
        (
            event.sender,
            event.kind,
            event.op or "",
            event.ended_by or "",
            "handed on" if event.relay_ns is not None else "",
            json.loads(event.text or "")["fault"] if event.kind == "fault" else "",
        )
        for event in rows[: last + 1]
    ]


@pytest.mark.parametrize(
    "plan",
    [
        ["drop rst before reply createOrder #2"],
        ["duplicate reply cancelOrder", 'drop close 1012 "restart" before reply createOrder #2'],
        ["delay 50ms to 90ms every reply", "drop fin before reply createOrder #2"],
    ],
    ids=lambda plan: plan[-1],
)
def test_a_plan_does_in_a_replay_what_it_does_on_a_live_line(
    naive: Path, tmp_path: Path, replay: Callable[..., Told], plan: list[str]
) -> None:
    live = recorded(tmp_path, *NAIVE, faults=plan)
    words = [word for fault in plan for word in ("--fault", fault)]
    for virtual in ((), ("--virtual",)):
        told = replay(naive, *words, *virtual)
        assert told.code in (0, 1), told.text
        assert all(f"fault: {fault}" in told.text for fault in plan)
        assert told.replay.metadata.fault_plan == wsreplay.open(live).metadata.fault_plan
        assert until_the_cut(told.replay.path) == until_the_cut(live)


def test_a_plan_file_and_short_forms_go_together_and_bad_ones_are_refused(
    naive: Path, tmp_path: Path, replay: Callable[..., Told]
) -> None:
    path = tmp_path / "slow.toml"
    path.write_text('name = "slow"\nseed = 3\nfaults = ["delay 20ms every reply"]\n')
    told = replay(naive, "--virtual", "--fault", path, "--fault", "duplicate reply cancelOrder", "--format", "json")
    report = json.loads(told.text)
    assert sorted(set(report["faults"])) == ["delay 20ms every reply", "duplicate reply cancelOrder"]
    assert (told.replay.metadata.fault_plan["name"], told.replay.metadata.fault_plan["seed"]) == ("slow", 3)
    assert "explode" in refused(tmp_path, naive, "--fault", "explode before reply")


def test_on_virtual_time_it_says_both_times_and_gives_the_same_bytes_again(
    naive: Path, replay: Callable[..., Told]
) -> None:
    one, two = replay(naive, "--virtual"), replay(naive, "--virtual")
    assert one.code == two.code == 0, one.text
    assert " of virtual time (" in one.text
    assert one.replay.path.read_bytes() == two.replay.path.read_bytes()
    assert replay(naive, "--virtual", "--seed", "8").replay.path.read_bytes() != one.replay.path.read_bytes()


def test_faults_strike_at_a_server_that_is_named_too(
    naive: Path, replay: Callable[..., Told], simulator: dict[str, str]
) -> None:
    to = ["--to", simulator[""], "--to", f"rest={simulator['rest']}"]
    told = replay(naive, "--speed", "max", *to, "--fault", "withhold reply cancelOrder")
    assert told.code == 1
    assert "cancelOrder     1  no answer, but accepted" in told.text
    assert "leave out --to" in refused(Path(told.replay.path).parent, naive, *to, "--virtual")


@pytest.fixture
def simulator() -> Iterator[dict[str, str]]:
    """A simulator in a process of its own; its URLs by name."""
    command = [sys.executable, "-P", "-m", "wsreplay", "simulate", "reya"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split(" on ") for _ in range(2)]
        yield {name.removeprefix("listening").strip(): url.strip() for name, url in lines}
        process.terminate()
