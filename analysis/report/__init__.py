"""The report: one HTML file that tells a session, works from a mail attachment, and asks nothing of the network."""

from __future__ import annotations

import base64
import gzip
from importlib.resources import files
from pathlib import Path

import msgspec

from wsreplay.analysis.database import Database
from wsreplay.analysis.report.contents import Contents, contents_of
from wsreplay.captures.capture import Capture
from wsreplay.captures.finish import appearing


def write_report(capture: Capture, path: Path) -> int:
    """Write the report of a capture to ``path``; how many bytes it has."""
    with Database.of_captures([capture]) as database:
        page = page_of(contents_of(capture, database))
    with appearing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return len(page.encode())


def page_of(contents: Contents) -> str:
    """The page. What strangers wrote is only ever data in it: compressed, and put on the screen as text."""
    page = _part("report.html")
    packed = base64.b64encode(gzip.compress(msgspec.json.encode(contents), 9, mtime=0)).decode()
    for mark, part in (
        ("/*STYLE*/", _part("report.css")),
        (
            "/*SCRIPT*/",
            "\n".join(_part(f"{name}.js") for name in ("unpack", "words", "timeline", "plots", "tables", "main")),
        ),
        ("<!--TITLE-->", _escaped(contents.name)),
        ("<!--DATA-->", packed),
    ):
        page = page.replace(mark, part)
    return page


def _part(name: str) -> str:
    return (files("wsreplay.analysis.report") / name).read_text(encoding="utf-8")


def _escaped(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, entity)
    return text
