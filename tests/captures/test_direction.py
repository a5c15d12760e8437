"""A direction goes on exactly where another one stood, and finds frames again behind a gap."""

from __future__ import annotations

import msgspec
import pytest
from captures.traffic import DEFLATE, Compressing, cut, frame, text_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.direction import Direction, DirectionNotes, frame_start
from wsreplay.captures.frames import FrameParser, Message

SIDES = st.sampled_from(["client", "venue"])
PAYLOADS = st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode), st.just(b"price" * 20_000))


@st.composite
def streams(draw: st.DrawFn, sender: str, extensions: str) -> bytes:
    """Messages whole and in fragments, compressed and plain, control frames anywhere, and what breaks the rules."""
    deflate = Compressing(sender)
    wire = b""
    for _ in range(draw(st.integers(1, 8))):
        payload = draw(PAYLOADS)
        compressed = bool(extensions) and draw(st.booleans())
        if compressed:
            payload = deflate.payload(payload)
        edges = draw(st.lists(st.integers(0, len(payload)), max_size=3))
        fragments = cut(payload, edges) or [b""]
        for index, fragment in enumerate(fragments):
            wire += frame(
                draw(st.sampled_from([1, 2])) if index == 0 else 0,
                fragment,
                sender=sender,
                final=index == len(fragments) - 1,
                compressed=compressed and index == 0,
            )
            if draw(st.booleans()):
                wire += frame(9, b"still there", sender=sender)
        odd = draw(st.integers(0, 25))
        if odd == 0:
            wire += frame(8, b"\x03\xe8bye", sender=sender)
        elif odd == 1:
            wire += frame(3, b"reserved", sender=sender)
        elif odd == 2:
            wire += frame(2, b"\xff\xff no deflate", sender=sender, compressed=True)
        elif odd == 3:
            wire += b"\x82\xff" + b"\xff" * 8 + b"longer than anything"
    return wire


def successor(direction: Direction, sender: str) -> Direction:
    """Another direction, shown nothing but what the notes hold on their way through the hand-over."""
    notes = msgspec.msgpack.encode(direction.notes())
    return Direction("client" if sender == "client" else "venue", msgspec.msgpack.decode(notes, type=DirectionNotes))


@settings(deadline=None)
@given(st.data())
def test_a_successor_goes_on_as_if_nothing_had_happened(choice: st.DataObject) -> None:
    sender = choice.draw(SIDES)
    extensions = choice.draw(st.sampled_from(["", DEFLATE]))
    stream = choice.draw(streams(sender, extensions))
    chunks = cut(stream, choice.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    killed = choice.draw(st.sets(st.integers(0, len(chunks))))

    parser = FrameParser("client" if sender == "client" else "venue", extensions)
    direction = Direction("client" if sender == "client" else "venue", DirectionNotes(extensions))
    expected: list[Message] = []
    messages: list[Message] = []
    for moment, chunk in enumerate(chunks):
        if moment in killed:
            direction = successor(direction, sender)
        expected += parser.feed(chunk, moment, 10 * moment, 3)
        messages += direction.feed(chunk, moment, 10 * moment, 3)
    if len(chunks) in killed:
        direction = successor(direction, sender)
    assert without_wording(messages + direction.end()) == without_wording(expected + parser.end())


def without_wording(messages: list[Message]) -> list[Message]:
    """Why something can't be inflated is worded by what the parser remembers of earlier trouble."""
    return [
        msgspec.structs.replace(
            message, problems=tuple("not inflated" if "compressed data" in why else why for why in message.problems)
        )
        for message in messages
    ]


def test_what_a_successor_needs_stays_small_in_a_stream_that_never_pauses() -> None:
    direction = Direction("venue", DirectionNotes(""))
    stream = b"".join(text_frame(f'{{"n":{n}}}' * 9) for n in range(4000))
    for start in range(0, len(stream), 1000):
        direction.feed(stream[start : start + 1000], 1, 1, 1)
        assert sum(len(chunk[0]) for chunk in direction.notes().tail) < 200


def test_what_a_successor_needs_of_a_compressed_stream_is_one_window() -> None:
    direction = Direction("venue", DirectionNotes(DEFLATE))
    deflate = Compressing()
    for n in range(2000):
        (message,) = direction.feed(deflate.frame(b'{"bid":"%d","ask":"%d"}' % (n * 7919, n * 104729)), n, n, 1)
        assert message.text is not None
    notes = direction.notes()
    assert len(notes.window) == 1 << 15

    (after,) = successor(direction, "venue").feed(deflate.frame(b'{"bid":"7919","ask":"104729"}'), 1, 1, 1)
    assert after.text == '{"bid":"7919","ask":"104729"}'


@pytest.mark.parametrize("sender", ["client", "venue"])
def test_behind_a_gap_messages_are_read_again_from_the_next_frame_on(sender: str) -> None:
    side = Direction("client" if sender == "client" else "venue", DirectionNotes(""))
    first = text_frame('{"n":1}' * 40, sender)
    side.feed(first[:100], 1, 1, 1)

    (begun,) = side.miss()
    assert (begun.kind, begun.payload, begun.problems) == ("raw", first[:100], ())

    rest_of_something = b' "the end of a message that began in the gap"}'
    chunk = rest_of_something + text_frame('{"n":2}', sender) + text_frame('{"n":3}', sender)
    raw, second, third = side.feed(chunk, 2, 2, 1)
    assert (raw.kind, raw.payload, raw.problems) == ("raw", rest_of_something, ())
    assert (second.text, third.text) == ('{"n":2}', '{"n":3}')


def test_behind_a_gap_nothing_is_read_into_bytes_that_hold_no_frame() -> None:
    side = Direction("venue", DirectionNotes(""))
    side.miss()

    (raw,) = side.feed(b'still the middle of a long message, {"n":', 1, 1, 1)
    assert raw.kind == "raw"
    (text,) = side.feed(text_frame("found"), 2, 2, 1)
    assert text.text == "found"


def test_behind_a_gap_nothing_is_guessed_of_what_refers_to_missing_bytes() -> None:
    side = Direction("venue", DirectionNotes(DEFLATE))
    deflate = Compressing()
    side.feed(deflate.frame(b"a long phrase that comes again and again"), 1, 1, 1)
    deflate.frame(b"and one that is lost in the gap")
    side.miss()

    (unreadable,) = side.feed(deflate.frame(b"a long phrase that comes again and again"), 2, 2, 1)
    (plain,) = side.feed(text_frame("not compressed"), 3, 3, 1)
    assert unreadable.kind == "raw"
    assert "earlier message" in unreadable.problems[0]
    assert plain.text == "not compressed"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=300), st.lists(PAYLOADS, min_size=1, max_size=3))
def test_a_frame_is_found_behind_any_ascii_text(rest: str, payloads: list[bytes]) -> None:
    frames = b"".join(frame(1, payload) for payload in payloads)
    assert frame_start(rest.encode() + frames, masked=False, compressing=True) == len(rest)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_no_frame_is_found_in_ascii_text(text: str) -> None:
    assert frame_start(text.encode(), masked=False, compressing=True) is None
