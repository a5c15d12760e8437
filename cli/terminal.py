"""What the other end of standard output is: a person's terminal, or a program."""

from __future__ import annotations

import os
import shutil
import sys


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def in_colour() -> bool:
    """Whether to colour it: on a terminal, unless NO_COLOR says no; elsewhere only if FORCE_COLOR says so."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal() and os.environ.get("TERM") != "dumb"


def columns() -> int | None:
    """How wide it is. None where nobody said so: what ``grep`` reads must not be shortened."""
    if is_terminal() or os.environ.get("COLUMNS", "").isdigit():
        return max(shutil.get_terminal_size().columns, 40)
    return None
