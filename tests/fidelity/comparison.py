"""Autobahn|Testsuite direct and through ``wsreplay record``: are the reports equal, case by case?

    python tests/fidelity/comparison.py [--cases '*'] [--side server|client] [--deflate] [--tls] [--exclude 9.*]

Without a choice it runs all eight combinations. `server`: the testsuite is a client, and fuzzes a server through us;
`client`: it is the server, and fuzzes a client. With TLS the second goes through the HTTP proxy mode, so that both legs
are TLS. Exit codes: 0 equal, 1 different, 3 there is no testsuite here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import trustme

sys.path.insert(0, str(Path(__file__).parent.parent))

from cli.recorder import Recorder
from fidelity import peers, testsuite

import wsreplay
from wsreplay.proxy.certificates import bot_roots, ca_folder

BY_TIMING = {"3.4", "4.1.5", "4.2.5"}
"""Cases whose verdict is OK or NON-STRICT by timing, without us as well."""
SHORT = ["1.1.*", "1.2.1", "1.2.8", "2.*", "3.*", "4.*", "5.*", "6.1.*", "6.3.1", "6.4.1", "6.6.*", "7.*", "10.*"]
SHORT_DEFLATE = ["1.1.1", "5.19", "12.1.1", "12.3.1", "13.1.1", "13.3.1", "13.5.1", "13.7.1"]
"""A choice that takes seconds, and has every kind of frame and of end in it."""
DIRECT, THROUGH = "direct", "through-wsreplay"


class Verdict(NamedTuple):
    """What the testsuite says about one case."""

    behaviour: str
    behaviour_close: str
    close_code: int | None


class Compared(NamedTuple):
    """Two runs."""

    direct: dict[str, Verdict]
    through: dict[str, Verdict]
    recorded: Path

    @property
    def differences(self) -> dict[str, tuple[Verdict | None, Verdict | None]]:
        """The cases that went otherwise with us in between."""
        cases = sorted(self.direct.keys() | self.through.keys(), key=_order)
        return {
            case: (self.direct.get(case), self.through.get(case))
            for case in cases
            if not _equal(case, self.direct.get(case), self.through.get(case))
        }


def server_fuzzed(folder: Path, cases: Sequence[str], exclude: Sequence[str], *, deflate: bool, tls: bool) -> Compared:
    """The testsuite's client against a server, and against the same server through us."""
    certificate, trust = _certificate(folder) if tls else ("", None)
    port = _free_port()
    peer = [sys.executable, peers.__file__, str(port), "deflate" if deflate else "plain", certificate]
    url = f"wss://localhost:{port}" if tls else f"ws://127.0.0.1:{port}"
    with _running(subprocess.Popen(peer, stdout=subprocess.PIPE, text=True)) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        trusting: list[str | Path] = ["--trust", trust] if trust else []
        with Recorder(folder / "captures", "--to", url, *trusting) as recorder:
            ours = recorder.url()
            spec = {
                "outdir": "reports",
                "servers": [{"agent": DIRECT, "url": url}, {"agent": THROUGH, "url": ours}],
                "cases": list(cases),
                "exclude-cases": list(exclude),
                "exclude-agent-cases": {},
            }
            with _running(testsuite.start("fuzzingclient", spec, folder)) as fuzzer:
                fuzzer.wait()
            recorder.process.terminate()
            recorded = _capture(recorder)
    return _compared(folder, recorded)


def client_fuzzed(folder: Path, cases: Sequence[str], exclude: Sequence[str], *, deflate: bool, tls: bool) -> Compared:
    """A client against the testsuite's server, and the same client through us."""
    _, trust = _certificate(folder) if tls else ("", None)
    port = _free_port()
    url = f"wss://localhost:{port}" if tls else f"ws://127.0.0.1:{port}"
    spec: dict[str, Any] = {
        "url": url,
        "outdir": "reports",
        "cases": list(cases),
        "exclude-cases": list(exclude),
        "exclude-agent-cases": {},
    }
    if tls:  # the options for these are taken and not looked at
        spec |= {"key": "key.pem", "cert": "certificate.pem"}
    with _running(testsuite.start("fuzzingserver", spec, folder, "-u", "0")):
        _until_listening(port)
        asyncio.run(peers.be_client(url, DIRECT, deflate=deflate, trust=trust, proxy=None))
        mode = ["--mode", "regular", "--allow-host", "localhost", "--trust", trust or ""] if tls else ["--to", url]
        with Recorder(folder / "captures", *mode) as recorder:
            ours = recorder.url()
            asyncio.run(
                peers.be_client(
                    url if tls else ours,
                    THROUGH,
                    deflate=deflate,
                    trust=bot_roots(ca_folder()) if tls else None,
                    proxy=ours if tls else None,
                )
            )
            recorder.process.terminate()
            recorded = _capture(recorder)
    return _compared(folder, recorded)


SIDES = {"server": server_fuzzed, "client": client_fuzzed}


def _compared(folder: Path, recorded: Path) -> Compared:
    index = folder / "reports" / "index.json"
    if not index.exists():
        raise RuntimeError(f"wstest made no report: {(folder / 'wstest.log').read_text(errors='replace')[-2000:]}")
    reports = json.loads(index.read_text())
    direct, through = (
        {
            case: Verdict(said["behavior"], said["behaviorClose"], said["remoteCloseCode"])
            for case, said in reports.get(agent, {}).items()
        }
        for agent in (DIRECT, THROUGH)
    )
    return Compared(direct, through, recorded)


def _equal(case: str, one: Verdict | None, other: Verdict | None) -> bool:
    if case in BY_TIMING and one is not None and other is not None:
        timing = {"OK", "NON-STRICT"}
        both = {one.behaviour, other.behaviour} <= timing and {one.behaviour_close, other.behaviour_close} <= timing
        return both and one.close_code == other.close_code
    return one == other


def _capture(recorder: Recorder) -> Path:
    out, told = recorder.process.communicate(timeout=120)
    last = out.splitlines()[-1] if out else told
    assert last.startswith("capture "), last
    return Path(last.removeprefix("capture "))


@contextlib.contextmanager
def _running[P: subprocess.Popen[str] | subprocess.Popen[bytes]](process: P) -> Iterator[P]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _certificate(folder: Path) -> tuple[str, Path]:
    """Key and certificate of localhost in one file and in two, and the CA that they lead to."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    return str(folder / "both.pem"), folder / "ca.pem"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError("the testsuite's server never listened")


def _order(case: str) -> list[int]:
    return [int(part) for part in case.split(".")]


def main() -> int:
    """Run what was asked for, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["*"])
    parser.add_argument("--exclude", nargs="*", default=[])
    parser.add_argument("--side", choices=list(SIDES))
    parser.add_argument("--deflate", action=argparse.BooleanOptionalAction)
    parser.add_argument("--tls", action=argparse.BooleanOptionalAction)
    parser.add_argument("--keep", type=Path, help="Keep reports and captures in this folder.")
    chosen = parser.parse_args()
    try:
        testsuite.install()
    except testsuite.NotHereError as why:
        print(f"skipped: {why}", file=sys.stderr)
        return 3
    different = 0
    for side, deflate, tls in itertools.product(SIDES, (False, True), (False, True)):
        if (chosen.side or side, chosen.deflate in (None, deflate), chosen.tls in (None, tls)) != (side, True, True):
            continue
        with tempfile.TemporaryDirectory() as made:
            name = f"{side}{'-deflate' if deflate else ''}{'-tls' if tls else ''}"
            folder = (chosen.keep or Path(made)).resolve() / name
            folder.mkdir(parents=True)
            os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
            began = time.monotonic()
            compared = SIDES[side](folder, chosen.cases, chosen.exclude, deflate=deflate, tls=tls)
            with wsreplay.open(compared.recorded) as capture:
                gaps = sum(event.kind == "gap" for event in capture.events())
            wrong = compared.differences
            different += len(wrong) + gaps
            print(
                f"{name}: {len(compared.direct)} cases direct, {len(compared.through)} through wsreplay, "
                f"{len(wrong)} different, {gaps} gaps, {time.monotonic() - began:.0f} s",
                flush=True,
            )
            for case, (one, other) in wrong.items():
                print(f"  {case}: direct {one}, through wsreplay {other}", flush=True)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
