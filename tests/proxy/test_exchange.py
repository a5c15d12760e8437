"""The body of a request as it streams through: when it is known to be whole."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from wsreplay.proxy.exchange import Asked, length_of


@given(st.binary(min_size=1, max_size=200), st.sets(st.integers(1, 199)), st.booleans())
def test_a_body_is_whole_once_and_before_its_last_byte_is_handed_on(body: bytes, cuts: set[int], told: bool) -> None:
    asked = Asked(1, 2, 3)
    asked.request.length = len(body) if told else None
    handed_on = b""
    whole: list[tuple[bytes, bool]] = []
    asked.request.when_whole = lambda: whole.append((handed_on, asked.whole()))
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    pieces = [body[begin:end] for begin, end in pairwise(edges)]
    for piece in pieces:
        handed_on += asked.request(piece)
    assert asked.request(b"") == b""

    assert handed_on == asked.request.kept == body
    last = len(pieces[-1])
    assert whole == [(body[:-last] if told else body, True)]
    assert asked.whole() is False


def test_a_request_that_is_over_is_not_whole_afterwards() -> None:
    asked = Asked(1, 2, 3)
    asked.request.length = 5
    asked.request.when_whole = lambda: whole.append(True)
    whole: list[bool] = []
    asked.request(b"be")
    assert asked.whole() is True
    asked.request(b"gun")
    asked.request(b"")
    assert whole == []


def test_a_length_counts_where_the_body_has_no_end_of_its_own() -> None:
    request = http.Request.make("POST", "http://venue.example/", b"order")
    assert length_of(request) == 5
    for odd in ("5, 5", "-1", "5.0", ""):
        request.headers["content-length"] = odd
        assert length_of(request) is None
    del request.headers["content-length"]
    assert length_of(request) is None
    request.headers["content-length"] = "5"
    request.headers["transfer-encoding"] = "chunked"
    assert length_of(request) is None
