"""Autobahn|Testsuite, the strictest reader of WebSocket there is: found, or installed where a Python 2.7 is.

It runs on Python 2.7 alone, which no current system brings. Without one there is a reason to skip, and no testsuite.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

VERSIONS = ("virtualenv==20.15.1", "autobahntestsuite==25.10.1")


class NotHereError(Exception):
    """Why there is no testsuite on this machine."""


def home() -> Path:
    """Where it is installed: outside the project, and kept from run to run."""
    chosen = os.environ.get("WSREPLAY_TESTSUITE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "wsreplay-tests" / "autobahn"


def installed() -> Path | None:
    """The program, if it was installed before."""
    program = home() / "python2" / "bin" / "wstest"
    return program if program.exists() else None


def install() -> Path:
    """The program, installed if need be; a minute, through pip alone."""
    if (program := installed()) is not None:
        return program
    python = _python2()
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    tool, environment = folder / "virtualenv", folder / "python2"
    _run(python, "-m", "pip", "install", "-q", "--target", tool, VERSIONS[0])
    _run(python, "-m", "virtualenv", "-q", environment, PYTHONPATH=str(tool))
    _run(environment / "bin" / "python", "-m", "pip", "install", "-q", VERSIONS[1])
    program = installed()
    if program is None:
        raise NotHereError(f"{VERSIONS[1]} was installed into {environment} and brought no wstest")
    return program


def start(mode: str, spec: dict[str, Any], folder: Path, *options: str | Path) -> subprocess.Popen[bytes]:
    """Run ``wstest`` in a folder; what it says goes to a file there."""
    program = installed()
    assert program is not None
    (folder / "spec.json").write_text(json.dumps(spec))
    with (folder / "wstest.log").open("wb") as log:
        return subprocess.Popen(
            [program, "-m", mode, "-s", "spec.json", *options],
            cwd=folder,
            stdout=log,
            stderr=log,
            # Its own warnings, and those of the old libraries under it.
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )


def _python2() -> Path:
    """A Python 2.7 that runs. A name on the path may be a mere stand-in of a version manager."""
    named = [found for name in ("python2.7", "python2") if (found := shutil.which(name))]
    managed = sorted((Path.home() / ".pyenv" / "versions").glob("2.7*/bin/python2.7"))
    for each in [*map(Path, named), *managed]:
        asked = subprocess.run([each, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and "python 2.7" in asked.stdout:
            return each
    raise NotHereError("Autobahn|Testsuite needs a Python 2.7 with pip, and there is none here")


def _run(*command: str | Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONWARNINGS": "ignore"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NotHereError(f"{' '.join(map(str, command[1:4]))} failed: {' '.join(last)}")


if __name__ == "__main__":
    try:
        print(install())
    except NotHereError as why:
        print(f"skipped: {why}", file=sys.stderr)
        sys.exit(3)
