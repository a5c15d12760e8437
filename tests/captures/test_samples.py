"""The captures that ship with the package: they open, tell what their page says, and give nothing away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wsreplay
from wsreplay.captures.leaks import leaks
from wsreplay.venues.registry import dialect

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"


def kinds_in(name: str) -> set[str | None]:
    with wsreplay.open(SAMPLES / f"{name}.parquet") as capture:
        return {event.op for event in capture.events() if event.kind == "incident"}


def test_every_sample_is_on_its_page() -> None:
    page = (SAMPLES / "README.md").read_text()
    assert set(re.findall(r"`([\w-]+\.parquet)`", page)) == {path.name for path in SAMPLES.glob("*.parquet")}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.parquet")), ids=lambda path: path.stem)
def test_no_sample_gives_a_secret_away(path: Path) -> None:
    with wsreplay.open(path) as capture:
        assert leaks(capture.events(), secrets=dialect(capture.metadata.venue).secrets) == []
        assert capture.metadata.redaction == "redacted"


def test_the_naive_bot_made_two_orders_of_one() -> None:
    assert {"duplicate-order", "blind-retry", "lost-response", "disconnect"} <= kinds_in("reya-duplicate-order")


def test_its_careful_twin_did_not() -> None:
    assert kinds_in("reya-careful") & {"duplicate-order", "blind-retry"} == set()
