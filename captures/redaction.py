"""Redaction: no secret reaches a disk.

The scribe hands every event to :class:`Redactor` before it writes. A secret's bytes make way for a token, all others
stay as they are: no JSON is parsed and written anew. The token is a keyed hash of the secret, so equal secrets stay
equal, and correlation, duplicates and replay work on what is left. Which names hold secrets says
:mod:`wsreplay.captures.secret_names`, where they stand :mod:`wsreplay.captures.secret_spans`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from hashlib import blake2b
from operator import attrgetter

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.long_lived import LongLived
from wsreplay.captures.raw_stretch import RawStretch, may_be_masked_text
from wsreplay.captures.secret_found import Span
from wsreplay.captures.secret_names import SecretNames
from wsreplay.captures.secret_spans import Finder
from wsreplay.venues.dialect import Secrets

_COLUMNS = (
    "op",
    "key",
    "channel",
    "symbol",
    "account",
    "order_id",
    "client_order_id",
    "status",
    "error_code",
    "resolved_by",
)
"""Derived text that is taken from payloads as it stands there."""
_columns = attrgetter(*_COLUMNS)

_HTTP = frozenset(["open", "http_request", "http_response"])
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MOST_INFLATED = 64 << 20
_RECENT = 4096
_RANDOM_LENGTH = 16
_SHORTEST_IN_COLUMN = 4
"""A one-time password of three digits would turn order ids into tokens."""


class Redactor:
    """Replaces secrets in events. One for a whole recording: it remembers the long-lived ones that it has seen."""

    def __init__(self, key: bytes, secrets: Secrets = Secrets(), keep: bool = False):  # noqa: B008 - it is frozen
        """``secrets``: the venue's own names. ``keep``: leave everything as it is (``--keep-secrets``)."""
        self._keep = keep
        self._hash = blake2b(key=key if len(key) <= 64 else blake2b(key).digest(), digest_size=8)
        self._secrets = secrets
        self._finder = self._http_finder = Finder(SecretNames(secrets))
        self._long_lived = LongLived()
        self._recent: dict[str, str] = {}
        """Secrets just replaced, for the columns that were taken from them before."""

    def known(self) -> dict[str, str]:
        """The long-lived secrets seen so far, each with its token: for the memory of a successor, not for a disk."""
        return self._long_lived.known()

    def adopt(self, secrets: Secrets) -> None:
        """Know a venue's own names from here on: it has just been recognised."""
        self._secrets = secrets
        self._finder = self._http_finder = Finder(SecretNames(secrets))

    def suspect(self, venues: Sequence[Secrets]) -> None:
        """Know the names of all these venues until one is adopted: what is written before cannot be taken back.

        Everyday names count where keys are handed out, in HTTP: in messages they are more often no secret.
        """
        named = self._secrets.names.union(*(venue.names for venue in venues))
        doubtful = self._secrets.doubtful.union(*(venue.doubtful for venue in venues))
        public = self._secrets.public - named
        self._finder = Finder(SecretNames(Secrets(names=named, doubtful=self._secrets.doubtful, public=public)))
        self._http_finder = Finder(SecretNames(Secrets(names=named, doubtful=doubtful, public=public)))

    def learn(self, known: dict[str, str]) -> None:
        """Know what a predecessor has seen."""
        for value, token in known.items():
            self._long_lived.learn(value, token)

    def redact(self, event: Event) -> None:
        """Replace the secrets of one event, in place."""
        if self._keep:
            return
        changed = False
        if event.text is not None:
            text = self._text(event.text, event)
            changed = text is not event.text
            event.text = text
        if event.data is not None:
            data = self._raw(event.data, event) if event.kind == "raw" else self._data(event.data, event)
            changed = changed or data is not event.data
            event.data = data
        if event.close_reason:
            event.close_reason = self._text(event.close_reason, event)
        if event.error_code:
            event.error_code = self._text(event.error_code, event)
        # Columns are taken from the payload beside them or, on fact rows, from an earlier one.
        if changed or event.text is None:
            known = self._recent and not self._recent.keys().isdisjoint(_columns(event))
            if known or self._long_lived:
                self._columns(event)

    def redact_url(self, url: str) -> str:
        """A URL as a handshake to it would be written."""
        row = Event(seq=0, at_ns=0, mono_ns=0, first_mono_ns=0, sender="client", kind="open")
        row.text = msgspec.json.encode({"url": url}).decode()
        self.redact(row)
        return str(msgspec.json.decode(row.text)["url"])

    def _columns(self, event: Event) -> None:
        for name, value in zip(_COLUMNS, _columns(event), strict=True):
            if value is not None:
                setattr(event, name, self._recent.get(value) or self._long_lived.replace(value))

    def _text(self, text: str, event: Event) -> str:
        kind = event.kind
        http = kind in _HTTP
        finder = self._http_finder if http else self._finder
        spans = finder.find(text, client=event.sender == "client", http=http, handshake=kind == "open")
        if spans:
            pieces: list[str] = []
            at = 0
            for span in spans:
                pieces += (text[at : span.start], span.quote, self._token(span, event), span.quote)
                at = span.end
            pieces.append(text[at:])
            text = "".join(pieces)
        return self._long_lived.replace(text) if self._long_lived else text

    def _token(self, span: Span, event: Event) -> str:
        value = span.value
        known = self._long_lived.token(value)
        if known is not None:
            return known
        hashed = self._hash.copy()
        hashed.update(value.encode("utf-8", "surrogatepass"))
        token = f"redacted-{span.label}-{hashed.hexdigest()}"
        if _lasts(span, event):
            self._long_lived.learn(value, token)
        if len(value) >= _SHORTEST_IN_COLUMN:
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            self._recent[value] = token
        return token

    # Bytes

    def _data(self, data: bytes, event: Event) -> bytes:
        if data.startswith(_GZIP) or (data[:1] == b"\x78" and len(data) > 2 and int.from_bytes(data[:2]) % 31 == 0):
            return self._packed(data, event)
        if data.startswith(_ZSTD) and event.kind in _HTTP:
            return self._unreadable(data)
        return self._bytes(data, event)

    def _bytes(self, data: bytes, event: Event) -> bytes:
        encoding = "utf-8"
        try:
            text = data.decode()
        except UnicodeDecodeError:
            encoding = "latin-1"  # each byte a letter: what is ASCII between other bytes can be read
            text = data.decode(encoding)
        redacted = self._text(text, event)
        return data if redacted is text else redacted.encode(encoding)

    def _packed(self, data: bytes, event: Event) -> bytes:
        """A payload that is itself gzip or zlib, as some venues' market data is. Packed again only if need be."""
        gzip = data.startswith(_GZIP)
        decoder = zlib.decompressobj(32 + zlib.MAX_WBITS)
        try:
            plain = decoder.decompress(data, _MOST_INFLATED)
        except zlib.error:
            return self._bytes(data, event)
        if decoder.unconsumed_tail:
            return self._unreadable(data)
        redacted = self._bytes(plain, event)
        if redacted is plain:
            return data
        encoder = zlib.compressobj(wbits=(16 if gzip else 0) + zlib.MAX_WBITS)
        return encoder.compress(redacted) + encoder.flush() + self._bytes(decoder.unused_data, event)

    def _unreadable(self, data: bytes) -> bytes:
        hashed = self._hash.copy()
        hashed.update(data)
        return f"redacted-unreadable-{hashed.hexdigest()}".encode()

    def _raw(self, data: bytes, event: Event) -> bytes:
        covered = self._covered(data, event)
        client = event.sender == "client"
        stretch = RawStretch(covered, client)
        says = stretch.inflated()
        if says is None:
            # Packed against what was sent before: whoever has that can read it.
            return stretch.with_payload(b"*" * len(stretch.payload)) if client else covered
        safe = self._covered(says, event)
        if safe != says:
            return stretch.with_payload(b"*" * len(stretch.payload) if stretch.compressed else safe)
        if client and not _is_text(says) and may_be_masked_text(covered):
            return b"*" * len(covered)
        return covered if covered != data else data

    def _covered(self, data: bytes, event: Event) -> bytes:
        """The bytes with each secret overwritten by its token, as far as there is room, and by asterisks."""
        spans = self._finder.find(data.decode("latin-1"), client=event.sender == "client")
        data = _overwritten(data, [(span.start, span.end, self._token(span, event)) for span in spans])
        return _overwritten(data, self._long_lived.places(data.decode("latin-1")))


def _overwritten(data: bytes, places: list[tuple[int, int, str]]) -> bytes:
    written = bytearray(data)
    for start, end, token in places:
        room = end - start
        written[start:end] = token.encode().ljust(room, b"*") if len(token) <= room else b"*" * room
    return bytes(written)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.end == len(data)  # cut within a letter
    return True


def _lasts(span: Span, event: Event) -> bool:
    """Whether to look for this secret everywhere from now on: it is good for more than this one message."""
    if span.label in ("signature", "private"):
        return False
    if span.label == "cookie":  # each REST answer may set new ones; those that matter come with the handshake
        return event.kind == "open"
    # Under a doubtful name it must look like a secret, and come from where secrets do.
    return span.certain or ((event.kind in _HTTP or event.sender == "client") and _looks_random(span.value))


def _looks_random(value: str) -> bool:
    return len(value) >= _RANDOM_LENGTH and any(map(str.isdigit, value))
