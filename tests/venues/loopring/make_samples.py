"""Records the sample captures of this venue anew: ``python tests/venues/loopring/make_samples.py``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from venues.loopring.recording import record

import wsreplay

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for name, capture in {
            "loopring-quiet-day": record(out, "long_day"),
            "loopring-duplicate-order": record(out, "duplicate"),
            "loopring-extra-pong": record(out, "extra_pong"),
            "loopring-reconnect": record(out, "reconnecting", fault="drop rst before reply sub #1"),
        }.items():
            with capture:
                path = capture.path
            sample = SAMPLES / f"{name}.parquet"
            shutil.copy(path, sample)
            sample.chmod(0o644)
            print(name, sample.stat().st_size)


if __name__ == "__main__":
    main()
