"""The bot as a child process: told where the recorder listens, by its arguments and its environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from wsreplay.captures.errors import UserError

PATIENCE = 5.0
"""Seconds a bot has to end after it was asked to."""
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "WSS_PROXY", "WS_PROXY")

_PLACEHOLDER = re.compile(r"\{url(?::([A-Za-z][A-Za-z0-9_-]*))?\}")


def environment(urls: Mapping[str, str], *, proxy: str | None = None, ca_file: Path | None = None) -> dict[str, str]:
    """The bot's environment: ours, and where to connect. ``urls`` maps names to URLs, "" for the nameless one."""
    env = dict(os.environ)
    for name, url in urls.items():
        env[f"WSREPLAY_URL_{_variable(name)}" if name else "WSREPLAY_URL"] = url
    if urls and "WSREPLAY_URL" not in env:
        env["WSREPLAY_URL"] = next(iter(urls.values()))
    if proxy is not None:
        for variable in PROXY_VARIABLES:
            env[variable] = env[variable.lower()] = proxy
        for variable in ("NO_PROXY", "no_proxy"):
            env.pop(variable, None)
        if ca_file is not None:
            env.update(dict.fromkeys(CA_VARIABLES, str(ca_file)))
    return env


def arguments(command: Sequence[str], urls: Mapping[str, str]) -> list[str]:
    """The command with ``{url}`` and ``{url:NAME}`` filled in."""

    def fill(match: re.Match[str]) -> str:
        name = match[1] or ""
        if name in urls:
            return urls[name]
        if not name and urls:
            return next(iter(urls.values()))
        known = ", ".join(f"{{url:{n}}}" for n in urls if n) or "{url}"
        raise UserError(f"the command names {match[0]}, and there is no such upstream; known here: {known}")

    return [_PLACEHOLDER.sub(fill, argument) for argument in command]


def program_of(command: Sequence[str]) -> str:
    """Where the program is."""
    program = shutil.which(command[0])
    if program is None:
        raise UserError(f"can't run {command[0]}: there is no such program")
    return program


class Bot:
    """A running bot."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str]) -> Bot:
        """Start the command; what it prints goes to standard error, which leaves standard output to us."""
        program = program_of(command)
        sys.stderr.flush()
        try:
            process = await asyncio.create_subprocess_exec(
                program, *command[1:], env=dict(env), stdout=sys.stderr.fileno(), stderr=sys.stderr.fileno()
            )
        except OSError as error:
            raise UserError(f"can't run {command[0]}: {error.strerror}") from None
        return cls(process)

    async def wait(self) -> int:
        """Its exit code; ended by signal N, it is 128 + N, as shells say it."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def stop(self) -> int:
        """Ask it to end, and insist after a while."""
        for signum in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signum)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), PATIENCE)
        return await self.wait()


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
