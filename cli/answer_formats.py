"""The answer to a query, as a table for people or as csv, json or parquet for programs."""

from __future__ import annotations

import base64
import csv
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from wsreplay.analysis.database import Answer
from wsreplay.captures.finish import appearing
from wsreplay.cli.answer_cells import columns_of, rows_of
from wsreplay.cli.harmless import harmless
from wsreplay.cli.json_text import write_array
from wsreplay.cli.table import Table
from wsreplay.cli.terminal import columns, is_terminal


def write_answer(answer: Answer, form: str, out: Path | None) -> None:
    """Write the answer to standard output, or to a file, which appears when it is whole."""
    if form == "parquet":
        if out is None:
            raise AssertionError("the command asks for a file")
        with appearing(out) as temporary:
            _write_parquet(answer, temporary)
        return
    write: Callable[[Answer, IO[str]], None] = {"csv": _write_csv, "json": _write_json, "table": _write_table}[form]
    if out is None:
        write(answer, sys.stdout)
        return
    with appearing(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write(answer, file)


def _write_table(answer: Answer, out: IO[str]) -> None:
    table = Table(columns_of(answer.schema), columns() if out is sys.stdout else None)
    count = 0
    for batch in answer.batches():
        for row in rows_of(batch):
            table.add(row)
        count += batch.num_rows
        table.write(out, more=True)
    table.write(out)
    if out is sys.stdout and is_terminal():
        print(f"({count:,} row{'' if count == 1 else 's'})", file=sys.stderr)


def _write_json(answer: Answer, out: IO[str]) -> None:
    write_array(_rows(answer), out)


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    names = _distinct(answer.schema.names)
    for batch in answer.batches():
        values = [_plain(column) for column in batch.columns]
        for row in zip(*values, strict=True):
            yield dict(zip(names, row, strict=True))


def _write_csv(answer: Answer, out: IO[str]) -> None:
    # A person's terminal obeys what is in a payload, and a program wants it as it is.
    for_people = out is sys.stdout and is_terminal()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.schema.names)
    for batch in answer.batches():
        values = [[_field(value) for value in _plain(column)] for column in batch.columns]
        if for_people:
            values = [[harmless(field) for field in column] for column in values]
        writer.writerows(zip(*values, strict=True))


def _write_parquet(answer: Answer, path: Path) -> None:
    names = _distinct(answer.schema.names)
    with pq.ParquetWriter(path, _renamed(answer.schema, names)) as writer:
        for batch in answer.batches():
            writer.write_batch(batch.rename_columns(names))


def _renamed(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])


def _distinct(names: list[str]) -> list[str]:
    """Names of columns without repetition: a second ``seq`` is ``seq_2``, and none hides another."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free)
        distinct.append(free)
    return distinct


def _plain(column: pa.Array) -> list[Any]:
    """The values as JSON has them."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return [None if value is None else str(value) for value in column.cast(pa.string()).to_pylist()]
    if pa.types.is_timestamp(kind) and kind.tz:
        return [None if value is None else value.astimezone(UTC) for value in column.to_pylist()]
    return list(column.to_pylist())


def _field(value: object) -> str:
    """A value in CSV. Nothing is an empty field; what is nested is JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list() | dict():
            return msgspec.json.encode(value, enc_hook=str).decode()
        case _:
            return str(value)
