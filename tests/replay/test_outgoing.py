"""What goes out is what the client said, in frames that anybody can read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.frames import FrameParser
from wsreplay.replay.outgoing import WRITE, Framer
from wsreplay.replay.outputs import Send

TEXTS = st.builds(Send, st.just(1), st.text(max_size=300))
BINARIES = st.builds(Send, st.just(1), st.binary(max_size=300), st.just(True))


def read(pieces: list[bytes]) -> list[tuple[str, bytes]]:
    parser = FrameParser("client")
    messages = [message for piece in pieces for message in parser.feed(piece, 0, 0, 0)]
    assert parser.end() == [], "each write ends with a message"
    assert not any(message.problems for message in messages)
    return [(message.kind, message.payload) for message in messages]


@given(st.lists(st.lists(TEXTS | BINARIES, max_size=20), max_size=3))
def test_every_message_can_be_read_again(batches: list[list[Send]]) -> None:
    framer = Framer()
    for messages in batches:
        said = [
            ("text", each.payload.encode()) if isinstance(each.payload, str) else ("binary", each.payload)
            for each in messages
        ]
        assert read(list(framer.frames(messages))) == said


def test_messages_are_joined_into_large_writes() -> None:
    messages = [Send(1, "x" * 1000)] * 1000
    pieces = list(Framer().frames(messages))
    assert len(pieces) == 16
    assert all(len(piece) <= WRITE + 16 for piece in pieces)
    assert len(read(pieces)) == 1000


def test_a_long_message_goes_in_one_frame() -> None:
    for length in (125, 126, 65_535, 65_536, 200_000):
        (piece,) = Framer().frames([Send(1, "y" * length)])
        assert read([piece]) == [("text", b"y" * length)]


def test_no_mask_is_like_the_one_before() -> None:
    framer = Framer()
    masks = [piece[2:6] for number in range(3000) for piece in framer.frames([Send(1, str(number))])]
    assert len(set(masks)) > 2990
