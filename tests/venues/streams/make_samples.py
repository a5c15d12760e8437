"""Records the sample captures of these venues anew: ``python tests/venues/streams/make_samples.py``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[2]
FOLDER = TESTS.parent / "captures" / "samples"


def main() -> None:
    """Record each, and put it where samples lie."""
    sys.path.insert(0, str(TESTS))
    from venues.streams.sessions import SAMPLES

    for name, recorded in SAMPLES.items():
        with tempfile.TemporaryDirectory() as out:
            shutil.copyfile(recorded(Path(out)), FOLDER / f"{name}.parquet")
        print(f"{name}.parquet: {(FOLDER / f'{name}.parquet').stat().st_size} bytes")


if __name__ == "__main__":
    main()
