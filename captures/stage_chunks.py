"""The layout of a stage: eight bytes of magic, then chunks, each with its length and its checksum."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

import msgspec

MAGIC = b"wsrstage"
HEADER = struct.Struct("<IIBI")
"""Length of the body; CRC-32 over the rest of the header and the body; what the chunk is; how many rows it holds."""


class What(IntEnum):
    """What a chunk holds."""

    HEAD = 1
    """JSON of :class:`Head`. The first chunk, and only that one."""
    ROWS = 2
    """msgpack: an array of rows, each an array of values in the order of the head's columns."""
    ROWS_LZ4 = 3
    """The same: its length in four bytes, then LZ4-compressed (raw block)."""
    BATCH = 4
    """An Arrow IPC stream of one record batch, of those columns that hold anything."""
    END = 5
    """The stage was closed in order. No body, and nothing comes after it."""


LATE = 0x80
"""Added to what a chunk of rows is, if its rows have addresses that lie before those of rows written earlier."""


class Head(msgspec.Struct):
    """What a reader must know first."""

    format: int
    columns: list[str]


class Chunk(NamedTuple):
    """One chunk, as it was read back."""

    what: int
    rows: int
    body: bytes

    @property
    def late(self) -> bool:
        """Whether its rows belong before others that were written earlier."""
        return bool(self.what & LATE)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return HEADER.size + len(self.body)


def packed(what: int, rows: int, body: bytes) -> bytes:
    """The bytes of a chunk."""
    header = HEADER.pack(len(body), 0, what, rows)
    return HEADER.pack(len(body), crc32(body, crc32(header[8:])), what, rows) + body


def chunk_at(fd: int, position: int, size: int) -> Chunk | None:
    """The chunk that starts at ``position`` of a file of ``size`` bytes; None where none is whole."""
    header = os.pread(fd, HEADER.size, position)
    if len(header) < HEADER.size:
        return None
    length, checksum, what, rows = HEADER.unpack(header)
    # A torn header may promise gigabytes that the file does not have.
    if length > size - position - HEADER.size:
        return None
    body = os.pread(fd, length, position + HEADER.size)
    if len(body) < length or crc32(body, crc32(header[8:])) != checksum:
        return None
    return Chunk(what, rows, body)


def headers(fd: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Position, what, and number of rows of each chunk, told without reading their bodies."""
    position = len(MAGIC)
    while position + HEADER.size <= size:
        length, _, what, rows = HEADER.unpack(os.pread(fd, HEADER.size, position))
        behind = position + HEADER.size + length
        if behind <= size:
            yield position, what, rows
        position = behind
