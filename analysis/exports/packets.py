"""Packets as Wireshark reads them: a pcapng file of TCP streams over made-up addresses. Sans-I/O but for the file."""

from __future__ import annotations

import struct
from typing import IO

SYN, ACK, PSH, FIN, RST = 0x02, 0x10, 0x08, 0x01, 0x04
SEGMENT = 60_000
"""The longest payload of one packet."""
_RAW_IP = 101
_NANOSECONDS = 9


class PacketFile:
    """A pcapng file with one interface that counts nanoseconds."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.packets = 0
        self._block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        resolution = struct.pack("<HHBxxxHH", 9, 1, _NANOSECONDS, 0, 0)
        self._block(1, struct.pack("<HHI", _RAW_IP, 0, 0) + resolution)

    def packet(self, at_ns: int, content: bytes, comment: str = "") -> None:
        """One packet, with a comment that Wireshark shows beside it."""
        at = max(0, at_ns)
        head = struct.pack("<IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(content), len(content))
        options = b""
        if comment:
            text = comment.encode()[:60_000]
            options = struct.pack("<HH", 1, len(text)) + _padded(text) + struct.pack("<HH", 0, 0)
        self._block(6, head + _padded(content) + options)
        self.packets += 1

    def _block(self, kind: int, body: bytes) -> None:
        length = struct.pack("<I", len(body) + 12)
        self._out.write(struct.pack("<I", kind) + length + body + length)


class Stream:
    """One TCP connection between a client and a server, whose bytes are told by who said them."""

    def __init__(self, file: PacketFile, client: tuple[str, int], server: tuple[str, int]) -> None:
        self._file = file
        self._ends = (client, server)
        self._next = [1000, 2000]
        """The next sequence number of each end."""
        self._number = 0

    def begin(self, at_ns: int) -> None:
        """The three packets of a connection that is made."""
        self._send(0, at_ns, SYN)
        self._send(1, at_ns, SYN | ACK)
        self._send(0, at_ns, ACK)

    def say(self, by_server: bool, at_ns: int, data: bytes, comment: str = "") -> None:
        """Bytes of one end, in as many packets as they need."""
        end = int(by_server)
        for at in range(0, len(data), SEGMENT):
            self._send(end, at_ns, PSH | ACK, data[at : at + SEGMENT], comment if at == 0 else "")

    def finish(self, by_server: bool, at_ns: int, comment: str = "") -> None:
        """One end says no more."""
        self._send(int(by_server), at_ns, FIN | ACK, b"", comment)

    def reset(self, by_server: bool, at_ns: int, comment: str = "") -> None:
        """One end is gone at once."""
        self._send(int(by_server), at_ns, RST | ACK, b"", comment)

    def _send(self, end: int, at_ns: int, flags: int, data: bytes = b"", comment: str = "") -> None:
        (source, source_port), (target, target_port) = self._ends[end], self._ends[1 - end]
        acknowledged = self._next[1 - end] if flags & ACK else 0
        head = struct.pack(
            ">HHIIBBHHH", source_port, target_port, self._next[end] & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF,
            5 << 4, flags, 65535, 0, 0,
        )  # fmt: skip
        addresses = _address(source) + _address(target)
        segment = head + data
        total = _sum(addresses + struct.pack(">BBH", 0, 6, len(segment)) + segment)
        segment = segment[:16] + struct.pack(">H", total) + segment[18:]
        self._number = (self._number + 1) & 0xFFFF
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), self._number, 0x4000, 64, 6, 0) + addresses
        ip = ip[:10] + struct.pack(">H", _sum(ip)) + ip[12:]
        self._file.packet(at_ns, ip + segment, comment)
        self._next[end] += len(data) + bool(flags & (SYN | FIN))


def _address(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def _sum(data: bytes) -> int:
    """The checksum of IP and TCP."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
