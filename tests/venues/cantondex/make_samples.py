"""Records this venue's sample captures anew, with real processes: python tests/venues/cantondex/make_samples.py."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from venues.cantondex.recording import SLOW, recorded, venue

import wsreplay
from wsreplay.venues.cantondex.setup import CantonDexSetup

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
STORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "happy": ("happy", ()),
    "careless": ("careless", ()),
    "lost-login": ("forgetful", ("--fault", "drop rst before reply subscribe #2")),
    "duplicate-order": ("impatient", ()),
}
"""By the name of the sample: what the bot does, and what goes wrong on the line."""


def main() -> None:
    """Record each, and put it where the package keeps its samples."""
    for name, (story, arguments) in STORIES.items():
        with tempfile.TemporaryDirectory() as folder:
            if story == "impatient":
                with venue(CantonDexSetup(delays=SLOW)) as where, recorded(Path(folder), story, *where) as capture:
                    shutil.copyfile(capture.path, SAMPLES / f"cantondex-{name}.parquet")
            else:
                with recorded(Path(folder), story, *arguments) as capture:
                    shutil.copyfile(capture.path, SAMPLES / f"cantondex-{name}.parquet")
        print(f"cantondex-{name}.parquet")


if __name__ == "__main__":
    main()
