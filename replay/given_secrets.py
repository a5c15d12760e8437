"""The secrets that a user gives a replay: ``--secrets FILE``, and ``WSREPLAY_SECRET_NAME`` in the environment."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from wsreplay.captures.secret_found import TOKEN
from wsreplay.captures.secret_names import normal
from wsreplay.errors import UserError
from wsreplay.replay.redacted import names_in, names_in_headers, secret_of
from wsreplay.replay.script import Ask, Open, Say, Script

PREFIX = "WSREPLAY_SECRET_"
_LARGEST = 1 << 20
_NOT_TO_BE_GIVEN = frozenset({"signature", "unreadable"})
"""What signs one message only can't be given beforehand."""


def load_secrets(path: Path) -> dict[str, str]:
    """Secrets by name, from a file that nobody else can read: TOML (``*.toml``), or lines ``NAME=VALUE``."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = file.read(_LARGEST).decode()
    except OSError as error:
        raise UserError(f"--secrets {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"--secrets {path} is no text") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(f"--secrets {path} is open to other users (mode {mode:04o}): run chmod 600 on it")
    return _from_toml(path, text) if path.suffix == ".toml" else _from_lines(path, text)


def secrets_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Secrets by name, from the environment."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name != PREFIX and value
    }


def needed(script: Script) -> dict[str, str]:
    """The tokens that the client sent before any answer gave them, each with the name of the field that held it.

    Their values come from nowhere in the capture.
    """
    told: dict[str, int] = {}
    for reply in script.replies.values():
        for blank in (*reply.blanks, *reply.header_blanks):
            for token in blank.tokens:
                secret = secret_of(token)
                told[secret] = min(reply.seq, told.get(secret, reply.seq))
    found: dict[str, str] = {}
    seen: set[str] = set()
    for step in script.steps:
        match step:
            case Open(redacted=True):
                names = [*names_in(step.url), *names_in_headers(step.headers)]
            case Ask(redacted=True):
                names = [*names_in(step.url), *names_in_headers(step.headers), *names_in(step.body.decode("latin-1"))]
            case Say(redacted=True):
                text = step.payload if isinstance(step.payload, str) else step.payload.decode("latin-1")
                names = list(names_in(text))
            case _:
                continue
        for token, name in names:
            secret = secret_of(token)
            if secret in seen or token.split("-")[1] in _NOT_TO_BE_GIVEN:
                continue
            seen.add(secret)
            if told.get(secret, step.seq) >= step.seq:
                found[token] = name
    return found


def values_for(tokens: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The values of these tokens, as far as they were given: under the token itself, or under the field's name."""
    by_name = {normal(name): value for name, value in given.items() if TOKEN.fullmatch(name) is None}
    by_secret = {secret_of(name): value for name, value in given.items() if TOKEN.fullmatch(name) is not None}
    found: dict[str, str] = {}
    for token, name in tokens.items():
        value = by_secret.get(secret_of(token)) or by_name.get(normal(name))
        if value is not None:
            found[token] = value
    return found


def under_names_of(known: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The given secrets, under the names that a dialect has for them where it has one."""
    spelled = {normal(name): name for name in known}
    return {spelled.get(normal(name), name): value for name, value in given.items()}


def _from_toml(path: Path, text: str) -> dict[str, str]:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Its own message may quote the line, and with it a secret.
        raise UserError(f"--secrets {path} is no TOML") from error
    wrong = [name for name, value in said.items() if not isinstance(value, str)]
    if wrong:
        raise UserError(f'--secrets {path}: {wrong[0]} is no text; each line must be NAME = "VALUE"')
    return said


def _from_lines(path: Path, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = line.partition("=")
        name, value = name.strip().removeprefix("export ").strip().removeprefix(PREFIX), value.strip()
        if not sign or not name:
            raise UserError(f"--secrets {path}, line {number}: it must be NAME=VALUE")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name] = value
    return found
