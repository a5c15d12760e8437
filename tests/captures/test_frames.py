"""The frame parser's rules, one by one. Its laws stand in test_frames_laws.py."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import time
import tracemalloc
import zlib

import pytest
from captures.frame_bytes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Agreement,
    Side,
    Speaker,
    odd_frame,
    read,
)

from wsreplay.captures.frames import FrameParser, Message

DEFLATE = "permessage-deflate"
ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def only(messages: list[Message]) -> Message:
    (message,) = messages
    return message


def problem(message: Message) -> str:
    (why,) = message.problems
    return why


def kinds(messages: list[Message]) -> list[str]:
    return [message.kind for message in messages]


def compressed(text: bytes, packer: zlib._Compress | None = None) -> bytes:
    packer = packer or zlib.compressobj(wbits=-15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def packed(payload: bytes, opcode: int = TEXT, final: bool = True) -> bytes:
    """A frame of compressed data."""
    return odd_frame(opcode, payload, final=final, reserved=4)


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


# Deflate


@pytest.mark.parametrize("sender", ["client", "venue"])
@pytest.mark.parametrize("client_alone", [False, True])
@pytest.mark.parametrize("server_alone", [False, True])
def test_each_side_has_its_own_parameters(sender: Side, client_alone: bool, server_alone: bool) -> None:
    agreement = Agreement(client_alone, server_alone, client_bits=9, server_bits=12)
    speaker = Speaker(sender, agreement)
    for number in range(3):
        speaker.say("text", b'{"order":%d,"symbol":"ETH-USD"}' % number)
    assert [message.text for message in read(speaker.wire, sender, agreement.header())] == [
        f'{{"order":{number},"symbol":"ETH-USD"}}' for number in range(3)
    ]


@pytest.mark.parametrize(
    "header",
    [
        "permessage-deflate; client_no_context_takeover",
        'PerMessage-Deflate ;Client_No_Context_Takeover; client_max_window_bits="10"',
        "x-other; a=1, permessage-deflate;client_no_context_takeover; server_max_window_bits=8",
    ],
)
def test_the_header_is_read_however_it_is_written(header: str) -> None:
    frames = [odd_frame(TEXT, compressed(text), reserved=4, masked=True) for text in (b"phrase, phrase", b"phrase")]
    assert [message.text for message in read(b"".join(frames), "client", header)] == ["phrase, phrase", "phrase"]
    # With no history kept, what refers to one is no message.
    packer = zlib.compressobj(wbits=-15)
    compressed(b"a phrase that comes again", packer)
    again = odd_frame(TEXT, compressed(b"a phrase that comes again", packer), reserved=4, masked=True)
    assert read(frames[0] + again, "client", header)[1].kind == "raw"


def test_a_window_of_eight_bits_was_written_with_nine_and_is_read() -> None:
    speaker = Speaker("venue", Agreement(server_bits=9))
    phrase = bytes(range(128))
    speaker.say("binary", phrase + bytes(300) + phrase)
    message = only(read(speaker.wire, extensions="permessage-deflate; server_max_window_bits=8"))
    assert message.payload == phrase + bytes(300) + phrase


def test_messages_that_are_not_compressed_between_those_that_are() -> None:
    packer = zlib.compressobj(wbits=-15)
    wire = packed(compressed(b"again", packer)) + odd_frame(TEXT, b"plain") + packed(compressed(b"again", packer))
    messages = read(wire, extensions=DEFLATE)
    assert [(message.text, message.compressed) for message in messages] == [
        ("again", True),
        ("plain", False),
        ("again", True),
    ]


def test_the_example_of_the_rfc_that_ends_its_stream() -> None:
    """RFC 7692, 7.2.3.4: a block with the final bit, and a byte that follows it."""
    hello = packed(bytes.fromhex("f348cdc9c9070000"))
    assert [message.text for message in read(hello * 2, extensions=DEFLATE)] == ["Hello", "Hello"]
    assert [message.text for message in read(hello * 2, extensions=ALONE)] == ["Hello", "Hello"]


def test_a_later_message_may_refer_to_one_that_ended_its_stream() -> None:
    phrase = b'{"channel":"orders","symbol":"ETH-USD"}'
    whole = zlib.compressobj(wbits=-15)
    after = zlib.compressobj(wbits=-15, zdict=phrase)
    wire = packed(whole.compress(phrase) + whole.flush() + b"\x00") + packed(compressed(phrase, after))
    assert [message.payload for message in read(wire, extensions=DEFLATE)] == [phrase, phrase]


def test_data_behind_the_end_of_a_stream_is_raw() -> None:
    wire = packed(bytes.fromhex("f348cdc9c9070000") + b"more")
    raw = only(read(wire, extensions=DEFLATE))
    assert (raw.kind, raw.payload, problem(raw)) == ("raw", wire, "compressed data that goes on after its end")


def test_empty_messages_compressed() -> None:
    assert [message.text for message in read(packed(b"\x00") * 2 + packed(compressed(b"x")), extensions=DEFLATE)] == [
        "",
        "",
        "x",
    ]


def test_a_compressed_message_without_any_data_is_empty_and_no_history_is_lost() -> None:
    packer = zlib.compressobj(wbits=-15)
    phrase = b"a phrase that comes again"
    wire = packed(compressed(phrase, packer)) + packed(b"") + packed(compressed(phrase, packer))
    first, empty, again = read(wire, extensions=DEFLATE)
    assert (first.payload, again.payload) == (phrase, phrase)
    assert (empty.text, empty.compressed, problem(empty)) == ("", True, "compressed message without any data")


def test_a_continuation_marked_as_compressed_is_read_with_a_problem() -> None:
    data = compressed(b"both fragments are marked")
    wire = packed(data[:5], final=False) + packed(data[5:], CONTINUATION)
    message = only(read(wire, extensions=DEFLATE))
    assert message.text == "both fragments are marked"
    assert problem(message) == "continuation frame marked as compressed, which only a first frame may be"


def test_compressed_text_that_is_not_utf8_is_text_all_the_same() -> None:
    message = only(read(packed(compressed(b"\xff")), extensions=DEFLATE))
    assert (message.kind, message.text, message.payload) == ("text", None, b"\xff")
    assert problem(message) == "text that is not valid UTF-8"


@pytest.mark.parametrize("header", [DEFLATE, ALONE])
def test_broken_deflate_data_is_raw_as_on_the_wire(header: str) -> None:
    broken = odd_frame(TEXT, b"\x07 no deflate", reserved=4, masked=True)
    raw, text = read(broken + odd_frame(TEXT, compressed(b"fine"), reserved=4, masked=True), "client", header)
    assert (raw.kind, raw.payload, raw.compressed) == ("raw", broken, True)
    assert problem(raw) == "compressed data that is broken (invalid block type)"
    assert (text.text, text.problems) == ("fine", ())


def test_after_broken_data_only_what_refers_to_it_is_lost() -> None:
    packer = zlib.compressobj(wbits=-15)
    phrase, other = b"a phrase that comes again", b"SOMETHING ELSE ALTOGETHER!"
    first = packed(compressed(phrase, packer))
    refers = packed(compressed(phrase, packer))
    stands_alone = packed(compressed(other, packer))
    refers_to_that = packed(compressed(other, packer))
    messages = read(first + packed(b"\x07") + refers + stands_alone + refers_to_that, extensions=DEFLATE)
    assert kinds(messages) == ["text", "raw", "raw", "text", "text"]
    assert messages[2].payload == refers
    assert problem(messages[2]) == "compressed data that refers to an earlier message, which could not be read"
    assert [message.payload for message in messages[3:]] == [other, other]


def test_a_compressed_message_given_up_takes_its_history_along() -> None:
    packer = zlib.compressobj(wbits=-15)
    known = packed(compressed(b"symbol=BTC-USD;" * 3, packer))
    never_read = packed(compressed(b"symbol=ETH-USD;", packer), final=False)
    refers = packed(compressed(b"symbol=ETH-USD;", packer))
    text, given_up, unknown = read(known + never_read + refers, extensions=DEFLATE)
    assert text.text == "symbol=BTC-USD;" * 3
    assert (given_up.kind, given_up.payload) == ("raw", never_read)
    # "The last 15 bytes again", it says: with the history before, that would be an order for bitcoin.
    assert (unknown.kind, unknown.payload) == ("raw", refers)


@pytest.mark.parametrize("length", range(1, 24))
def test_compressed_data_cut_short_is_no_message(length: int) -> None:
    whole = compressed(b'{"order":17,"status":"filled"}')
    assert len(whole) > 24
    assert only(read(packed(whole[:length]), extensions=ALONE)).kind == "raw"


def test_compressed_data_cut_short_is_noticed_where_history_is_kept() -> None:
    whole = compressed(b'{"order":17,"status":"filled"}')
    raw, text = read(packed(whole[:9]) + packed(compressed(b"fine")), extensions=DEFLATE)
    assert (raw.kind, problem(raw)) == ("raw", "compressed data that ends too early")
    assert text.text == "fine"


@pytest.mark.parametrize("header", [DEFLATE, ALONE])
def test_what_inflates_beyond_the_limit_is_raw_and_takes_no_memory(header: str) -> None:
    limit = 1 << 20
    bomb = packed(compressed(bytes(40 * limit)))
    assert len(bomb) < limit
    parser = FrameParser("venue", header, limit)
    tracemalloc.start()
    try:
        raw = only(parser.feed(bomb, 1, 1, 1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (raw.kind, raw.payload) == ("raw", bomb)
    assert problem(raw) == f"compressed message that inflates to more than {limit} bytes"
    assert peak < 4 * limit
    assert only(parser.feed(packed(compressed(b"fine")), 2, 2, 2)).text == "fine"


def test_a_message_that_inflates_to_the_limit_is_read() -> None:
    assert only(read(packed(compressed(bytes(5000)), BINARY), extensions=DEFLATE, limit=5000)).payload == bytes(5000)
    assert only(read(packed(compressed(bytes(5001)), BINARY), extensions=DEFLATE, limit=5000)).kind == "raw"


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
