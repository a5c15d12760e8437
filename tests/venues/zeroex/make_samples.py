"""Records the sample captures of this venue anew: ``python tests/venues/zeroex/make_samples.py``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from venues.zeroex.recording import LOSING_RELAYER, record, record_at

import wsreplay

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
REFERENCE = "zeroex-launch-kit"
NONSENSE = '{"type": "subscribe",'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for name, capture in {
            "zeroex-orders": record(out, "--updates", "6"),
            "zeroex-reconnect": record(out, "--updates", "4", fault="drop rst before push update #4"),
            "zeroex-error-body": record(out, "--updates", "4", "--nonsense", NONSENSE, venue=REFERENCE),
            "zeroex-launch-kit-orders": record(out, "--updates", "4", venue=REFERENCE),
            "zeroex-stolen-subscription": record(out, "--updates", "4", "--steal", venue=REFERENCE),
            "zeroex-reposted": record_at(LOSING_RELAYER, out, "--repost"),
        }.items():
            with capture:
                path = capture.path
            shutil.copy(path, SAMPLES / f"{name}.parquet")
            (SAMPLES / f"{name}.parquet").chmod(0o644)
            print(name, (SAMPLES / f"{name}.parquet").stat().st_size)


if __name__ == "__main__":
    main()
