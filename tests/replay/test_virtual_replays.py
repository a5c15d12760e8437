"""Whole replays on virtual time: an hour in seconds, the same to the byte, and recorded faults and all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from captures.recorded import capture as written

import wsreplay
from wsreplay import captures
from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.errors import UserError
from wsreplay.captures.event import Event
from wsreplay.faults.plan import load_plan
from wsreplay.replay.performance import Performed, Plan, performed
from wsreplay.venues.registry import dialect

S = 10**9
SAMPLES = Path(captures.__file__).parent / "samples"
DUPLICATE, CAREFUL = SAMPLES / "reya-duplicate-order.parquet", SAMPLES / "reya-careful.parquet"


def replayed(path: Path, out: Path, *faults: str, **plan: Any) -> Performed:
    fault_plan = load_plan(faults) if faults else None
    with Capture.open(path) as capture:
        return performed(capture, Plan(**({"speed": 1.0, "virtual": True} | plan), out=out, fault_plan=fault_plan))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def long_session(out: Path, *, orders: int, every_ns: int) -> Path:
    """The sample's first order, created and cancelled over and over on one line, with time in between."""
    sample = wsreplay.open(DUPLICATE)
    first, *round_ = (event for event in sample.events() if event.part == 0 and event.seq <= 5)
    rows = [first]
    for number in range(orders):
        for event in round_:
            again = msgspec.structs.replace(event, seq=len(rows) + 1)
            passed_ns = number * every_ns + (event.seq > 3) * 2 * S
            for name in ("at_ns", "mono_ns", "first_mono_ns"):
                setattr(again, name, getattr(event, name) + passed_ns)
            said = json.loads(event.text or "")
            said["id"] = f"{said['id']}-{number}"
            payload = said["payload"]
            if "orderId" in payload:
                payload["orderId"] = str(int(payload["orderId"]) + number)
            if "nonce" in payload:
                payload["nonce"] = str(int(payload["nonce"]) + passed_ns // 1000)
                payload["expiresAfter"] += passed_ns // S
            again.text = json.dumps(said)
            rows.append(again)
    about = msgspec.structs.asdict(sample.metadata) | {"ended": None, "fault_plan": None}
    return written(out, *Decoder(dialect("reya")).decode_again(rows), **about)


def test_an_hour_at_its_original_speed_replays_in_seconds(tmp_path: Path) -> None:
    path = long_session(tmp_path / "hour", orders=720, every_ns=5 * S)
    began = time.monotonic()
    told = replayed(path, tmp_path)
    took_s = time.monotonic() - began
    assert told.verdict.reproduced, told.verdict.first
    assert told.requests == 1440
    assert told.took_ns > 3550 * S
    assert told.computed_ns < took_s * S
    assert took_s < 60, "it takes about four, on a core of one's own"
    with Capture.open(told.path) as replay:
        events = list(replay.events())
    assert events[-1].at_ns - events[0].at_ns > 3550 * S
    assert sum(event.kind == "ping" for event in events) == 0, "the line was never idle"


@pytest.mark.parametrize("path", [DUPLICATE, CAREFUL], ids=["duplicate", "careful"])
def test_the_samples_are_reproduced(tmp_path: Path, path: Path) -> None:
    assert replayed(path, tmp_path).verdict.reproduced


def test_a_silent_hour_is_kept_alive_by_pings(tmp_path: Path) -> None:
    path = long_session(tmp_path / "hour", orders=4, every_ns=1200 * S)
    told = replayed(path, tmp_path)
    assert told.verdict.reproduced, told.verdict.first
    with Capture.open(told.path) as replay:
        kinds = [event.kind for event in replay.events()]
    assert kinds.count("ping") == kinds.count("pong") > 20


FAULTS = ["drop rst before reply createOrder #2", "delay 10ms to 2s every reply", "corrupt reply cancelOrder"]


def test_two_runs_in_processes_of_their_own_are_the_same_to_the_byte(tmp_path: Path) -> None:
    def run(number: int, *more: str) -> str:
        out = tmp_path / str(number)
        command = [sys.executable, "-P", "-m", "wsreplay", "run", str(DUPLICATE), "--virtual", "--out", str(out)]
        command += [word for fault in FAULTS for word in ("--fault", fault)]
        environment = os.environ | {"PYTHONHASHSEED": str(number), "XDG_CONFIG_HOME": str(out)}
        done = subprocess.run([*command, *more], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert not (out / "wsreplay").exists(), "no key of this user's was needed"
        return digest(Path(done.stdout.splitlines()[-1].removeprefix("capture ")))

    first = run(1)
    time.sleep(1.1 - time.time() % 1)  # into another second: nothing may hang on the time of day
    assert run(2) == first
    assert run(3, "--seed", "2") != first


DIGESTS = """
import hashlib, sys
from pathlib import Path
from wsreplay.captures.capture import Capture
from wsreplay.replay.performance import Plan, performed
for path in sorted(Path(sys.argv[1]).glob("*.parquet")):
    with Capture.open(path) as capture:
        replay = performed(capture, Plan(virtual=True, speed=1.0, out=Path(sys.argv[2])))
    print(path.name, hashlib.sha256(replay.path.read_bytes()).hexdigest())
"""


def test_every_venue_with_a_simulator_is_the_same_in_every_process(tmp_path: Path) -> None:
    def start(number: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-c", DIGESTS, str(SAMPLES), str(tmp_path / str(number))]
        environment = os.environ | {"PYTHONHASHSEED": str(number), "XDG_CONFIG_HOME": str(tmp_path)}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    told = [process.communicate()[0].splitlines() for process in [start(1), start(2)]]
    assert len(told[0]) == len(list(SAMPLES.glob("*.parquet")))
    assert told[0] == told[1]


def test_the_same_folder_gives_the_same_bytes_under_another_name(tmp_path: Path) -> None:
    one, two = replayed(CAREFUL, tmp_path), replayed(CAREFUL, tmp_path)
    assert one.path != two.path
    assert digest(one.path) == digest(two.path)
    assert digest(replayed(CAREFUL, tmp_path, seed=9).path) != digest(one.path)


def test_the_capture_says_how_it_came_about(tmp_path: Path) -> None:
    told = replayed(DUPLICATE, tmp_path, *FAULTS, seed=5)
    with Capture.open(told.path) as replay:
        about = replay.metadata
        assert about.mode == "run"
        assert about.fault_plan == load_plan(FAULTS).as_json()
        assert (about.notes["virtual"], about.notes["seed"], about.notes["speed"]) == (True, 5, "1x")
        assert about.clocks == wsreplay.open(DUPLICATE).metadata.clocks
        fired = [json.loads(event.text or "")["fault"] for event in replay.events() if event.kind == "fault"]
    assert list(told.faults) == fired
    assert set(fired) <= set(FAULTS)
    assert FAULTS[0] in fired


def test_a_replay_with_faults_can_be_replayed(tmp_path: Path) -> None:
    told = replayed(CAREFUL, tmp_path, "drop rst before reply createOrder #1")
    again = replayed(told.path, tmp_path)
    assert again.verdict.reproduced, again.verdict.first


def rows_of(told: Performed) -> list[Event]:
    with Capture.open(told.path) as capture:
        return list(capture.events())


@pytest.mark.parametrize("virtual", [True, False], ids=["virtual", "real"])
@pytest.mark.parametrize(
    ("fault", "incidents"),
    [
        ("drop rst before reply createOrder #1", {"disconnect", "lost-response"}),
        ("drop fin before reply createOrder #1", {"disconnect", "lost-response"}),
        ('drop close 1012 "restart" before reply createOrder #1', {"disconnect", "lost-response"}),
        ("withhold reply createOrder #1", {"lost-response"}),
        ('reject 401 "no key" before open', {"auth-failed"}),
    ],
)
def test_what_strikes_makes_the_incident_that_it_makes_on_a_live_line(
    tmp_path: Path, fault: str, incidents: set[str], virtual: bool
) -> None:
    told = replayed(CAREFUL, tmp_path, fault, virtual=virtual, patience_ns=S // 2)
    assert told.faults == (fault,)
    found = rows_of(told)
    assert incidents <= {event.op for event in found if event.kind == "incident"}
    lost = [event for event in found if event.op == "createOrder" and event.sender == "venue" and event.part == 0]
    if "createOrder" in fault:
        assert lost[0].relay_ns is None, "what the venue said is on record, as never handed on"


@pytest.mark.parametrize("virtual", [True, False], ids=["virtual", "real"])
def test_a_delay_a_stall_and_a_second_copy_change_nothing_but_time(tmp_path: Path, virtual: bool) -> None:
    plan = ["delay 300ms reply createOrder #1", "stall 200ms after request cancelOrder", "duplicate reply cancelOrder"]
    told = replayed(DUPLICATE, tmp_path, *plan, virtual=virtual)
    assert told.verdict.reproduced, told.verdict.first
    assert len(told.faults) == 3
    assert told.took_ns > S // 2


def test_a_plan_that_lets_no_line_through_is_a_divergence_and_no_failure_to_run(tmp_path: Path) -> None:
    path = long_session(tmp_path / "short", orders=1, every_ns=S)
    told = replayed(path, tmp_path, "drop rst before open every")
    assert not told.verdict.reproduced
    assert "refused (a fault cut the line) now" in str(told.verdict.first)


def test_secrets_that_were_kept_are_hidden_by_the_users_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = wsreplay.open(CAREFUL)
    rows = [event for event in sample.events() if event.kind != "incident"]
    kept = written(tmp_path, *rows, **msgspec.structs.asdict(sample.metadata) | {"redaction": "kept", "ended": None})
    found = []
    for user in ("a", "a", "b"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / user))
        found.append(digest(replayed(kept, tmp_path).path))
    assert found[0] == found[1], "the same for one user"
    assert found[0] != found[2]
    assert len({path.read_text() for path in tmp_path.glob("*/wsreplay/redaction.key")}) == 2, (
        "keys are no virtual ones"
    )


def test_what_does_not_go_together_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leave out --to, or --virtual"):
        replayed(CAREFUL, tmp_path, to=("ws://127.0.0.1:1",))


def test_a_venue_without_a_simulator_is_played_from_its_recording_on_the_same_time(tmp_path: Path) -> None:
    sample = wsreplay.open(CAREFUL)
    rows = [event for event in sample.events() if event.part == 0]
    about = msgspec.structs.asdict(sample.metadata) | {"venue": "generic", "ended": None, "fault_plan": None}
    generic = written(tmp_path, *Decoder(dialect("generic")).decode_again(rows), **about)
    one, two = replayed(generic, tmp_path), replayed(generic, tmp_path)
    assert one.target == "the venue as it was recorded"
    assert one.verdict.reproduced, one.verdict.first
    assert digest(one.path) == digest(two.path)
    assert all(abs(event.at_ns - rows[0].at_ns) < 60 * S for event in rows_of(one))
