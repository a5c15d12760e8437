"""Fuzz all that reads what strangers wrote.

    python -m fuzzing --minutes 60              every target for its share of the time
    python -m fuzzing --frames 1000000 --files 10000   so many inputs for each, however long it takes
    python -m fuzzing --target "dialect reya" --atheris

Inputs that broke a law are kept in the folder `fuzzing/found` (or --keep), named after the target and their hash. Exit
codes: 0 nothing found, 1 found. `--atheris` uses Google's fuzzer, if it is installed (`pip install atheris`; it has
wheels for Linux only), for one target; the fuzzer of our own needs nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import random
import sys
import time
import traceback
from pathlib import Path

from fuzzing.mutation import Coverage, fuzz
from fuzzing.targets import FILES, BrokenLawError, seeds, targets


def main() -> int:
    """Fuzz, and print a line for each target."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzzing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, help="How long, in all.")
    parser.add_argument("--frames", type=int, help="How many inputs for each target that reads from the wire.")
    parser.add_argument("--files", type=int, help="How many inputs for each target that reads files.")
    parser.add_argument("--target", action="append", choices=list(targets()), help="Only this one.")
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))  # noqa: S311
    parser.add_argument("--keep", type=Path, default=Path(__file__).parent / "found")
    parser.add_argument("--atheris", action="store_true", help="Let Google's coverage-guided fuzzer do it.")
    chosen = parser.parse_args()
    wanted = {name: each for name, each in targets().items() if not chosen.target or name in chosen.target}
    if chosen.atheris:
        return _with_atheris(next(iter(wanted)), chosen.keep)
    counted = chosen.frames or chosen.files
    minutes = chosen.minutes or (1e6 if counted else 1.0)
    print(f"seed {chosen.seed}", flush=True)
    broken: dict[str, int] = {}
    with Coverage() as coverage:
        for name, target in wanted.items():
            kinds: set[str] = set()

            def found(data: bytes, error: Exception, name: str = name, kinds: set[str] = kinds) -> None:
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(where.filename).name}:{where.lineno}"
                law = str(error) if isinstance(error, BrokenLawError) else ""
                kind = f"{type(error).__name__} {law} ({place})"
                if kind not in kinds and len(kinds) < 20:
                    kinds.add(kind)
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    kept = chosen.keep / f"{name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
                    kept.write_bytes(data)
                    print(f"  {kind} {str(error)[:100]}: {kept}", flush=True)

            most = chosen.files if name in FILES else chosen.frames
            if counted and most is None:
                continue
            began = time.monotonic()
            tried = fuzz(
                target,
                seeds(name),
                seed=chosen.seed,
                until=began + minutes * 60 / len(wanted),
                most=most,
                found=found,
                coverage=coverage,
            )
            broken[name] = len(kinds)
            took = time.monotonic() - began
            print(f"{name}: {tried:,} inputs in {took:.1f} s, {len(kinds)} kinds of finding", flush=True)
    return 1 if any(broken.values()) else 0


def _with_atheris(name: str, keep: Path) -> int:
    try:
        atheris = importlib.import_module("atheris")  # it is no dependency
    except ImportError:
        print("atheris is not installed here: leave --atheris out, our own fuzzer needs nothing", file=sys.stderr)
        return 2
    corpus = keep / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = targets()[name]
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={keep}/"], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
