"""Places where secrets stand without a name of their own: cookies, subprotocols, logins, parts of a URL."""

from __future__ import annotations

import re
from urllib.parse import unquote

from wsreplay.captures.json_levels import unescaped
from wsreplay.captures.secret_found import Found
from wsreplay.captures.secret_names import Label, Meaning, SecretNames
from wsreplay.captures.secret_shapes import JWT, OPAQUE

_ATTRIBUTES = frozenset(
    ["path", "domain", "expires", "max-age", "samesite", "httponly", "secure", "priority", "partitioned"]
)
_COOKIES = re.compile(r";|,(?=\s*+[\w\-]++=)", re.ASCII)
_BEFORE_COOKIE = re.compile(r'[ \t]*+(?:\\*+")?')
_PROTOCOL_HEADER = re.compile(r'"sec-websocket-protocol"\s*+,\s*+"([^"\\]*+)', re.IGNORECASE)
_PROTOCOL = re.compile(r'[^,\s"\\]++')
_MIXED = re.compile(r"(?=[^0-9]*+[0-9])(?=[^A-Za-z]*+[A-Za-z])")
_URL_FIELD = re.compile(r'"url"\s*+:\s*+"([^"\\]*+)')
_PATH_KEY = re.compile(r'(?<=/)[A-Za-z0-9_\-]{32,}+(?=[/?#"]|$)')
_PUBLIC_PATH = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LISTED = re.compile(r'(?<=")([A-Za-z0-9]{60,128}+)(?=(?:@\w++)?\\*")')
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_BEFORE_LISTED = re.compile(r'(?:[\[,]|\\*"(?:stream|channel|topic)\\*"\s*:)\s*\\*"\Z', re.IGNORECASE)
_USERINFO = re.compile(r'://([^/\s"\\@:?#]{0,256}+)(?::([^/\s"\\@?#]{0,1024}+))?@')


def cookies(found: Found, start: int, end: int, level: int, meaning: Meaning) -> None:
    """The value of each cookie; names and the attributes of ``Set-Cookie`` stay."""
    text, first = found.text, True
    cuts = [cut.span() for cut in _COOKIES.finditer(text, start, end)]
    for piece_end, after in [*cuts, (end, end)]:
        equals = text.find("=", start, piece_end)
        attribute = text[start : equals if equals >= 0 else piece_end].strip().lower()
        if first or attribute not in _ATTRIBUTES:
            at = equals + 1 if equals >= 0 else start
            opening = _BEFORE_COOKIE.match(text, at, piece_end)
            at = opening.end() if opening is not None else at
            value = text[at:piece_end].rstrip(" \t")
            if value.endswith('"'):
                value = value[:-1].rstrip("\\")
            found.add(at, at + len(value), unescaped(value, level), meaning)
        start, first = after, False


def subprotocols(found: Found, names: SecretNames) -> None:
    """Tokens among subprotocols, where browsers put them: ``access_token, TOKEN``, ``bearer.TOKEN``."""
    for header in _PROTOCOL_HEADER.finditer(found.text):
        _protocols(found, *header.span(1), names)


def _protocols(found: Found, start: int, end: int, names: SecretNames) -> None:
    text, named = found.text, False
    secret = Meaning("token", name="Sec-WebSocket-Protocol")
    for item in _PROTOCOL.finditer(text, start, end):
        at, word = item.start(), item[0]
        prefix, dot, rest = word.partition(".")
        if named or JWT.fullmatch(word):
            found.add(at, item.end(), word, secret)
        elif dot and names.meaning(prefix) is not None:
            found.add(item.end() - len(rest), item.end(), rest, secret)
        else:
            for part in word.split("."):
                if len(part) >= OPAQUE and _MIXED.match(part):
                    found.add(at, at + len(part), part, secret)
                at += len(part) + 1
        named = names.meaning(word) is not None


def may_list_keys(text: str) -> bool:
    """Whether a word of a client's message is so long that it could be a key."""
    return _LISTED.search(text) is not None


def subscriptions(found: Found) -> None:
    """A key among the streams that a client asks for, where Binance's listenKey is one: a word too random for a name.

    Not hexadecimal: that is what hashes, accounts and order ids are made of.
    """
    text = found.text
    for word in _LISTED.finditer(text):
        value = word[1]
        if not _MIXED.match(value) or _HEXADECIMAL.fullmatch(value):
            continue
        if _BEFORE_LISTED.search(text, max(0, word.start() - 40), word.start()):
            found.add(*word.span(1), value, Meaning("key", name="subscription"))


def userinfo(found: Found) -> None:
    """``user:password`` before the host of a URL."""
    for url in _USERINFO.finditer(found.text):
        for group, label in _USERINFO_LABELS:
            if url[group]:
                found.add(*url.span(group), unquote(url[group]), Meaning(label, name="URL"))


_USERINFO_LABELS: tuple[tuple[int, Label], ...] = ((1, "key"), (2, "password"))


def handshake_path(found: Found) -> None:
    """A key as a part of the handshake's path, where Binance's listenKey and most RPC providers' keys are."""
    url = _URL_FIELD.search(found.text)
    if url is None:
        return
    query = found.text.find("?", *url.span(1))
    for part in _PATH_KEY.finditer(found.text, url.start(1), query if query >= 0 else url.end(1)):
        if _MIXED.match(part[0]) and not _PUBLIC_PATH.fullmatch(part[0]):
            found.add(*part.span(), part[0], Meaning("key", name="URL"))
