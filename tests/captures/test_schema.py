"""The columns of a capture, and the document that promises them."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from captures.recorded import BEGAN, metadata

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.schema import (
    FORMAT_VERSION,
    METADATA_KEY,
    SCHEMA,
    Metadata,
    as_metadata,
    file_metadata,
    read_metadata,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "capture-format.md"


def test_the_columns_are_the_fields_of_an_event_and_a_time_for_people() -> None:
    fields = list(Event.__struct_fields__)
    fields.insert(fields.index("part") + 1, "at")
    assert SCHEMA.names == fields


def test_time_for_people_is_microseconds_in_utc_which_every_engine_reads() -> None:
    assert SCHEMA.field("at").type == pa.timestamp("us", "UTC")
    assert all(SCHEMA.field(name).type == pa.int64() for name in SCHEMA.names if name.endswith("_ns"))


def test_no_column_is_nested_since_engines_unnest_differently() -> None:
    assert not [field.name for field in SCHEMA if pa.types.is_nested(field.type)]


def test_the_document_names_every_column_and_no_other() -> None:
    table = DOCUMENT.read_text().split("## The event table")[1].split("\n## ")[0]
    named = [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
    assert named == SCHEMA.names


def test_the_document_names_every_field_of_the_metadata_and_the_present_version() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in Metadata.__struct_fields__ if f"`{name}`" not in text] == []
    assert f"format version {FORMAT_VERSION}" in text


def test_metadata_comes_back_as_it_was_written() -> None:
    said = metadata(
        dialect_version=3,
        upstreams={"": "wss://ws.example", "rest": "https://api.example"},
        fault_plan={"seed": 7, "faults": [{"drop": "rst"}]},
        mode="regular",
        ended="the bot ended with exit code 0",
        notes={"any": ["thing"]},
    )
    content = read_metadata(file_metadata(said)[METADATA_KEY], "x.parquet")
    assert as_metadata(content, "x.parquet") == said
    assert said.clocks == BEGAN


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"clocks": "noon"}', b"{}"])
def test_metadata_that_makes_no_sense_is_named(content: bytes) -> None:
    with pytest.raises(CaptureError, match=r"^x\.parquet has .*the file was altered$"):
        as_metadata(read_metadata(content, "x.parquet"), "x.parquet")
