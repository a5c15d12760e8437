"""The keys: one table, and the page in the documentation has it word by word."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from wsreplay.debugger.app import Debugger
from wsreplay.debugger.keys import KEYS, markdown

ROOT = Path(__file__).parents[2]
SCREENS = (Path(__file__).parent / "test_screens.py").read_text()
PAGE = (ROOT / "docs" / "debugger.md").read_text()


def test_the_page_has_the_keys_as_they_are() -> None:
    assert markdown().strip() in PAGE


def test_every_picture_on_the_page_is_a_screen_that_is_tested() -> None:
    pictures = re.findall(r"\]\((\S+\.svg)\)", PAGE)
    assert len(pictures) >= 3
    for picture in pictures:
        assert (ROOT / "docs" / picture).is_file()
        assert f'"{Path(picture).stem}"' in SCREENS


def test_no_key_means_two_things() -> None:
    keys = Counter(one for key in KEYS for one in key.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_key_does_something() -> None:
    for key in KEYS:
        action = key.action.partition("(")[0].removeprefix("app.")
        assert hasattr(Debugger, f"action_{action}"), key


def test_the_footer_fits_into_the_smallest_terminal() -> None:
    assert sum(len(key.shown) + len(key.footer) + 2 for key in KEYS if key.footer) <= 80
