"""The frame parser: lengths, masks, times, lost boundaries, the end. Its laws stand in test_frames_laws.py."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import time

import pytest
from captures.frame_bytes import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    Side,
    Speaker,
    kinds,
    odd_frame,
    only,
    problem,
    read,
)

from wsreplay.captures.frames import FrameParser, Message

# Whole messages


def test_a_text_message_has_all_that_a_row_needs() -> None:
    parser = FrameParser("venue")
    message = only(parser.feed(odd_frame(TEXT, '{"p":"1€"}'.encode()), 1_000, 200, 7))
    assert message == Message(
        kind="text",
        payload='{"p":"1€"}'.encode(),
        text='{"p":"1€"}',
        size=14,
        frames=1,
        compressed=False,
        close_code=None,
        close_reason=None,
        problems=(),
        at_ns=1_000,
        mono_ns=200,
        first_mono_ns=200,
        relay_ns=7,
    )


def test_a_message_carries_the_times_of_its_first_and_its_last_byte() -> None:
    parser = FrameParser("venue")
    begun, ended = odd_frame(TEXT, b"one"), odd_frame(TEXT, b"two")
    assert parser.feed(begun[:1], 1_001, 1, 11) == []
    assert parser.feed(begun[1:3], 1_002, 2, 12) == []
    first, second = parser.feed(begun[3:] + ended, 1_003, 3, -1)
    assert (first.at_ns, first.mono_ns, first.first_mono_ns, first.relay_ns) == (1_003, 3, 1, -1)
    assert (second.at_ns, second.mono_ns, second.first_mono_ns, second.relay_ns) == (1_003, 3, 3, -1)


@pytest.mark.parametrize("sender", ["client", "venue"])
@pytest.mark.parametrize("length", [0, 1, 125, 126, 0xFFFF, 0x10000])
def test_each_way_to_write_a_length(length: int, sender: Side) -> None:
    speaker = Speaker(sender)
    speaker.say("binary", b"\xfe" * length)
    message = only(read(speaker.wire, sender))
    assert (message.payload, message.size, message.problems) == (b"\xfe" * length, len(speaker.wire), ())


@pytest.mark.parametrize(("length", "length_bytes"), [(0, 2), (125, 2), (125, 8), (0xFFFF, 8)])
def test_a_length_in_more_bytes_than_needed_is_read_with_a_problem(length: int, length_bytes: int) -> None:
    wire = odd_frame(TEXT, b"x" * length, length_bytes=2 if length_bytes == 2 else 8)
    message = only(read(wire))
    assert message.text == "x" * length
    assert problem(message) == "length written in more bytes than needed"


def test_text_that_is_not_utf8_stays_as_bytes() -> None:
    message = only(read(odd_frame(TEXT, b'{"name":"\xff"}')))
    assert (message.kind, message.text, message.payload) == ("text", None, b'{"name":"\xff"}')
    assert problem(message) == "text that is not valid UTF-8"


def test_no_chunk_no_message() -> None:
    parser = FrameParser("venue")
    assert parser.feed(b"", 1, 1, 1) == []
    assert parser.feed(odd_frame(TEXT, b"order")[:3], 2, 2, 2) == []
    assert parser.feed(b"", 3, 3, 3) == []
    left = only(parser.end())
    assert (left.at_ns, left.mono_ns, left.relay_ns) == (2, 2, 2)


# Masks


def test_a_client_frame_without_a_mask_is_read_with_a_problem() -> None:
    message = only(read(odd_frame(TEXT, b"buy"), "client"))
    assert (message.text, problem(message)) == ("buy", "client frame without a mask")


def test_a_venue_frame_with_a_mask_is_read_with_a_problem() -> None:
    message = only(read(odd_frame(TEXT, b"sold", masked=True), "venue"))
    assert (message.text, problem(message)) == ("sold", "venue frame with a mask")


def test_masks_are_undone_where_there_is_no_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    spec = importlib.util.find_spec("wsreplay.captures.frames")
    assert spec is not None
    assert spec.loader is not None
    frames = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(frames)
    assert frames.apply_mask.__module__ == "websockets.utils"
    for length in (0, 1, 3, 4, 5, 1000):
        message = only(frames.FrameParser("client").feed(odd_frame(TEXT, b"x" * length, masked=True), 1, 1, 1))
        assert (message.text, message.problems) == ("x" * length, ())


# Lost boundaries


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, (64 << 20) + 1])
def test_behind_a_senseless_length_all_is_raw_with_one_problem(length: int) -> None:
    parser = FrameParser("venue")
    begun = odd_frame(TEXT, b"unfinished", final=False)
    senseless = odd_frame(BINARY, b"some", length_bytes=8, claims=length)
    text, spoilt, raw = parser.feed(odd_frame(TEXT, b"good") + begun + senseless, 1, 1, 1)
    assert (text.text, spoilt.payload) == ("good", begun)
    assert (raw.kind, raw.payload, raw.frames) == ("raw", senseless, 0)
    assert problem(raw).startswith(f"frame that claims {length} bytes, where {64 << 20} are the most that is held")
    later = only(parser.feed(odd_frame(TEXT, b"maybe"), 2, 2, 2))
    assert (later.kind, later.payload, later.problems) == ("raw", odd_frame(TEXT, b"maybe"), ())
    assert (later.mono_ns, later.first_mono_ns) == (2, 2)
    assert parser.end() == []


def test_a_frame_as_long_as_the_limit_is_held() -> None:
    assert read(odd_frame(TEXT, b"x" * 1000), limit=1000)[0].text == "x" * 1000
    assert read(odd_frame(TEXT, b"x" * 1001), limit=1000)[0].kind == "raw"
    assert read(odd_frame(TEXT, b"x" * 11), limit=10)[0].kind == "raw"


# The end


def test_bytes_of_a_frame_that_never_ended() -> None:
    parser = FrameParser("venue")
    parser.feed(odd_frame(TEXT, b"whole") + b"\x81", 1_001, 1, 11)
    parser.feed(b"\x7e\x01", 1_002, 2, 12)
    left = only(parser.end())
    assert (left.kind, left.payload, left.size, left.frames) == ("raw", b"\x81\x7e\x01", 3, 0)
    assert problem(left) == "the connection ended inside a frame"
    assert (left.at_ns, left.mono_ns, left.first_mono_ns, left.relay_ns) == (1_002, 2, 1, 12)
    assert parser.end() == []


def test_fragments_of_a_message_that_never_ended() -> None:
    parser = FrameParser("venue")
    fragments = odd_frame(TEXT, b"a", final=False) + odd_frame(CONTINUATION, b"b", final=False)
    assert parser.feed(fragments, 1_001, 1, 11) == []
    assert kinds(parser.feed(odd_frame(PING), 1_002, 2, 12)) == ["ping"]
    left = only(parser.end())
    assert (left.kind, left.payload, left.frames) == ("raw", fragments, 2)
    assert problem(left) == "the connection ended inside a fragmented message"
    assert (left.mono_ns, left.first_mono_ns, left.relay_ns) == (1, 1, 11)


def test_an_end_inside_a_frame_inside_a_message_is_both() -> None:
    fragment, begun = odd_frame(TEXT, b"a", final=False), odd_frame(CONTINUATION, b"bcd")[:-1]
    message, frame = read(fragment + begun)
    assert (message.payload, problem(message)) == (fragment, "the connection ended inside a fragmented message")
    assert (frame.payload, problem(frame)) == (begun, "the connection ended inside a frame")


def test_an_end_between_messages_leaves_nothing() -> None:
    assert kinds(read(odd_frame(TEXT, b"last words"))) == ["text"]
    assert FrameParser("client").end() == []


# Time


def test_a_frame_that_comes_byte_by_byte_takes_linear_time() -> None:
    frame = odd_frame(TEXT, b"x" * 400_000, masked=True)
    parser = FrameParser("client")
    started = time.process_time()
    messages = list(itertools.chain.from_iterable(parser.feed(frame[at : at + 1], 1, 1, 1) for at in range(len(frame))))
    assert only(messages).size == len(frame)
    assert time.process_time() - started < 4, "copying what is held each time takes a minute"


def test_many_tiny_frames_in_one_chunk_take_linear_time() -> None:
    chunk = odd_frame(TEXT, b"") * 300_000
    started = time.process_time()
    assert len(FrameParser("venue").feed(chunk, 1, 1, 1)) == 300_000
    assert time.process_time() - started < 4, "cutting the rest off after each frame takes half a minute"
