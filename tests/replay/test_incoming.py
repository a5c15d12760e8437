"""The short way for plain messages leads where the long one does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.proxy.framing import Cutter, frame
from wsreplay.replay.incoming import leading_texts

TEXTS = st.text(max_size=200).map(lambda text: frame(0x1, text.encode(), masked=False))
OTHERS = st.sampled_from(
    [
        frame(0x9, b"ping", masked=False),
        frame(0x2, b"\x00\x01", masked=False),
        frame(0x1, b"masked", masked=True),
        frame(0x1, b"\xff", masked=False),
        frame(0x1, b"packed", masked=False, reserved=0x40),
        b"\x01\x03abc\x80\x01d",
        frame(0x1, b"z" * 70_000, masked=False),
    ]
)


@given(st.lists(TEXTS | OTHERS, max_size=8), st.integers(0, 400))
def test_what_is_read_and_what_is_left_are_all_messages_in_order(frames: list[bytes], cut: int) -> None:
    data = b"".join(frames)
    data = data[: max(0, len(data) - cut)]
    found = list(leading_texts(data))
    units = list(Cutter().feed(data, 0, 0))
    plain = [unit for unit in units if unit.kind == "text"]
    read = b"".join(wire for _, wire in found)
    assert data.startswith(read)
    assert [text.encode() for text, _ in found] == [unit.payload for unit in plain[: len(found)]]
    assert [unit.wire for unit in units] == [wire for _, wire in found] + [
        unit.wire for unit in Cutter().feed(data[len(read) :], 0, 0)
    ]


def test_nothing_of_a_message_that_is_not_whole_is_taken() -> None:
    whole = frame(0x1, b"x" * 200, masked=False)
    for length in range(len(whole)):
        assert list(leading_texts(whole[:length])) == []
    assert len(list(leading_texts(whole * 3))) == 3
