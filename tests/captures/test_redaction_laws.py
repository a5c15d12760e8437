"""What holds for every payload: secrets are gone, all else is as it was, twice is once, and time is linear."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from captures.secrets_in_events import KEY, event, handshake, http_request, http_response, redacted
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.event import Event
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.secret_found import TOKEN
from wsreplay.captures.secret_names import SecretNames
from wsreplay.captures.secret_spans import Finder

NAMES = ["signature", "apiKey", "api_key", "X-MBX-APIKEY", "secret", "passphrase", "accessToken", "privateKey", "otp"]
# Letters that need no escape, some that do, and some beyond ASCII: 12 of them happen nowhere else.
secrets = st.text('abcXYZ0189-_.~+/=:"\\ \n\té€😀', min_size=12, max_size=40).filter(
    lambda text: len(set(text)) > 4 and not TOKEN.search(text)
)
# None of the secrets' letters, so that a secret is nowhere but where it was planted.
harmless_texts = st.text('mnopqü€ "\\\n,:{}', max_size=12)
harmless_names = st.sampled_from(["id", "price", "m", "data", "list", "é", "a b", "x:y", "", "nonce", 'q"', "type"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | harmless_texts


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(harmless_names, inner, max_size=4)


documents = st.recursive(scalars, around, max_leaves=12)


@st.composite
def planted(draw: st.DrawFn) -> tuple[Any, str]:
    """A document, and the secret that was planted at a random place in it, under a secret name."""
    secret = draw(secrets)
    value: Any = draw(st.sampled_from([secret, [secret], [1, [secret, None]], {"r": secret, "v": 27}]))
    value = {**draw(st.dictionaries(harmless_names, scalars, max_size=3)), draw(st.sampled_from(NAMES)): value}
    for _ in range(draw(st.integers(0, 4))):
        neighbours = draw(st.lists(documents, max_size=3))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(neighbours)))
            value = [*neighbours[:at], value, *neighbours[at:]]
        else:
            value = {**{f"n{i}": neighbour for i, neighbour in enumerate(neighbours)}, "in": value}
    return value, secret


writers = st.sampled_from(
    [
        json.dumps,
        lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        lambda value: json.dumps(value, separators=(",", ":")).replace("/", "\\/"),
    ]
)


def as_text(payload: str) -> Event:
    return event(payload)


def as_binary(payload: str) -> Event:
    return event(kind="binary", data=payload.encode())


def as_gzip(payload: str) -> Event:
    return event(kind="binary", data=gzip.compress(payload.encode()))


def as_raw(payload: str) -> Event:
    return event(kind="raw", data=payload.encode())


def as_refusal(payload: str) -> Event:
    return handshake(body=payload)


def as_request(payload: str) -> Event:
    return http_request(body=payload)


def said_by(row: Event) -> str:
    """Everything that a row says, escapes undone as far as they go."""
    data = row.data or b""
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    said = (row.text or "") + data.decode("utf-8", "replace") + (row.close_reason or "")
    while (plain := re.sub(r"\\(u[0-9a-f]{4}|.)", _undone, said, flags=re.DOTALL)) != said:
        said = plain
    return said


def _undone(escape: re.Match[str]) -> str:
    letter = escape[1]
    return chr(int(letter[1:], 16)) if len(letter) == 5 else {"n": "\n", "t": "\t"}.get(letter, letter)


@settings(max_examples=150, deadline=None)
@given(
    planted(), writers, st.sampled_from([as_text, as_binary, as_gzip, as_raw, as_refusal, as_request, http_response])
)
def test_a_planted_secret_never_survives(
    case: tuple[Any, str], write: Callable[[Any], str], row_of: Callable[[str], Event]
) -> None:
    document, secret = case
    row = row_of(write(document))
    Redactor(KEY).redact(row)
    surrogates_joined = said_by(row).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # Undoing escapes ate the backslashes of the secret as well, if it had some.
    assert secret not in surrogates_joined
    assert secret.replace("\\", "") not in surrogates_joined.replace("\\", "")


@settings(max_examples=150, deadline=None)
@given(planted(), writers, st.integers(0, 2))
def test_only_the_secret_changes(case: tuple[Any, str], write: Callable[[Any], str], wrapped: int) -> None:
    document, _ = case
    before = write(document)
    for _ in range(wrapped):
        before = json.dumps({"body": before})
    spans = Finder(SecretNames()).find(before)
    after = redacted(before)

    # Between the spans the text is the same, letter by letter.
    assert spans
    kept, at = [], 0
    for span in spans:
        kept.append(re.escape(before[at : span.start] + span.quote))
        at = span.end
        kept.append(TOKEN.pattern + re.escape(span.quote))
    assert re.fullmatch("".join([*kept, re.escape(before[at:])]), after, re.DOTALL)

    # It is JSON still, and every value that is no secret is the same.
    old, new = json.loads(before), json.loads(after)
    for _ in range(wrapped):
        old, new = json.loads(old["body"]), json.loads(new["body"])
    assert same_but_for_tokens(old, new)


def same_but_for_tokens(old: Any, new: Any) -> bool:
    if isinstance(new, str) and TOKEN.fullmatch(new):
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return list(old) == list(new) and all(same_but_for_tokens(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same_but_for_tokens, old, new))
    return type(old) is type(new) and bool(old == new)


pieces_of_hostile_text = st.sampled_from(
    [
        '"', "\\", '\\"', '\\\\\\"', ":", ",", "{", "}", "[", "]", "=", "&", "?", " ", "\n", "'", ";", "@", "://",
        "%22", "%3D", "%3A", "apiKey", "token", "signature", "Cookie", "sid", "Authorization", "Bearer ", "auth", "op",
        "args", '"signature":', '"token":', '\\"apiKey\\":', "password=", "1234567", "true", "null",
        "x", "hunter2hunter2", "eyJ", ".", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "\\u0061",
        "\\n", "é", "İ", "\ud800", "redacted-token-0123456789abcdef", "redacted-", "*",
        '{"op":"auth","args":[', '["X-API-KEY","',
    ]
)  # fmt: skip
hostile_texts = st.lists(pieces_of_hostile_text, max_size=30).map("".join)


@settings(max_examples=400, deadline=None)
@given(hostile_texts, st.sampled_from(["text", "open", "http_response"]), st.sampled_from(["client", "venue"]))
def test_redacting_twice_is_redacting_once(text: str, kind: Any, sender: Any) -> None:
    once = redacted(text, kind=kind, sender=sender)
    assert redacted(once, kind=kind, sender=sender) == once


hostile_strings = hostile_texts.map(lambda text: text.replace("\ud800", ""))
hostile_documents = st.recursive(
    scalars | hostile_strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_strings, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(hostile_documents, writers, st.integers(0, 2), st.sampled_from(["text", "open"]))
def test_json_stays_json_whatever_its_strings_say(
    document: Any, write: Callable[[Any], str], wrapped: int, kind: Any
) -> None:
    before = write(document)
    for _ in range(wrapped):
        before = json.dumps({"body": before})
    left = json.loads(redacted(before, kind=kind))
    for _ in range(wrapped):
        left = json.loads(left["body"])
    assert same_shape(document, left)


def same_shape(old: Any, new: Any) -> bool:
    if isinstance(new, str) and TOKEN.search(new):
        return isinstance(old, str | int | float)
    if isinstance(old, dict):
        return len(old) >= len(new) and all(
            TOKEN.search(name) or same_shape(old[name], value) for name, value in new.items()
        )
    if isinstance(old, list):
        return len(old) == len(new) and all(map(same_shape, old, new))
    return type(old) is type(new) and bool(old == new)


@settings(max_examples=200, deadline=None)
@given(hostile_texts)
def test_spans_are_in_order_and_lie_in_the_text(text: str) -> None:
    spans = Finder(SecretNames()).find(text, client=True, http=True, handshake=True)
    places = [place for span in spans for place in (span.start, span.end)]
    assert places == sorted(places)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@settings(max_examples=100, deadline=None)
@given(documents, writers)
def test_what_holds_no_secret_name_stays_byte_for_byte(document: Any, write: Callable[[Any], str]) -> None:
    text = write(document)
    if not Finder(SecretNames()).names.gate.search(text.lower()):
        assert redacted(text, sender="venue") == text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["binary", "raw", "ping"]), st.sampled_from(["client", "venue"]))
def test_any_bytes_can_be_redacted_and_twice_is_once(data: bytes, kind: Any, sender: Any) -> None:
    row = event(kind=kind, sender=sender, data=data)
    Redactor(KEY).redact(row)
    assert row.data is not None
    again = event(kind=kind, sender=sender, data=row.data)
    Redactor(KEY).redact(again)
    assert again.data == row.data


# Time


def seconds(text: str, **about: Any) -> float:
    best = float("inf")
    for _ in range(3):
        redactor = Redactor(KEY)
        begin = time.perf_counter()
        redacted(text, redactor, **about)
        best = min(best, time.perf_counter() - begin)
    return best


HOSTILE: dict[str, Callable[[int], str]] = {
    "market data": lambda n: '{"b":[' + '["147.31","12.5"],' * (n // 18) + "[]]}",
    "deep JSON": lambda n: '{"a":' * (n // 5) + "1" + "}" * (n // 5),
    "deep secret": lambda n: '{"signature":' * (n // 13) + "1" + "}" * (n // 13),
    "open brackets under a secret name": lambda n: '{"signature":' + "[" * n,
    "secret names in secret arrays": lambda n: '{"signature":[' * (n // 14),
    "many secrets": lambda n: '{"signature":"0xaabb"},' * (n // 23),
    "one long secret": lambda n: '{"signature":"' + "a" * n + '"}',
    "one cut secret": lambda n: '{"signature":"' + "a" * n,
    "names in a row": lambda n: "key" * (n // 3),
    "names with dashes": lambda n: "key-" * (n // 4),
    "names without values": lambda n: '"token"' * (n // 7),
    "names in names": lambda n: '"' + "token " * (n // 6) + '":1',
    "backslashes": lambda n: '"token' + "\\" * n + '":1',
    "backslashes behind names": lambda n: ('"token' + "\\" * 90) * (n // 96),
    "backslashes in a login": lambda n: '{"op":"auth","x":"' + "\\" * n,
    "blanks behind a name": lambda n: '"token"' + " " * n,
    "blanks behind names": lambda n: ('"token"' + " " * 93) * (n // 100),
    "escaped letters": lambda n: '"token' + "\\u0061" * (n // 6),
    "beginnings of JWTs": lambda n: "eyJ" * (n // 3),
    "beginnings of JWTs with dots": lambda n: "eyJaaaaaaaaaa.eyJ." * (n // 18),
    "beginnings of PEMs": lambda n: "-----BEGIN PRIVATE KEY-----" * (n // 27),
    "parameters": lambda n: "?token=abc&" * (n // 11),
    "commas in a parameter": lambda n: "token=" + "," * n,
    "parameters without values": lambda n: "token=" * (n // 6),
    "quotes that open nothing": lambda n: 'token=\\"' * (n // 8),
    "quotes of rising level": lambda n: "".join("token=" + "\\" * (2**i - 1) + '"}' for i in range(n.bit_length() - 1)),
    "colons": lambda n: "password:" * (n // 9),
    "colons and slashes": lambda n: "password://" * (n // 11),
    "colons behind doubtful names": lambda n: "token:" * (n // 6),
    "users in URLs": lambda n: "://a:b" * (n // 6) + "@",
    "cookies": lambda n: '[["Cookie","' + "a=b;" * (n // 4) + '"]]',
    "cookies with commas": lambda n: '[["Cookie","' + "a, " * (n // 3) + '"]]',
    "headers that don't end": lambda n: '["token","x",' * (n // 13),
    "logins": lambda n: '{"op":"auth","args":[' * (n // 21),
    "letters that grow in lower case": lambda n: "İ" * n + '"token":"hunter2hunter2"',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_time_is_linear_in_the_payload(what: str) -> None:
    """Four times the text may take four times as long, and not sixteen times; some noise is forgiven."""
    kind = "open" if "ookie" in what or "header" in what else "text"
    small, large = HOSTILE[what](20_000), HOSTILE[what](80_000)
    assert any(seconds(large, kind=kind) < 9 * seconds(small, kind=kind) + 0.002 for _ in range(3))


def test_deep_json_within_json_strings_is_read_without_recursion() -> None:
    text = '{"apiKey":"hunter2"}'
    for _ in range(12):
        text = json.dumps({"body": text})
    assert "hunter2" not in redacted(text)
    deep = '{"a":' * 100_000 + '{"password":"hunter2"}' + "}" * 100_000
    assert "hunter2" not in redacted(deep)


def test_an_ordinary_message_costs_one_search() -> None:
    """Compared with reading it as JSON, which is quick: nobody may be tempted to switch redaction off for speed."""
    message = json.dumps({"stream": "depth.SOL_USDC", "data": {"b": [["147.31", "12.5"]] * 14, "T": 1778601294274}})
    row, redactor = event(message, sender="venue"), Redactor(KEY)
    redact_it = best_of(lambda: redactor.redact(row))
    read_it = best_of(lambda: json.loads(message))
    assert redact_it < read_it


def best_of(call: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(30):
        begin = time.perf_counter()
        for _ in range(100):
            call()
        best = min(best, time.perf_counter() - begin)
    return best
