"""docs/sql.md: every question on it can be asked, and its table names every view."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from wsreplay.analysis.database import Database
from wsreplay.analysis.views import VIEWS
from wsreplay.captures.capture import open_all

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sql.md").read_text()
QUESTIONS = re.findall(r"\n([^\n]+)\n\n```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def database() -> Database:
    return Database.of_captures(open_all(ROOT / "captures" / "samples"))


@pytest.mark.parametrize(("why", "question"), QUESTIONS, ids=[why for why, _ in QUESTIONS])
def test_a_question_can_be_asked(database: Database, why: str, question: str) -> None:
    answer = database.ask(question)
    rows = pa.Table.from_batches(answer.batches(), answer.schema)
    if "heartbeats" not in question and "subscriptions" not in question:
        assert rows.num_rows > 0, why


def test_the_page_names_every_view() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("| view |") : PAGE.index("## Questions")]))
    assert named >= set(VIEWS)
    assert len(QUESTIONS) >= 10
