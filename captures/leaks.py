"""Looks through events for what should not be in a capture. It reports where, and never what.

Redaction goes by names, so this goes by looks first: what is shaped like a token, a key or a signature is reported
under whatever name it stands. Values that the caller knows are found in any spelling. Last, what redaction itself would
replace and did not, for captures that were made with ``--keep-secrets``, by an older version, or by another tool.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from math import log2

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.long_lived import forms_of
from wsreplay.captures.raw_stretch import RawStretch
from wsreplay.captures.secret_found import TOKEN
from wsreplay.captures.secret_names import SecretNames, normal
from wsreplay.captures.secret_shapes import JWT, PEM
from wsreplay.captures.secret_spans import Finder
from wsreplay.venues.dialect import Secrets


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """One secret that stands in a capture."""

    seq: int
    part: int
    where: str
    """The column."""
    shape: str
    """What it looks like, or under which name it stands."""
    excerpt: str
    """Its first letters, at most four, and its length."""


_TEXTS = (
    "text", "close_reason", "op", "key", "channel", "symbol", "account", "order_id", "client_order_id", "status",
    "error_code", "resolved_by", "signer",
)  # fmt: skip
# Between a name and its value: in JSON, in a list of headers, in a URL, in a log.
_TO_VALUE = r"""(?:\\*["']\s{0,3}[:,]\s{0,3}\\*["']|\s{0,3}[:=]\s{0,3})"""
_AUTHORIZATION = re.compile(
    rf"""authorization{_TO_VALUE}(?:(?:bearer|basic|token)\s+)?([^\s"'\\,]{{4,}})""", re.IGNORECASE
)
_SIGNATURE = re.compile(r"(?<![0-9a-zA-Z])(?:0x)?([0-9a-fA-F]{128}(?:1[bcBC]|0[01]))(?![0-9a-zA-Z])")
_FIELD = re.compile(rf"""(?<![\w.\-])([A-Za-z][\w.\-]{{0,63}}+){_TO_VALUE}([A-Za-z0-9+/_=~.\-]{{16,}}+)""", re.ASCII)
_LONG_WORD = re.compile(r"[\w.\-]{20,}+", re.ASCII)
_TRIES_IN_WORD = 8
_PRIVATE_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_SUSPICIOUS = re.compile(r"priv|secret|seed|pass|sk$|walletkey|signerkey|^pk$|mnemo")
_SECRETISH = re.compile(r"key$|token$|cred|secret|pass|pwd|auth|jwt|sign?$|session|cookie|bearer")
_ADDRESS = re.compile(r"(?:0x)?[0-9a-fA-F]{40}|[0-9.\-]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NO_SECRET_KEYS = frozenset(["secwebsocketkey", "publickey", "idempotencykey", "pubkey"])
_RANDOM_LENGTH = 20
_RANDOM_BITS = 3.5
"""Of entropy a letter. Words of a language have less at this length, random Base64 and Base58 more, hexadecimal 3.4."""
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32,}")
_MOST_INFLATED = 64 << 20


def leaks(events: Iterable[Event], known: Iterable[str] = (), secrets: Secrets = Secrets()) -> list[Leak]:  # noqa: B008
    """All that looks like a secret in these events; our own tokens don't.

    ``known``: values that must not be there. ``secrets``: what is secret and what is public at the venue; without it
    the general rule decides.
    """
    search = _Search(known, secrets)
    return [leak for event in events for leak in search.leaks_in(event)]


class _Search:
    def __init__(self, known: Iterable[str], secrets: Secrets):
        self._finder = Finder(SecretNames(secrets))
        self._public = frozenset(map(normal, secrets.public))
        self._known = {form: value for value in known if value for form in forms_of(value)}

    def leaks_in(self, event: Event) -> Iterator[Leak]:
        for where in _TEXTS:
            text = getattr(event, where)
            if text:
                yield from self._leaks(event, where, text, where == "text")
        if event.data:
            for view in _views(event):
                yield from self._leaks(event, "data", view, False)

    def _leaks(self, event: Event, where: str, text: str, payload: bool) -> Iterator[Leak]:
        covered = bytearray(len(text))
        for token in TOKEN.finditer(text):
            covered[token.start() : token.end()] = b"\1" * len(token[0])
        for start, end, shape in self._sightings(text, event, payload):
            # The same place is reported once, as the first that it was seen as.
            if not any(covered[start:end]):
                covered[start:end] = b"\1" * (end - start)
                excerpt = _masked(text[start:end])
                yield Leak(seq=event.seq, part=event.part, where=where, shape=shape, excerpt=excerpt)

    def _sightings(self, text: str, event: Event, payload: bool) -> Iterator[tuple[int, int, str]]:
        for form in self._known:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form), "known value"
                at = text.find(form, at + len(form))
        for found in PEM.finditer(text):
            yield *found.span(), "private key (PEM)"
        for start, end in _json_web_tokens(text):
            yield start, end, "JSON Web Token"
        for found in _AUTHORIZATION.finditer(text):
            yield *found.span(1), "Authorization"
        if "signature" not in self._public:
            for found in _SIGNATURE.finditer(text):
                yield *found.span(), "signature of 65 bytes"
        for found in _FIELD.finditer(text):
            shape = self._field(found[1], found[2])
            if shape:
                yield *found.span(2), shape
        http = payload and event.kind in ("open", "http_request", "http_response")
        handshake = payload and event.kind == "open"
        for span in self._finder.find(text, client=event.sender == "client", http=http, handshake=handshake):
            yield span.start, span.end, f"value of {span.name}"

    def _field(self, name: str, value: str) -> str | None:
        plain = normal(name)
        if plain in self._public or plain in _NO_SECRET_KEYS or _ADDRESS.fullmatch(value) or _UUID.fullmatch(value):
            return None
        if _SUSPICIOUS.search(plain) and _PRIVATE_KEY.fullmatch(value):
            return f"32 bytes under {name}"
        random = len(value) >= _RANDOM_LENGTH and (_entropy(value) >= _RANDOM_BITS or _HEXADECIMAL.fullmatch(value))
        return f"random text under {name}" if random and _SECRETISH.search(plain) else None


def _json_web_tokens(text: str) -> Iterator[tuple[int, int]]:
    for word in _LONG_WORD.finditer(text):
        at = word.start()
        for _ in range(_TRIES_IN_WORD):  # a hostile word of nothing but beginnings must not take for ever
            at = text.find("eyJ", at, word.end())
            if at < 0:
                break
            found = JWT.match(text, at, word.end())
            at = found.end() if found is not None else at + 3
            if found is not None:
                yield found.span()


def _views(event: Event) -> Iterator[str]:
    """The bytes of a row as text, in each way in which they can be read."""
    data = event.data or b""
    try:
        yield data.decode()
    except UnicodeDecodeError:
        yield data.decode("latin-1")
    if data[:2] == b"\x1f\x8b" or data[:1] == b"\x78":
        try:
            yield zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(data, _MOST_INFLATED).decode("latin-1")
        except zlib.error:
            return
    if event.kind == "raw":
        yield (RawStretch(data, event.sender == "client").inflated() or b"").decode("latin-1")


def _entropy(text: str) -> float:
    """Bits a letter, from how often each occurs."""
    return -sum(count / len(text) * log2(count / len(text)) for count in Counter(text).values())


def _masked(secret: str) -> str:
    """Enough to recognise it by for who has it, and of a short one less."""
    return f"{secret[: min(4, len(secret) // 4)]}… ({len(secret)} characters)"
