"""Which names hold secrets: the general rule, which applies before anything is known about a venue.

A name is compared without case and without anything but letters and digits, so ``X-MBX-APIKEY``, ``api_key`` and
``apiKey`` are read alike. Three tiers, from sure to careful:

* an **ending** is unmistakable whatever stands before it (``makerSignature``, ``wsapikey``);
* **last words** count only as whole words, since as mere letters they end harmless names (``bidToken`` ends in
  "idtoken", ``bypass`` in "pass", ``multisig`` in "sig");
* a **doubtful** name is a secret in most mouths and an everyday word of trading in others (``token``, ``session``,
  ``seed``): its value decides, see :data:`PLAIN`. An object under it is looked into, not replaced.

Deliberately no secrets: ``key`` alone (a cache key, a correlation key; a venue where it is one says so), ``nonce`` and
``timestamp`` (worthless without the signature, and correlation needs them), ``publicKey``, ``address``, ``signer``,
``hash``, ``tokenId``, ``tokenAddress``, ``sellToken`` and every other token that is an asset, ``idempotencyKey``,
``Sec-WebSocket-Key``, ``signatureType``, ``apiKeyVersion``, ``userId``, ``accountId``.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from wsreplay.venues.dialect import Secrets

type Label = Literal["signature", "key", "token", "password", "secret", "cookie", "credential", "private"]
"""What a secret is, in few coarse words: the same value must get the same token under different names."""


class Meaning(NamedTuple):
    """What a name says about its value."""

    label: Label
    plain: re.Pattern[str] | None = None
    """Values that are no secret in spite of the name; None: there are none, the name is certain."""
    name: str = ""
    """The name that says so."""


ENDINGS: dict[str, Label] = {
    "signature": "signature",
    "secret": "secret",
    "secretkey": "secret",
    "privatekey": "secret",
    "mnemonic": "secret",
    "seedphrase": "secret",
    "apikey": "key",
    "accesskey": "key",
    "listenkey": "key",
    "password": "password",
    "passphrase": "password",
    "accesstoken": "token",
    "refreshtoken": "token",
    "authtoken": "token",
    "sessiontoken": "token",
    "authorization": "token",
}

LAST_WORDS: dict[str, Label] = {
    "sig": "signature",
    "privkey": "secret",
    "signingkey": "secret",
    "signkey": "secret",
    "encryptionkey": "secret",
    "hmackey": "secret",
    "authkey": "key",
    "sessionkey": "key",
    "accesskeyid": "key",
    "pass": "password",
    "passwd": "password",
    "passcode": "password",
    "pwd": "password",
    "otp": "password",
    "totp": "password",
    "jwt": "token",
    "bearer": "token",
    "sessionid": "token",
    "credential": "secret",
    "cookie": "cookie",
}

# "token" after any other word is an asset on half of all venues.
_KEEPERS_OF_TOKENS = (
    "access api app auth authentication authorization bearer client connection csrf device id identity jwt listen "
    "login oauth otp push refresh reset secret security session signin stream user vault verification web websocket "
    "websockets ws xsrf"
)
LAST_WORDS |= {f"{keeper}token": "token" for keeper in _KEEPERS_OF_TOKENS.split()}

PLAIN: dict[str, re.Pattern[str]] = {
    # USDC, wstETH, an index, an address on a chain
    "token": re.compile(r"[A-Za-z]{1,7}|-?\d{1,5}|0x[0-9a-fA-F]{40}"),
    # regular, open; a session's number
    "session": re.compile(r"[A-Za-z]{1,7}|-?\d{1,5}"),
    # the seed of a random generator; that of a wallet is hexadecimal or words
    "seed": re.compile(r"[A-Za-z]{1,7}|-?\d+"),
    # buy, -1
    "sign": re.compile(r"[A-Za-z]{1,7}|[-+]?\d{0,5}|[-+]"),
    # required; what was said of it, as "auth: INVALID_TOKEN."
    "auth": re.compile(r"[A-Za-z]{1,15}|-?\d{1,5}|[A-Z]{2,16}(?:_[A-Z]{2,16})+\.?"),
}
_DOUBTFUL_LABELS: dict[str, Label] = {
    "token": "token",
    "session": "token",
    "seed": "secret",
    "sign": "signature",
    "auth": "token",
}

_NO_KEY = re.compile(r"(?![\w\-]{12,}\Z).*|0x[0-9a-fA-F]+|\d+", re.DOTALL | re.ASCII)
"""Under a name that its venue calls doubtful: no random word, or a number."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_LONGEST_ENDING = max(map(len, ENDINGS))
_REMEMBERED = 4096

# Every secret name contains one of these; a text without them is done after one search. That search is the price which
# each message pays, so it starts from letters that are rare in traffic ("auth" is found at its "u", "token" at its
# "k", which halves the price), and the commonest false friends (signer, tokenId, tokenAddress, tokens) are shut out.
ROOTS = (
    r"s(?:ig(?!ner)|e(?:cret|ssion|ed))|k(?:ey|(?<=tok)en(?!_?id|_?addr|s\b))|p(?:ass|wd|(?<=otp))|jwt|u(?<=au)th"
    r"|c(?:ookie|red)|mnemo|bearer"
)
# Of a JSON Web Token ("eyJ"), a private key in PEM, a letter written as an escape ("\u0070assword").
SHAPES = r"|j(?<=eyj)|-----b|\\u00[4-7]"
LOGINS = "|log[io]n"


def normal(name: str) -> str:
    """The name as it is compared: lower case, letters and digits only."""
    if "\\" in name:
        name = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), name)
    return _NO_NAME.sub("", name.lower())


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("pass") else name


def _label_of_added(name: str) -> Label:
    if name.endswith("key"):
        return "key"
    return "token" if name.endswith("token") else "private"


class SecretNames:
    """The general rule, with what one venue adds to it and takes away."""

    def __init__(self, secrets: Secrets = Secrets()):  # noqa: B008 - it is frozen
        self._names = frozenset(map(normal, secrets.names)) - {""}
        self._doubtful = frozenset(map(normal, secrets.doubtful)) - {""}
        self._public = frozenset(map(normal, secrets.public))
        self._known: dict[str, Meaning | None] = {}
        general = ROOTS + SHAPES
        added = sorted(name for name in self._names | self._doubtful if not re.search(general, name))
        # Any of "-", "_" and "." may stand between the letters, as the names are compared without them.
        spelled = "".join("|" + "[-_.]?".join(map(re.escape, name)) for name in added)
        self.gate = re.compile(general + spelled)
        """Searched in a text in lower case: without a match there is no secret name and no shape of a secret in it."""
        self.login_gate = re.compile(self.gate.pattern + LOGINS)
        """The same for what a client sends, where a login may carry secrets that have no names."""

    def meaning(self, name: str) -> Meaning | None:
        """What the value of a JSON field or a parameter of this name is, or None if it is no secret."""
        try:
            return self._known[name]
        except KeyError:
            pass
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[name] = self._look_up(name)
        return found

    def header_meaning(self, name: str) -> Meaning | None:
        """The same for an HTTP header, where there are no assets: each token is a secret, and ``KEY`` is one."""
        found = self.meaning(name)
        plain = normal(name)
        if plain in self._public:
            return None
        if found is None or found.plain is not None:
            if plain == "key":
                return Meaning("key", name=name)
            if plain.endswith("token"):
                return Meaning("token", name=name)
            if found is not None:
                return Meaning(found.label, name=name)
        return found

    def _look_up(self, name: str) -> Meaning | None:
        plain = normal(name)
        if plain in self._public:
            return None
        label = self._label(name, plain)
        if label is not None:
            return Meaning(label, name=name)
        if plain in self._names:
            return Meaning(_label_of_added(plain), name=name)
        if plain in self._doubtful:
            return Meaning("key", _NO_KEY, name)
        words = [word.lower() for word in _WORD.findall(name)]
        for doubtful in (plain, words[-1] if words else ""):
            # Only these two are still what they are behind other words (apiSign, walletSeed).
            if doubtful in PLAIN and (doubtful == plain or doubtful in ("sign", "seed")):
                return Meaning(_DOUBTFUL_LABELS[doubtful], PLAIN[doubtful], name)
        return None

    def _label(self, name: str, plain: str) -> Label | None:
        for one in (plain, _singular(plain)):
            for length in range(min(len(one), _LONGEST_ENDING), 5, -1):
                label = ENDINGS.get(one[-length:])
                if label is not None:
                    return label
            if one in LAST_WORDS:
                return LAST_WORDS[one]
        words = [word.lower() for word in _WORD.findall(name)]
        if words[-2:] == ["multi", "sig"]:
            return None
        for count in (3, 2, 1):
            last = "".join(words[-count:])
            label = LAST_WORDS.get(last) or LAST_WORDS.get(_singular(last))
            if label is not None:
                return label
        return None
