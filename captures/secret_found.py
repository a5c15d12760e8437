"""What is found in a text: the spans of its secrets."""

from __future__ import annotations

import re
from typing import NamedTuple

from wsreplay.captures.secret_names import Label, Meaning

TOKEN = re.compile(r"redacted-[a-z]+-[0-9a-f]{16}")
"""What stands in a secret's place. What holds one has been seen to, and is never taken for a secret again."""


class Span(NamedTuple):
    """One secret in a text."""

    start: int
    end: int
    value: str
    """What the span says once its escapes are undone: equal secrets are equal here, wherever they stand."""
    label: Label
    name: str
    """Under which name, or in which place, or of which shape."""
    certain: bool
    """False for a doubtful name."""
    quote: str = ""
    """What must stand around the replacement: quotes, where a number makes way for a word."""


class Found:
    """A text, and the secrets found in it so far."""

    def __init__(self, text: str):
        self.text = text
        self.spans: list[Span] = []

    def add(self, start: int, end: int, value: str, meaning: Meaning, quote: str = "") -> None:
        """Take down a secret, unless it is none: empty, plainly something else, or covered already."""
        if start >= end or ("redacted-" in value and TOKEN.search(value)) or not value.strip("*"):
            return
        plain = meaning.plain
        if plain is not None and plain.fullmatch(value):
            return
        self.spans.append(Span(start, end, value, meaning.label, meaning.name, plain is None, quote))

    def disjoint(self) -> list[Span]:
        """In order, and joined where two overlap: both are secret."""
        if len(self.spans) < 2:
            return self.spans
        self.spans.sort(key=lambda span: (span.start, -span.end))
        joined = self.spans[:1]
        for span in self.spans[1:]:
            last = joined[-1]
            if span.start >= last.end:
                joined.append(span)
            elif span.end > last.end:
                joined[-1] = last._replace(end=span.end, value=self.text[last.start : span.end])
        return joined
