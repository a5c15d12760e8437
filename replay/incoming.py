"""What a venue says most, read without ceremony: whole text messages, one frame each. Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterator

_WHOLE_TEXT = 0x81
_LONG = 126


def leading_texts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The text messages that stand whole and plain at the beginning of these bytes, each with its own bytes.

    All else (control frames, fragments, what is masked or no UTF-8, what is not whole yet) is for somebody else, and so
    is what comes behind it.
    """
    start, size = 0, len(data)
    while start + 2 <= size and data[start] == _WHOLE_TEXT:
        length = data[start + 1]
        body = start + 2
        if length == _LONG and start + 4 <= size:
            body = start + 4
            length = data[start + 2] << 8 | data[start + 3]
        elif length >= _LONG:
            return
        end = body + length
        if end > size:
            return
        try:
            text = data[body:end].decode()
        except UnicodeDecodeError:
            return
        yield text, data[start:end]
        start = end
