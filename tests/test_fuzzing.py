"""A short run of the fuzzer over everything; ``python -m fuzzing --minutes 60`` is the long one."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_nothing_that_strangers_wrote_breaks_a_law(tmp_path: Path) -> None:
    seed = str(random.randrange(10**9))
    done = subprocess.run(
        [sys.executable, "-m", "fuzzing", "--minutes", "0.2", "--seed", seed, "--keep", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 kinds of finding" in done.stdout
