"""What holds for every stream of bytes, however it is cut: the laws of the frame parser."""

from __future__ import annotations

import itertools
import zlib
from typing import NamedTuple

import msgspec
import pytest
from captures.frame_bytes import Agreement, Said, Side, Speaker, odd_frame, read
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wsreplay.captures.frames import FrameParser, Message

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure; what takes too long is measured in test_frames.py."""

SIDES: st.SearchStrategy[Side] = st.sampled_from(["client", "venue"])
AGREEMENTS = st.none() | st.builds(Agreement, st.booleans(), st.booleans(), st.integers(9, 15), st.integers(9, 15))
LIKE_A_VENUE = st.lists(
    st.sampled_from(['{"bid":"1.5",', '"ask":"1.75",', '"symbol":"ETH-USD"}', "€", '"ts":1700000000']), max_size=12
).map("".join)
TEXTS = st.one_of(st.text(max_size=40), LIKE_A_VENUE, st.just("long" * 20_000)).map(str.encode)
BYTES = st.one_of(st.binary(max_size=140), st.just(bytes(range(256)) * 300))
CONTROLS = st.lists(st.tuples(st.sampled_from(["ping", "pong"]), st.binary(max_size=125)), max_size=2)


@st.composite
def speakers(draw: st.DrawFn, side: Side, agreement: Agreement | None) -> Speaker:
    """One side says some messages: whole and in fragments, compressed or not, with control frames anywhere."""
    speaker = Speaker(side, agreement)
    for _ in range(draw(st.integers(0, 6))):
        is_text = draw(st.booleans())
        payload = draw(TEXTS if is_text else BYTES)
        fragments = cut(payload, draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        for index, fragment in enumerate(fragments):
            final = index == len(fragments) - 1
            if index == 0:
                speaker.say("text" if is_text else "binary", fragment, final=final, plain=draw(st.booleans()))
            else:
                speaker.go_on(fragment, final=final)
            for kind, beat in draw(CONTROLS):
                speaker.control("ping" if kind == "ping" else "pong", beat)
    if draw(st.booleans()):
        speaker.close(draw(st.sampled_from([1000, 1001, 1012, 4000])), draw(st.text(max_size=30)))
    return speaker


@st.composite
def odd_streams(draw: st.DrawFn) -> bytes:
    """Frames of every possible head, with any payload, and garbage."""
    frames = st.builds(
        odd_frame,
        st.integers(0, 15) | st.sampled_from([0, 1, 8]),
        st.binary(max_size=30) | st.just(b"x" * 130) | st.binary(max_size=20).map(deflated),
        final=st.booleans(),
        reserved=st.sampled_from([0, 0, 0, 4, 4, 1, 7]),
        masked=st.booleans(),
        length_bytes=st.sampled_from([None, None, 8]),
    )
    return b"".join(draw(st.lists(frames | st.binary(max_size=12), max_size=12)))


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:stop] for start, stop in itertools.pairwise(edges)]


def read_in_chunks(chunks: list[bytes], side: Side, extensions: str, limit: int = 64 << 20) -> list[Message]:
    """All messages; the times of chunk number n are n, 10 n and 100 n."""
    parser = FrameParser(side, extensions, limit)
    messages = [parser.feed(chunk, n, 10 * n, 100 * n) for n, chunk in enumerate(chunks)]
    return list(itertools.chain(*messages, parser.end()))


def as_meant(messages: list[Message]) -> list[Said]:
    """What was read, without its place in the stream."""
    assert all(message.problems == () for message in messages)
    assert all(message.text == (message.payload.decode() if message.kind == "text" else None) for message in messages)
    return [
        Said(
            message.kind,
            message.payload,
            message.size,
            message.frames,
            message.compressed,
            0,
            0,
            message.close_code,
            message.close_reason,
        )
        for message in messages
    ]


def without_place(said: list[Said]) -> list[Said]:
    return [message._replace(first_byte=0, last_byte=0) for message in said]


class Times(NamedTuple):
    at_ns: int
    mono_ns: int
    first_mono_ns: int
    relay_ns: int


@unhurried
@given(st.data(), SIDES, AGREEMENTS)
def test_what_was_said_is_read_however_it_is_cut(
    choice: st.DataObject, side: Side, agreement: Agreement | None
) -> None:
    speaker = choice.draw(speakers(side, agreement))
    chunks = cut(speaker.wire, choice.draw(st.lists(st.integers(0, 1 << 20), max_size=20)))
    messages = read_in_chunks(chunks, side, agreement.header() if agreement else "")

    assert as_meant(messages) == without_place(speaker.said)
    assert sum(message.size for message in messages) == len(speaker.wire)

    chunk_of = [n for n, chunk in enumerate(chunks) for _ in chunk]
    for message, said in zip(messages, speaker.said, strict=True):
        first, last = chunk_of[said.first_byte], chunk_of[said.last_byte]
        times = Times(message.at_ns, message.mono_ns, message.first_mono_ns, message.relay_ns)
        assert times == Times(last, 10 * last, 10 * first, 100 * last)


@pytest.mark.parametrize("side", ["client", "venue"])
@pytest.mark.parametrize("agreement", [None, Agreement(), Agreement(True, True)])
def test_one_conversation_in_every_split(side: Side, agreement: Agreement | None) -> None:
    speaker = Speaker(side, agreement)
    speaker.say("text", b'{"op":"subscribe"}')
    speaker.say("text", b'{"op":', final=False)
    speaker.control("ping", b"?")
    speaker.go_on(b'"subscribe"}', final=False)
    speaker.go_on(b"")
    speaker.say("binary", bytes(130), plain=True)
    speaker.close(1000, "done")
    extensions = agreement.header() if agreement else ""
    said = without_place(speaker.said)

    assert as_meant(read_in_chunks([bytes([byte]) for byte in speaker.wire], side, extensions)) == said
    for place in range(len(speaker.wire)):
        assert as_meant(read_in_chunks(cut(speaker.wire, [place]), side, extensions)) == said


def without_times(messages: list[Message]) -> list[Message]:
    return [msgspec.structs.replace(message, at_ns=0, mono_ns=0, first_mono_ns=0, relay_ns=0) for message in messages]


def with_the_rest_as_one(messages: list[Message]) -> list[Message]:
    """Bytes behind the last frame boundary that was found come out chunk by chunk: here in one piece."""
    rest = [message for message in messages if message.frames == 0]
    if not rest:
        return messages
    whole = msgspec.structs.replace(
        rest[0],
        payload=b"".join(message.payload for message in rest),
        size=sum(message.size for message in rest),
        problems=tuple(problem for message in rest for problem in message.problems),
    )
    return [*(message for message in messages if message.frames), whole]


STREAMS = st.binary(max_size=300) | odd_streams()
EXTENSIONS = st.sampled_from(["", "permessage-deflate", "permessage-deflate; server_no_context_takeover"])
LIMITS = st.sampled_from([10, 200, 64 << 20])
CUTS = st.lists(st.integers(0, 1000), max_size=15)


@unhurried
@given(STREAMS, CUTS, SIDES, EXTENSIONS, LIMITS)
@example(b"\x82\xff" + b"\xff" * 60, [1, 5, 30], "client", "", 200)
def test_no_byte_is_lost_whatever_comes(
    stream: bytes, places: list[int], side: Side, extensions: str, limit: int
) -> None:
    messages = read_in_chunks(cut(stream, places), side, extensions, limit)
    assert sum(message.size for message in messages) == len(stream)
    for message in messages:
        if message.kind == "raw":
            assert len(message.payload) == message.size
            assert message.payload in stream or message.frames > 1
    unexplained = [message for message in messages if message.kind == "raw" and not message.problems]
    assert all(message.frames == 0 for message in unexplained), "what is raw says why, once at least"


@unhurried
@given(STREAMS, CUTS, SIDES, EXTENSIONS, LIMITS)
def test_how_a_stream_is_cut_changes_nothing(
    stream: bytes, places: list[int], side: Side, extensions: str, limit: int
) -> None:
    in_chunks = read_in_chunks(cut(stream, places), side, extensions, limit)
    in_one = read(stream, side, extensions, limit=limit)
    assert with_the_rest_as_one(without_times(in_chunks)) == with_the_rest_as_one(without_times(in_one))


@unhurried
@given(st.text(max_size=80) | st.text(alphabet="permessage-deflate;,=\" '1", max_size=80), SIDES)
def test_no_header_stops_the_parser(extensions: str, side: Side) -> None:
    speaker = Speaker(side)
    speaker.say("text", b"order")
    assert [message.text for message in read(speaker.wire, side, extensions)] == ["order"]


@unhurried
@given(st.lists(LIKE_A_VENUE.map(str.encode), min_size=2, max_size=8), st.data())
def test_what_is_inflated_after_a_loss_is_never_a_guess(texts: list[bytes], choice: st.DataObject) -> None:
    level = choice.draw(st.integers(0, 9))
    packer = zlib.compressobj(level=level, wbits=-15)
    frames = [
        odd_frame(1, (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], reserved=4) for text in texts
    ]
    lost = choice.draw(st.sets(st.integers(0, len(frames) - 1), min_size=1))
    for index in lost:
        frames[index] = bytes([frames[index][0] | 0x10]) + frames[index][1:]  # a reserved bit more: not readable
    messages = read(b"".join(frames), extensions="permessage-deflate")
    assert len(messages) == len(texts)
    for index, (message, text) in enumerate(zip(messages, texts, strict=True)):
        if index < min(lost):
            assert message.payload == text
        elif index in lost:
            assert message.kind == "raw"
        else:
            assert message.payload == (frames[index] if message.kind == "raw" else text)


@unhurried
@given(
    st.lists(LIKE_A_VENUE.map(str.encode), min_size=1, max_size=6),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]),
    st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]),
)
def test_every_kind_of_block_is_inflated(texts: list[bytes], level: int, strategy: int, flush: int) -> None:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    wire = b"".join(odd_frame(1, (packer.compress(text) + packer.flush(flush))[:-4], reserved=4) for text in texts)
    messages = read(wire, extensions="permessage-deflate")
    assert [message.payload for message in messages] == texts
    assert all(message.problems == () for message in messages)
