from __future__ import annotations

import json
import random
import zlib

import pytest
from captures.secrets_in_events import KEY, event
from captures.traffic import frame

from wsreplay.captures.raw_stretch import RawStretch, may_be_masked_text
from wsreplay.captures.redaction import Redactor

LOGIN = json.dumps(
    {"op": "login", "args": [{"apiKey": "hunter2-hunter2-hunter2-hunter2", "passphrase": "hunter2"}]}
).encode()


def redacted(data: bytes, sender: str = "client", redactor: Redactor | None = None) -> bytes:
    row = event(kind="raw", sender="client" if sender == "client" else "venue", data=data)
    (redactor or Redactor(KEY)).redact(row)
    assert row.data is not None
    assert len(row.data) == len(data), "a raw row stays as long as it was"
    return row.data


def said(data: bytes, sender: str = "client") -> bytes:
    return RawStretch(data, sender == "client").payload


@pytest.mark.parametrize("sender", ["client", "venue"])
def test_a_frame_that_was_cut_hides_no_secret_behind_its_mask(sender: str) -> None:
    whole = frame(1, LOGIN, sender=sender)
    for length in range(len(whole)):
        left = redacted(whole[:length], sender)
        assert b"hunter2-" not in said(left, sender)
        assert left[:2] == whole[: min(2, length)], "the header is what it was"


@pytest.mark.parametrize("sender", ["client", "venue"])
def test_a_secret_cut_by_fragments(sender: str) -> None:
    cut = LOGIN.index(b"hunter2") + 3
    stretch = frame(1, LOGIN[:cut], sender=sender, final=False) + frame(0, LOGIN[cut:], sender=sender, final=False)
    left = redacted(stretch, sender)
    assert b"hunter2" not in said(left, sender)
    assert b'"apiKey": "redacted-key-' in said(left, sender)
    assert b'"passphrase": "*******"' in said(left, sender), "no room for a token"


def test_a_frame_with_a_reserved_opcode() -> None:
    assert b"hunter2" not in said(redacted(frame(3, LOGIN, sender="client")))


def test_packed_frames_of_a_client() -> None:
    packer = zlib.compressobj(wbits=-15)
    first = packer.compress(LOGIN) + packer.flush(zlib.Z_SYNC_FLUSH)
    second = packer.compress(LOGIN) + packer.flush(zlib.Z_SYNC_FLUSH)
    for payload in (first[:-4], first[:60], second[:-4]):
        whole = frame(1, payload, sender="client", compressed=True)
        assert set(said(redacted(whole))) == {ord("*")}
    harmless = zlib.compressobj(wbits=-15)
    ping = frame(
        1, harmless.compress(b'{"ping":1}') + harmless.flush(zlib.Z_SYNC_FLUSH), sender="client", compressed=True
    )
    assert redacted(ping) == ping


def test_the_middle_of_a_masked_frame() -> None:
    middle = frame(1, LOGIN * 2, sender="client")[11:-3]
    assert set(redacted(middle)) == {ord("*")}


def test_the_long_lived_secret_in_bytes_of_no_shape() -> None:
    redactor = Redactor(KEY)
    redactor.redact(event(LOGIN.decode()))
    left = redacted(b"\x00\xff garbage hunter2-hunter2-hunter2-hunter2 garbage", "venue", redactor)
    assert b"hunter2" not in left
    assert left.startswith(b"\x00\xff garbage redacted-key-")


def test_noise_stays_as_it_was() -> None:
    for noise in (
        b"",
        b"\x81",
        b"GET / HTTP/1.1\r\nHost: venue.example\r\n\r\n" * 3,
        random.Random(1).randbytes(2000),
        bytes(20),
    ):
        assert redacted(noise) == noise
        assert redacted(noise, "venue") == noise


def test_what_looks_like_masked_text() -> None:
    masked = bytes(byte ^ b"\xb7\x3a\xe1\x05"[at % 4] for at, byte in enumerate(LOGIN))
    assert may_be_masked_text(masked)
    assert may_be_masked_text(random.Random(2).randbytes(100) + masked)
    assert not may_be_masked_text(LOGIN), "text without a mask can be read, and is"
    assert not may_be_masked_text(random.Random(3).randbytes(4096))
