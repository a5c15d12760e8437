"""Secrets that are known by their looks, under whatever name they stand."""

from __future__ import annotations

import re

from wsreplay.captures.secret_names import Meaning

OPAQUE = 16
"""From this length on a word of digits and letters is no word of a language, nor a name."""

JWT = re.compile(r"eyJ[\w-]{8,}+\.[\w-]{4,}+\.[\w-]*+(?:\.[\w-]++){0,2}+", re.ASCII)
"""A JSON Web Token, signed (three parts) or encrypted (five)."""
PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
    r'(?:[^"]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[^"]*+)'
)
"""A private key, also one that is cut."""
BEARER = re.compile(r"[bB](?i:earer)\s{1,3}(?=[A-Za-z._~+/=\-]*+[0-9])([A-Za-z0-9._~+/=\-]{6,}+)")
"""What follows the word Bearer, if it holds a digit: "Bearer authentication failed" tells no secret."""

SHAPES = {
    "j": (2, JWT, Meaning("token", name="JSON Web Token")),
    "-----b": (0, PEM, Meaning("secret", name="private key")),
    "bearer": (0, BEARER, Meaning("token", name="Bearer")),
}
"""By what the gate finds of each (:mod:`wsreplay.captures.secret_names`), and how many letters stand before that."""
