"""What the main screens look like: each is a picture in docs/debugger, which the documentation shows.

After a change that is meant: ``WSREPLAY_NEW_PICTURES=1 pytest tests/debugger/test_screens.py``, and look at them.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from debugger.driving import SAMPLES, debugging

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "debugger"
TWICE = Path("captures/samples/reya-duplicate-order.parquet")
REFUSED = SAMPLES.relative_to(ROOT) / "streams-binance-refused.parquet"
CONDITION = ["space" if letter == " " else letter for letter in "error_code IS NOT NULL"]


@pytest.fixture(autouse=True)
def _in_the_project_and_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "sample", "seq", "theme", "size", "keys"),
    [
        ("worst-incident", TWICE, 0, "wsreplay-dark", (120, 36), []),
        ("smallest", TWICE, 0, "wsreplay-dark", (80, 24), []),
        ("light", TWICE, 14, "wsreplay-light", (120, 36), []),
        ("incidents", TWICE, 0, "wsreplay-dark", (120, 36), ["i"]),
        ("help", TWICE, 0, "wsreplay-dark", (100, 56), ["question_mark"]),
        ("breakpoint", REFUSED, 0, "wsreplay-dark", (120, 36), ["b", *CONDITION]),
    ],
)
def test_the_screen_is_as_its_picture(
    name: str, sample: Path, seq: int, theme: str, size: tuple[int, int], keys: list[str]
) -> None:
    async def story() -> str:
        async with debugging(sample, seq=seq, size=size, theme=theme) as driver:
            await driver.press(*keys)
            for line in driver.app.query("Input"):
                line.cursor_blink = False  # type: ignore[attr-defined]
            await driver.settle()
            return driver.app.export_screenshot(title=f"wsreplay debug {sample.name}")

    # No font from elsewhere, and no names that depend on what else is in the picture.
    picture = re.sub(r"\s*@font-face \{.*?\}", "", asyncio.run(story()), flags=re.DOTALL)
    picture = re.sub(r"terminal-\d+-", "screen-", picture).strip() + "\n"
    place = PICTURES / f"{name}.svg"
    if os.environ.get("WSREPLAY_NEW_PICTURES"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(picture)
    assert words(picture) == words(place.read_text())
    assert picture == place.read_text()


def words(picture: str) -> str:
    """The text in it, which tells a reader of a failed test more than the picture does."""
    return "\n".join(re.findall(r">([^<>]+)</text>", picture)).replace("&#160;", " ")
