"""How frames become messages: fragments, control frames, close codes, and what no rule explains."""

from __future__ import annotations

import pytest
from captures.frame_bytes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    DEFLATE,
    PING,
    PONG,
    TEXT,
    kinds,
    odd_frame,
    only,
    problem,
    read,
)

from wsreplay.captures.frames import FrameParser

# Fragments


def test_fragments_with_a_ping_between_them() -> None:
    wire = (
        odd_frame(TEXT, b'{"price":', final=False)
        + odd_frame(PING, b"there?")
        + odd_frame(CONTINUATION, b'"1.5', final=False)
        + odd_frame(CONTINUATION, b'"}')
    )
    ping, text = read(wire)
    assert (ping.kind, ping.payload) == ("ping", b"there?")
    assert (text.text, text.frames, text.size) == ('{"price":"1.5"}', 3, len(wire) - ping.size)


def test_a_character_cut_by_fragments_is_whole_in_the_message() -> None:
    euro = "€".encode()
    message = only(read(odd_frame(TEXT, euro[:1], final=False) + odd_frame(CONTINUATION, euro[1:])))
    assert (message.text, message.problems) == ("€", ())


def test_a_fragmented_message_carries_the_times_of_its_first_and_its_last_byte() -> None:
    parser = FrameParser("venue")
    parser.feed(odd_frame(TEXT, b"a", final=False), 1_001, 1, 11)
    parser.feed(odd_frame(CONTINUATION, b"b", final=False), 1_002, 2, 12)
    message = only(parser.feed(odd_frame(CONTINUATION, b"c"), 1_003, 3, 13))
    assert (message.at_ns, message.mono_ns, message.first_mono_ns, message.relay_ns) == (1_003, 3, 1, 13)


def test_a_continuation_without_a_start_is_raw() -> None:
    stray = odd_frame(CONTINUATION, b"of what?")
    raw, text = read(stray + odd_frame(TEXT, b"next"))
    assert (raw.kind, raw.payload, raw.frames) == ("raw", stray, 1)
    assert problem(raw) == "continuation frame without the start of its message"
    assert text.text == "next"


def test_a_new_message_inside_a_fragmented_one_gives_that_one_up() -> None:
    parser = FrameParser("client")
    fragments = odd_frame(TEXT, b"ha", final=False, masked=True) + odd_frame(
        CONTINUATION, b"l", final=False, masked=True
    )
    parser.feed(fragments, 1_001, 1, 11)
    raw, text = parser.feed(odd_frame(TEXT, b"whole", masked=True), 1_002, 2, 12)
    assert (raw.kind, raw.payload, raw.size, raw.frames) == ("raw", fragments, len(fragments), 2)
    assert problem(raw) == "a new message began before this one was complete"
    assert (raw.mono_ns, raw.first_mono_ns, raw.relay_ns) == (1, 1, 11)
    assert (text.text, text.problems) == ("whole", ())


def test_a_problem_of_many_fragments_is_told_once() -> None:
    wire = odd_frame(TEXT, b"a", final=False) + odd_frame(CONTINUATION, b"b", final=False) * 9
    message = only(read(wire + odd_frame(CONTINUATION, b"c"), "client"))
    assert (message.frames, message.problems) == (11, ("client frame without a mask",))


def test_fragments_beyond_the_limit_are_given_up_and_the_next_message_is_read() -> None:
    fragment = odd_frame(CONTINUATION, b"y" * 60, final=False)
    wire = odd_frame(TEXT, b"x" * 60, final=False) + fragment + odd_frame(CONTINUATION, b"end") + odd_frame(TEXT, b"ok")
    raw, rest, text = read(wire, limit=100)
    assert (raw.kind, raw.size, raw.frames) == ("raw", 2 * len(fragment), 2)
    assert problem(raw) == "its frames exceed 100 bytes, the most that is held"
    assert problem(rest) == "continuation frame without the start of its message"
    assert text.text == "ok"


def test_fragments_up_to_the_limit_are_held() -> None:
    wire = odd_frame(TEXT, b"x" * 46, final=False) + odd_frame(CONTINUATION, b"y" * 50)
    assert len(wire) == 100
    assert kinds(read(wire, limit=100)) == ["text"]
    assert kinds(read(wire, limit=99)) == ["raw"]


def test_empty_fragments_cannot_fill_the_memory() -> None:
    parser = FrameParser("venue", limit=10_000)
    parser.feed(odd_frame(TEXT, final=False), 1, 1, 1)
    messages = parser.feed(odd_frame(CONTINUATION, final=False) * 20_000, 1, 1, 1)
    assert messages[0].size == 10_002
    assert messages[0].kind == "raw"


# Control frames


@pytest.mark.parametrize(("opcode", "kind"), [(PING, "ping"), (PONG, "pong")])
def test_ping_and_pong(opcode: int, kind: str) -> None:
    message = only(read(odd_frame(opcode, b"\x00beat\xff")))
    assert (message.kind, message.payload, message.text, message.problems) == (kind, b"\x00beat\xff", None, ())


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_marked_as_a_fragment_is_read_with_a_problem(opcode: int) -> None:
    message = only(read(odd_frame(opcode, b"\x03\xe8", final=False)))
    assert message.payload == b"\x03\xe8"
    assert problem(message) == "control frame marked as a fragment, which it may not be"


def test_a_control_frame_that_is_too_long_is_read_with_a_problem() -> None:
    message = only(read(odd_frame(PING, b"p" * 126)))
    assert (message.kind, message.payload) == ("ping", b"p" * 126)
    assert problem(message) == "control frame of 126 bytes, where 125 are allowed"
    assert read(odd_frame(PING, b"p" * 125))[0].problems == ()


def test_a_control_frame_marked_as_compressed_is_taken_as_it_is() -> None:
    message = only(read(odd_frame(PING, b"plain", reserved=4), extensions=DEFLATE))
    assert (message.kind, message.payload, message.compressed) == ("ping", b"plain", False)
    assert problem(message) == "control frame marked as compressed, which it may not be"


# Close


def test_a_close_frame_with_code_and_reason() -> None:
    message = only(read(odd_frame(CLOSE, b"\x03\xf4" + "Wartung, bis später".encode())))
    assert (message.kind, message.close_code, message.close_reason) == ("close", 1012, "Wartung, bis später")
    assert (message.text, message.problems) == (None, ())


def test_a_close_frame_with_a_code_alone() -> None:
    message = only(read(odd_frame(CLOSE, b"\x03\xe8")))
    assert (message.close_code, message.close_reason, message.problems) == (1000, "", ())


def test_a_close_frame_without_a_body_has_no_code() -> None:
    message = only(read(odd_frame(CLOSE)))
    assert (message.kind, message.close_code, message.close_reason, message.problems) == ("close", None, None, ())


def test_a_close_frame_with_half_a_code() -> None:
    message = only(read(odd_frame(CLOSE, b"\x03")))
    assert (message.close_code, message.close_reason, message.payload) == (None, None, b"\x03")
    assert problem(message) == "close frame with a body of one byte, where a code takes two"


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_close_codes_that_may_be_sent(code: int) -> None:
    message = only(read(odd_frame(CLOSE, code.to_bytes(2))))
    assert (message.close_code, message.problems) == (code, ())


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 0x8000, 0xFFFF])
def test_close_codes_that_may_not_be_sent(code: int) -> None:
    message = only(read(odd_frame(CLOSE, code.to_bytes(2) + b"why")))
    assert problem(message) == f"close code {code}, which may not be sent"
    assert message.close_code == (code if code < 5000 else None), "what can be no code fits no column of codes"
    assert message.close_reason == "why"


def test_a_close_reason_that_is_not_utf8() -> None:
    message = only(read(odd_frame(CLOSE, b"\x03\xe8\xff")))
    assert (message.close_code, message.close_reason, message.payload) == (1000, None, b"\x03\xe8\xff")
    assert problem(message) == "close reason that is not valid UTF-8"


def test_data_after_the_close_frame_is_read_with_a_problem() -> None:
    close = odd_frame(CLOSE, b"\x03\xe8")
    fragments = odd_frame(BINARY, b"mo", final=False) + odd_frame(CONTINUATION, b"re")
    messages = read(close + odd_frame(TEXT, b"one") + fragments + odd_frame(PONG) + close)
    assert kinds(messages) == ["close", "text", "binary", "pong", "close"]
    assert [message.problems for message in messages] == [
        (),
        ("sent after the close frame",),
        ("sent after the close frame",),
        (),
        ("a second close frame",),
    ]


# What no rule explains


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_a_reserved_opcode_is_raw_and_the_next_frame_is_read(opcode: int) -> None:
    odd = odd_frame(opcode, b"from the future", masked=True)
    raw, text = read(odd + odd_frame(TEXT, b"next", masked=True), "client")
    assert (raw.kind, raw.payload, raw.frames) == ("raw", odd, 1)
    assert problem(raw) == f"reserved opcode {opcode}"
    assert (text.text, text.problems) == ("next", ())


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE, CONTINUATION])
@pytest.mark.parametrize(
    ("reserved", "extensions"),
    [(1, ""), (2, ""), (4, ""), (7, ""), (1, DEFLATE), (2, DEFLATE), (6, DEFLATE), (4, "x-foreign-extension")],
)
def test_reserved_bits_that_nothing_explains_are_raw(opcode: int, reserved: int, extensions: str) -> None:
    odd = odd_frame(opcode, b"\x03\xe8", reserved=reserved)
    raw, text = read(odd + odd_frame(TEXT, b"next"), extensions=extensions)
    assert (raw.kind, raw.payload) == ("raw", odd)
    assert problem(raw) == "reserved bit set that no agreed extension explains"
    assert (text.text, text.problems) == ("next", ())


def test_an_unexplained_fragment_spoils_its_message() -> None:
    begin, odd = odd_frame(TEXT, b"a", final=False), odd_frame(CONTINUATION, b"?", final=False, reserved=2)
    spoilt, raw, rest, text = read(begin + odd + odd_frame(CONTINUATION, b"c") + odd_frame(TEXT, b"next"))
    assert (spoilt.kind, spoilt.payload, problem(spoilt)) == ("raw", begin, "one of its frames can't be read")
    assert (raw.kind, raw.payload) == ("raw", odd)
    assert problem(rest) == "continuation frame without the start of its message"
    assert text.text == "next"
