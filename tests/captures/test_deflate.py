"""permessage-deflate, in all its forms and broken."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from captures.frame_bytes import (
    BINARY,
    CONTINUATION,
    DEFLATE,
    TEXT,
    Agreement,
    Side,
    Speaker,
    compressed,
    kinds,
    odd_frame,
    only,
    packed,
    problem,
    read,
)

from wsreplay.captures.frames import FrameParser

ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


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


@pytest.mark.parametrize("promised", ["", "; server_max_window_bits=15", "; server_max_window_bits=8"])
def test_what_refers_far_back_is_read_whatever_window_was_promised(promised: str) -> None:
    noise = random.Random(7).randbytes(30_000)
    speaker = Speaker("venue", Agreement())
    for part in (noise[:2000], noise[2000:], noise[:2000]):
        speaker.say("binary", part)
    assert speaker.said[2].size < 200, "the third says: as the first"
    assert [message.payload for message in read(speaker.wire, extensions=DEFLATE + promised)] == [
        noise[:2000],
        noise[2000:],
        noise[:2000],
    ]


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
    assert kinds(read(wire, extensions=ALONE)) == ["text", "raw"], "where each message stands alone it may not"


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


def test_compressed_data_cut_short_anywhere_is_no_message() -> None:
    bids = [f'{{"bid":"{price * 7919 % 1009}","qty":"{price}"}}' for price in range(20)]
    for text in ('{"order":17}', "".join(bids)):  # with a fixed code and with one that it describes itself
        whole = compressed(text.encode())
        for length in range(1, len(whole)):
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
