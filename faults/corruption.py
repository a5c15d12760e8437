"""How a message is damaged: to the same plan the same damage."""

from __future__ import annotations

from wsreplay.faults.effects import Draw

_PRINTABLE = bytes(range(0x21, 0x7F))


def corrupt(how: str, payload: bytes, draw: Draw) -> tuple[bytes, str]:
    """The payload damaged, and in words what was done to it. (``frame`` damages the header, which is not here.)"""
    size = len(payload)
    if how == "cut":
        # At the border of a character: cut text is text.
        kept = payload[: round(size * (0.25 + draw("place") / 2))] if size > 1 else b""
        while kept and len(kept) < size and payload[len(kept)] & 0xC0 == 0x80:
            kept = kept[:-1]
        return kept, f"cut after {len(kept)} of {size} bytes"
    if how == "utf8":
        at = _place(size + 1, draw)
        return payload[:at] + b"\xff" + payload[at:], f"a byte that is no UTF-8 before byte {at + 1} of {size}"
    places = [at for at, byte in enumerate(payload) if byte < 0x80]
    if not places:
        return payload + b"?", f"a ? after the last of {size} bytes"
    at = places[_place(len(places), draw)]
    others = _PRINTABLE.replace(payload[at : at + 1], b"")
    new = others[int(draw("byte") * len(others))]
    return payload[:at] + bytes([new]) + payload[at + 1 :], f"byte {at + 1} of {size} is another one"


def _place(count: int, draw: Draw) -> int:
    return min(int(draw("place") * count), count - 1)
