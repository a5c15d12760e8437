"""Where the secrets stand in a text: spans of the text itself, never a parsed copy of it.

A payload is JSON, JSON inside a JSON string (a REST body in our own row), a URL, a form, or words of a log; often one
in the other, and sometimes cut or broken. So nothing is parsed from the top. One search finds the places where a secret
name could be; only there is read what follows the name: a JSON value, a parameter, a header, however deep it is
wrapped. Nothing is read twice, so the time is linear in the text, for hostile texts too.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from wsreplay.captures.json_levels import end_of_string, level_at, level_of, quote, unescaped
from wsreplay.captures.secret_found import Found, Span
from wsreplay.captures.secret_names import Meaning, SecretNames
from wsreplay.captures.secret_places import (
    cookies,
    handshake_path,
    may_list_keys,
    subprotocols,
    subscriptions,
    userinfo,
)
from wsreplay.captures.secret_shapes import OPAQUE, SHAPES

_LONGEST_NAME = 64
_BLANK = r"(?:\s|\\+(?:[nt]|r(?!edacted-)))*+"

# From somewhere in a name to what follows it.
_JSON_NAME = re.compile(
    rf'([^"\\]{{0,{_LONGEST_NAME}}}+(?:\\++u[0-9a-fA-F]{{4}}[^"\\]{{0,{_LONGEST_NAME}}}+){{0,16}}+)(\\*+)"{_BLANK}:{_BLANK}'
)
_PAIR = re.compile(rf'([^"\\]{{1,{_LONGEST_NAME}}}+)"\s*+,\s*+"')
_NAME_REST = re.compile(rf"[\w.\-]{{0,{_LONGEST_NAME}}}+", re.ASCII)
_NAME_BEFORE = re.compile(r"(?<![\w.\-])[\w.\-]*+\Z", re.ASCII)
_WORD = re.compile(r"[\w\-]*+", re.ASCII)
_LETTERS = re.compile(rf"[A-Za-z0-9]{{1,{_LONGEST_NAME}}}+")
_ASSIGNED = re.compile(r"""['`]?\s{0,3}(=|:|%3[dD]|\\+u003[dD])(\s{0,3})(\\*+["']|(?=[^\s"']))""")
_PERCENT_JSON = re.compile(r"%22(?:%20|\+)*+%3[aA](?:%20|\+)*+((?:%22)?)")
# The end of an escape that stands right before a name: "\ntoken=", "\u0026token=", "%26token%3D".
_LEAD = {"\\": re.compile(r"u[0-9a-fA-F]{4}|[nrtbf]"), "%": re.compile(r"[0-9a-fA-F]{2}")}

# Values. An escaped slash or letter belongs to them; the escapes of a quote, "&", "<", ">", blank or line end do not.
_ESCAPED = r"\\++(?:/|u(?!00(?:0[aAdD9]|2[0267]|3[cCeE]))[0-9a-fA-F]{4})"
_NOT_THE_NEXT = rf"[,;](?!\s|\\|[\w.\-]{{1,{_LONGEST_NAME}}}=|$)"
_PARAMETER = re.compile(rf'(?:[^&\s"\\<>,;]|{_ESCAPED}|{_NOT_THE_NEXT})*+', re.ASCII)
_PERCENT_PARAMETER = re.compile(r'(?:(?!%26|%22|%2[cC]|%7[dD])[^&\s"\\<>])*+')
_LOG_WORD = re.compile(rf"""(?:[^&\s"'\\<>,;(){{}}\[\]]|{_ESCAPED}|{_NOT_THE_NEXT})*+""", re.ASCII)
_JSON_WORD = re.compile(r'[^\s"\\,{}\[\]]++')
_SINGLE_QUOTED = re.compile(r"""[^'"\\]*+""")
_SLASH_OR_CODE = re.compile(r"\\+(?:/|u([0-9a-fA-F]{4}))")
_SCHEME = re.compile(r"(bearer|basic|token|apikey|jwt)(?:\s|%20|\+)++", re.IGNORECASE)

_OPENING = re.compile(r'(\\*+)"')
_NO_VALUE = re.compile(rf"{_BLANK}(?:[,:}}\]]|\Z)")
_NUMBER = re.compile(r"-?[0-9][0-9.eE+\-]*+")
_SCALARS = re.compile(r'[\[\]{}"]|\\++(?:u[0-9a-fA-F]{4}|[^"\\u])|[^\s"\\,:{}\[\]]++')
_COLON = re.compile(rf"{_BLANK}:")
_NO_SECRETS = frozenset(["true", "false", "null", "True", "False", "None", "NaN", "Infinity", "-Infinity", "undefined"])

_LOGIN = re.compile(
    r'"(?:op|method|type|event|action|channel|request|req|cmd|command)\\*"\s*+:\s*+\\*"[^"\\]{0,24}?(?:auth|log[io]n)'
)
_LOGIN_WORDS = frozenset(["uth", "login", "logon"])
_LOGIN_VALUES = re.compile(r'(?<!\\)(\\*+)"(?:args|params|arguments|data)\\*"\s*+:\s*+(?=\[)')
_LOGIN_KEY = re.compile(r'(?<!\\)(\\*+)"key\\*"\s*+:\s*+(?=\\*")')
_CREDENTIAL, _KEY = Meaning("credential", name="login"), Meaning("key", name="login")


class Finder:
    """Finds the secrets in texts, by the names of one venue."""

    def __init__(self, names: SecretNames):
        self.names = names

    def find(self, text: str, *, client: bool = False, http: bool = False, handshake: bool = False) -> list[Span]:
        """All secrets of a text, in order, none overlapping another.

        ``client``: a message of the bot, which may be a login. ``http``: one of our rows about HTTP, in which headers
        stand as pairs. ``handshake``: the row of a WebSocket handshake, whose path may hold a key, and
        whose subprotocols a token.
        """
        low = text.lower()
        if len(low) != len(text):  # one letter of Unicode is longer in lower case
            low = text.replace("\u0130", "i").lower()
        gate = self.names.login_gate if client else self.names.gate
        hit = gate.search(low)
        listed = client and may_list_keys(text)
        if hit is None and not handshake and not listed and ("@" not in text or "://" not in text):
            return []
        scan = _Scan(text, self.names, http)
        login = False
        while hit is not None:
            login = login or hit[0] in _LOGIN_WORDS
            hit = gate.search(low, max(scan.look_at(hit.start(), hit[0]), hit.start() + 1))
        if login and client and _LOGIN.search(low):
            scan.login()
        if listed:
            subscriptions(scan)
        if "@" in text:
            userinfo(scan)
        if handshake:
            handshake_path(scan)
            subprotocols(scan, self.names)
        return scan.disjoint()


class _Scan(Found):
    """One text, read at the places that the gate pointed out."""

    def __init__(self, text: str, names: SecretNames, http: bool):
        super().__init__(text)
        self.names = names
        self.http = http
        self._no_shape_until = self._names_until = 0

    def look_at(self, at: int, hit: str) -> int:
        """Look at one place where a secret name may be; says from where to look on."""
        text = self.text
        field = _JSON_NAME.match(text, at)
        if field is not None:
            opening = text.rfind('"', max(0, at - _LONGEST_NAME), at)
            meaning = self.names.meaning(text[opening + 1 : field.end(1)]) if opening >= 0 else None
            if meaning is not None:
                return self._json_value(field.end(), level_of(len(field[2])), meaning)
        if self.http and (header := _PAIR.match(text, at)) is not None:
            opening = text.rfind('"', max(0, at - _LONGEST_NAME), at)
            if opening > 0 and text[opening - 1] == "[":
                meaning = self.names.header_meaning(text[opening + 1 : header.end(1)])
                end, after = end_of_string(text, header.end(), 0)
                if meaning is not None and text.startswith("]", after):
                    self._string(header.end(), end, 0, meaning)
                    return after
        if hit in SHAPES and at >= self._no_shape_until:
            before, shape, meaning = SHAPES[hit]
            if (secret := shape.match(text, at - before)) is not None:
                return self._shaped(secret, meaning)
            # What is no JSON Web Token from here on, is none from further on in the same word.
            word = _WORD.match(text, at)
            self._no_shape_until = word.end() if word is not None and hit == "j" else at
        return self._words(at)

    def _shaped(self, secret: re.Match[str], meaning: Meaning) -> int:
        start, end = secret.span(secret.lastindex or 0)
        # A PEM without its last line runs up to a quote, whose backslashes belong to the quote.
        end = start + len(self.text[start:end].rstrip("\\"))
        self.add(start, end, unescaped(self.text[start:end], 0), meaning)
        return end

    # JSON

    def _json_value(self, at: int, level: int, meaning: Meaning) -> int:
        text = self.text
        opening = _OPENING.match(text, at)
        if opening is not None:
            own = level_of(len(opening[1]))
            if own < level:
                return at  # the string around this JSON has ended
            end, after = end_of_string(text, opening.end(), own)
            self._string(opening.end(), end, own, meaning)
            return after
        if text.startswith(("{", "["), at):
            return at + 1 if meaning.plain else self._inside(at, level, meaning)
        word = _JSON_WORD.match(text, at)
        if word is None:
            return at
        self._bare_word(word, level, meaning)
        return word.end()

    def _inside(self, at: int, level: int, meaning: Meaning, least: int = 0) -> int:
        """Every scalar of an array or an object; with ``least``, only strings of that length that stand in arrays."""
        text = self.text
        within: list[str] = []
        while (token := _SCALARS.search(text, at)) is not None:
            at = token.end()
            what = token[0]
            if what in "[{":
                within.append(what)
            elif what in "]}":
                within.pop()
                if not within:
                    break
            elif what == '"':
                if level_at(text, at - 1, level) < level:
                    break  # the string around this JSON has ended: the JSON was cut
                end, after = end_of_string(text, at, level)
                cut = level_at(text, after - 1, level) < level
                wanted = not least or (end - at >= least and within[-1] == "[")
                if wanted and (cut or _COLON.match(text, after) is None):
                    self._string(at, end, level, meaning)
                if cut:
                    break
                at = after
            elif not least and what[0] != "\\":
                self._bare_word(token, level, meaning)
        return at

    def _bare_word(self, word: re.Match[str], level: int, meaning: Meaning) -> None:
        """A number, or a word that JSON does not have."""
        if _NUMBER.fullmatch(word[0]):
            self.add(*word.span(), word[0], meaning, quote(level))
        elif word[0] not in _NO_SECRETS and _COLON.match(self.text, word.end()) is None:
            self.add(*word.span(), word[0], meaning)

    def _string(self, start: int, end: int, level: int, meaning: Meaning) -> None:
        if meaning.label == "cookie":
            cookies(self, start, end, level, meaning)
        else:
            if meaning.label == "token" and (scheme := _SCHEME.match(self.text, start, end)) is not None:
                start, meaning = scheme.end(), _by_scheme(scheme[1], meaning)
            self.add(start, end, unescaped(self.text[start:end], level), meaning)

    def login(self) -> None:
        """Logins whose values have no names: Bybit's ``"args": [key, expires, signature]``, FTX's ``"key"``."""
        done = 0
        for values in _LOGIN_VALUES.finditer(self.text):
            if values.start() >= done:
                done = self._inside(values.end(), level_of(len(values[1])), _CREDENTIAL, OPAQUE)
        for key in _LOGIN_KEY.finditer(self.text):
            self._json_value(key.end(), level_of(len(key[1])), _KEY)

    # Words

    def _words(self, at: int) -> int:
        """``name=value`` of URLs and forms, ``name: value`` of logs and of what only looks like JSON."""
        text = self.text
        rest = _NAME_REST.match(text, at)
        after = rest.end() if rest is not None else at
        assigned = _ASSIGNED.match(text, after)
        percent = _PERCENT_JSON.match(text, after) if assigned is None else None
        if assigned is None and percent is None:
            letters = _LETTERS.match(text, at)
            return letters.end() if letters is not None else at + 1
        meaning = self._meaning_around(at, after)
        if meaning is None:
            return after
        if assigned is not None:
            return self._assigned(assigned, meaning)
        assert percent is not None
        value = _PERCENT_PARAMETER.match(text, percent.end())
        assert value is not None
        self.add(*value.span(), _parameter(value[0]), meaning, "" if percent[1] else "%22")
        return value.end()

    def _meaning_around(self, at: int, end: int) -> Meaning | None:
        before = _NAME_BEFORE.search(self.text[max(0, at - _LONGEST_NAME) : at])
        start = at - len(before[0]) if before is not None else at
        meaning = self.names.meaning(self.text[start:end])
        if meaning is None and start and (lead := _LEAD.get(self.text[start - 1])) is not None:
            escape = lead.match(self.text, start, end)
            if escape is not None:
                meaning = self.names.meaning(self.text[escape.end() : end])
        return meaning

    def _assigned(self, assigned: re.Match[str], meaning: Meaning) -> int:
        text, start = self.text, assigned.end()
        sign, blank, opening = assigned.groups()
        if opening.endswith('"'):
            level = level_of(len(opening) - 1)
            end, after = end_of_string(text, start, level)
            # Or else it was the closing quote of the string in which the name stands, without a value.
            if _NO_VALUE.match(text, start, end) is None:
                self._string(start, end, level, meaning)
                return after
            return start
        scheme = _SCHEME.match(text, start) if meaning.label == "token" else None
        if scheme is not None:
            start, meaning = scheme.end(), _by_scheme(scheme[1], meaning)
        if sign == ":" and not opening and scheme is None:
            return self._log_value(start, bool(blank), meaning)
        shape = _SINGLE_QUOTED if opening else _PERCENT_PARAMETER if sign[0] == "%" else _PARAMETER
        value = shape.match(text, start)
        assert value is not None  # it may be empty
        if meaning.label == "cookie":
            cookies(self, *value.span(), 0, meaning)
        else:
            self.add(*value.span(), _parameter(value[0], 2 if sign[0] == "%" else 1), meaning)
        return value.end()

    def _log_value(self, start: int, blank: bool, meaning: Meaning) -> int:
        """The value of ``name: value``, unless it is none: "invalid token: expected ...", "auth:orders"."""
        if start < self._names_until or (meaning.plain and not blank) or self.text.startswith("//", start):
            return start
        value = _LOG_WORD.match(self.text, start)
        assert value is not None  # it may be empty
        if value[0].endswith(":"):  # "password: secret: x" has a nearer name, and so has all within this word
            self._names_until = value.end()
            return start
        if not value[0].isalpha():
            self.add(*value.span(), _parameter(value[0]), meaning)
        return value.end()


def _by_scheme(scheme: str, meaning: Meaning) -> Meaning:
    return Meaning("password" if scheme.lower() == "basic" else "token", name=meaning.name)


def _parameter(raw: str, times: int = 1) -> str:
    """The value of a parameter without the escapes of URLs, so often, and of JSON."""
    if "\\" in raw:
        raw = _SLASH_OR_CODE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else "/", raw)
    for _ in range(times):
        raw = unquote(raw) if "%" in raw else raw
    return raw
