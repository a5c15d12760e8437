"""The hand-over: a ring of records in memory that the proxy and the scribe share.

One writer (the proxy) and one reader (the scribe). The memory has no name and no file, goes to the scribe as a file
descriptor, and outlives a writer that is killed for as long as the reader holds it, and the other way round. What has
not been redacted yet is only ever here, never on a disk.

Layout: a page of 8-byte words, the ring, and two areas for the reader's notes. Positions count bytes since the
beginning and never wrap, so a position is also a name for a moment in the stream. A record never wraps: what is left
of a lap that is too short for the next record is marked as skipped. The reader frees memory only when it needs it no
more (:meth:`HandOverReader.release`), and leaves notes with it that let its successor go on exactly there.

Memory order: the writer stores a record first and then its position, with one aligned 8-byte store. x86 keeps stores in
order. Other processors (ARM) may not, and Python has no fence: there an uncontended lock is taken between the two,
whose atomic operations order what is before and behind them.
"""

from __future__ import annotations

import mmap
import os
import platform
import struct
import threading
from typing import Self

from wsreplay.captures.wire import Loss, Record, What, as_json

CAPACITY = 256 << 20
_PAGE = 1 << 16
"""Pages have up to 64 KiB on some ARM machines; every area begins at a multiple of this."""
_RING = _PAGE
_LEAST = 1 << 12

# The words, each with a single writer. Those of the proxy and those of the scribe lie on cache lines of their own.
_CAPACITY = 0
_WRITTEN = 16
_LOST_RECORDS, _LOST_BYTES, _LOST_FROM, _LOST_TO = 32, 33, 34, 35
_RELEASED = 48
_NOTES = 49
"""0: no notes yet; 1 or 2: which area holds the newest ones."""

_HEADER = struct.Struct("=IBBxxixxxxqqq")
"""Length of the body, what, leg, connection, at_ns, mono_ns, relay_ns."""
_SKIP = 0xFFFF_FFFF
_SKIP_MARK = struct.Struct("=Q")
_NOTE_HEADER = struct.Struct("=QQ")
_WHATS = {int(what): what for what in What}
_FENCED = platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686")


class _Shared:
    """The mapping, as both sides see it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        """To be passed on to the other side's process."""
        self._memory = mmap.mmap(fd, os.fstat(fd).st_size)
        if hasattr(mmap, "MADV_DONTDUMP"):
            self._memory.madvise(mmap.MADV_DONTDUMP)  # a core file is a disk, too
        self._words = memoryview(self._memory)[:_PAGE].cast("Q")
        self.capacity = self._words[_CAPACITY]
        self._fence = threading.Lock() if _FENCED else None

    def _loss(self, legs: list[tuple[int, bool]]) -> Loss:
        records, size, first, last = self._words[_LOST_RECORDS : _LOST_TO + 1].tolist()
        return Loss(records=records, bytes=size, from_mono_ns=first, to_mono_ns=last, legs=legs)

    def close(self) -> None:
        """Let go of the memory. It is gone once the other side has let go of it as well."""
        self._words.release()
        self._memory.close()
        os.close(self.fd)

    def prefault(self) -> None:
        """Have the kernel provide the ring's memory now, not page by page while records are put.

        It takes half a second for 256 MB on a virtual machine. The interpreter is free meanwhile, but the process'
        memory map is not, so this is best done in a thread of the reader's process: the pages are shared.
        """
        if hasattr(mmap, "MAP_POPULATE"):
            piece = 4 << 20
            for offset in range(0, _RING + self.capacity, piece):
                length = min(piece, _RING + self.capacity - offset)
                mmap.mmap(self.fd, length, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=offset).close()


class HandOver(_Shared):
    """The writer's side."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._position = self._words[_WRITTEN]
        self._lap = self._position - self._position % self.capacity
        self._base = _RING - self._lap
        self._reserve = self.capacity // 64
        self._legs_lost: set[tuple[int, bool]] = set()
        self._limit = 0
        """Up to here a record may be put without looking at how far the reader is; 0 while a loss is to be stated."""

    @classmethod
    def create(cls, capacity: int = CAPACITY) -> Self:
        """New shared memory with room for that many bytes (rounded up to whole pages)."""
        capacity = _whole_pages(max(capacity, _LEAST))
        fd = _memory(_RING + capacity + 2 * _whole_pages(capacity // 8))
        with mmap.mmap(fd, _PAGE) as words:
            words[:8] = _SKIP_MARK.pack(capacity)
        return cls(fd)

    def put(
        self,
        what: int,
        venue_side: bool,
        conn: int,
        at_ns: int,
        mono_ns: int,
        relay_ns: int,
        body: bytes | bytearray,
    ) -> bool:
        """Hand a record over; False if there is no room for it, and then it is dropped and counted. Never blocks."""
        length = len(body)
        start = self._position
        end = start + ((length + 47) & -8)
        if end > self._limit:
            return self._put_with_care(what, venue_side, conn, at_ns, mono_ns, relay_ns, body)
        at = self._base + start
        _HEADER.pack_into(self._memory, at, length, what, venue_side, conn, at_ns, mono_ns, relay_ns)
        if length:
            at += 40
            self._memory[at : at + length] = body
        if self._fence is not None:
            with self._fence:
                pass
        self._position = self._words[_WRITTEN] = end
        return True

    @property
    def written(self) -> int:
        """The position up to which records were put."""
        return self._position

    @property
    def released(self) -> int:
        """The position up to which the reader needs nothing any more."""
        return self._words[_RELEASED]

    @property
    def losing(self) -> bool:
        """Whether records are being dropped: what was lost is counted and not stated yet."""
        return self._words[_LOST_RECORDS] != 0

    def _put_with_care(
        self,
        what: int,
        venue_side: bool,
        conn: int,
        at_ns: int,
        mono_ns: int,
        relay_ns: int,
        body: bytes | bytearray,
    ) -> bool:
        """At the end of a lap, when the ring seems full, and after a loss."""
        size = (len(body) + 47) & -8
        # Data comes again and again; that a connection opened or ended comes once, and finds a reserve.
        spare = self._reserve if what == What.DATA else 0
        words = self._words
        if words[_LOST_RECORDS]:
            loss = as_json(self._loss(sorted(self._legs_lost)))
            if not self._make_way((len(loss) + 47) & -8, spare + size):
                return self._lose(size, conn, venue_side, mono_ns)
            self.put(What.LOST, False, 0, at_ns, mono_ns, -1, loss)
            words[_LOST_RECORDS] = words[_LOST_BYTES] = 0
            self._legs_lost.clear()
        if not self._make_way(size, spare):
            return self._lose(size, conn, venue_side, mono_ns)
        return self.put(what, venue_side, conn, at_ns, mono_ns, relay_ns, body)

    def _make_way(self, size: int, spare: int) -> bool:
        """Set position and limit so that a record of this size can be put, with something to spare; False: no room."""
        start = self._position
        skipped = 0 if start + size <= self._lap + self.capacity else self._lap + self.capacity - start
        room = self._words[_RELEASED] + self.capacity
        if start + skipped + size > room - spare:
            return False
        if skipped:
            _SKIP_MARK.pack_into(self._memory, self._base + start, _SKIP)
        if skipped or start == self._lap + self.capacity:
            self._lap += self.capacity
            self._base -= self.capacity
            self._position = start + skipped  # published together with the record
        self._limit = min(self._lap + self.capacity, max(self._position + size, room - self._reserve))
        return True

    def _lose(self, size: int, conn: int, venue_side: bool, mono_ns: int) -> bool:
        """Count a record that does not fit. The counts are shared: a reader that outlives the writer states them."""
        words = self._words
        if not words[_LOST_RECORDS]:
            words[_LOST_FROM] = mono_ns
        words[_LOST_TO] = mono_ns
        words[_LOST_BYTES] += size
        words[_LOST_RECORDS] += 1
        self._legs_lost.add((conn, venue_side))
        self._limit = 0
        return False


class HandOverReader(_Shared):
    """The reader's side. One at a time; a new one goes on from the notes, or from the release, of the one before."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._note_size = _whole_pages(self.capacity // 8)
        self.room_for_notes = self._note_size - _NOTE_HEADER.size
        self._position = self._words[_RELEASED]
        self.notes = b""
        """What the last reader wished to be remembered, true of the position where this one begins."""
        if area := self._words[_NOTES]:
            at = self._note_area(area)
            position, length = _NOTE_HEADER.unpack_from(self._memory, at)
            self._position = position
            self.notes = self._memory[at + 16 : at + 16 + length]

    @property
    def position(self) -> int:
        """Up to where the stream has been read."""
        return self._position

    @property
    def backlog(self) -> int:
        """Bytes that are written and not yet read."""
        return self._words[_WRITTEN] - self._position

    @property
    def unreleased(self) -> int:
        """Bytes that the writer cannot use yet, read or not."""
        return self._words[_WRITTEN] - self._words[_RELEASED]

    def read(self, limit: int = 1 << 20, until: int | None = None) -> list[Record]:
        """The next records, in order: about ``limit`` bytes of them, and none behind the position ``until``."""
        position = self._position
        stop = min(self._words[_WRITTEN] if until is None else until, position + limit)
        self._order()
        memory, capacity, unpack = self._memory, self.capacity, _HEADER.unpack_from
        records: list[Record] = []
        while position < stop:
            at = _RING + position % capacity
            length, what, venue_side, conn, at_ns, mono_ns, relay_ns = unpack(memory, at)
            if length == _SKIP:
                position += capacity - position % capacity
                continue
            body = memory[at + 40 : at + 40 + length]
            records.append(Record(_WHATS[what], venue_side == 1, conn, at_ns, mono_ns, relay_ns, body))
            position += (length + 47) & -8
        self._position = position
        return records

    def release(self, notes: bytes | None = None) -> bool:
        """Free what was read before this call, and remember the notes with it.

        False: the notes are larger than the area for them. Then nothing is freed and the old ones stay.
        """
        if notes is not None:
            if len(notes) > self.room_for_notes:
                return False
            area = 2 if self._words[_NOTES] == 1 else 1
            at = self._note_area(area)
            _NOTE_HEADER.pack_into(self._memory, at, self._position, len(notes))
            self._memory[at + 16 : at + 16 + len(notes)] = notes
            self._order()
            self._words[_NOTES] = area  # killed before this line, the old notes are still whole
        self._order()
        self._words[_RELEASED] = self._position
        return True

    def unstated_loss(self) -> Loss | None:
        """What a writer that is gone has dropped and could not state any more."""
        return self._loss([]) if self._words[_LOST_RECORDS] else None

    def _note_area(self, area: int) -> int:
        return _RING + self.capacity + (area - 1) * self._note_size

    def _order(self) -> None:
        if self._fence is not None:
            with self._fence:
                pass


def _whole_pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


def _memory(size: int) -> int:
    """A file descriptor of memory that has no name: nothing is left behind, however the processes end."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("wsreplay")
    else:
        import _posixshmem  # type: ignore[import-not-found,unused-ignore]  # macOS

        name = f"/wsreplay-{os.getpid()}-{os.urandom(4).hex()}"
        fd = _posixshmem.shm_open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode=0o600)
        _posixshmem.shm_unlink(name)
    os.ftruncate(fd, size)
    return fd
