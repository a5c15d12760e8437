"""A test case of a part of a capture: the part as a capture of its own, and a test that says what went wrong in it."""

from __future__ import annotations

import re
from pathlib import Path

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.captures.finish import appearing

_TEST = '''\
"""What went wrong in {name}, an excerpt of {whole}."""

from pathlib import Path

import wsreplay
from wsreplay.analysis.incidents.search import incidents_in

CAPTURE = Path(__file__).parent / "{name}"


def test_{word}() -> None:
    with wsreplay.open(CAPTURE) as capture:
        found = [(incident.kind, incident.certainty, incident.seq) for incident in incidents_in(capture.events())]
    assert found == {found}
'''


def write_test(excerpt: Path, whole: str, path: Path) -> None:
    """Write a pytest module that holds ``excerpt``, a capture beside it, to its incidents."""
    with Capture.open(excerpt) as capture:
        found = [(each.kind, each.certainty, each.seq) for each in incidents_in(capture.events())]
    lines = "".join(f"        {line!r},\n" for line in found)
    text = _TEST.format(
        name=excerpt.name,
        whole=whole.replace('"""', ""),
        word=re.sub(r"\W+", "_", excerpt.stem).strip("_").lower() or "excerpt",
        found=f"[\n{lines}    ]" if found else "[]",
    )
    with appearing(path) as temporary:
        temporary.write_text(text)
