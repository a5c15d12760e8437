"""What goes wrong, in one line on standard error. ``WSREPLAY_DEBUG=1`` shows where it came from instead."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, override

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.harmless import harmless

WRONG = 2
"""Wrong use or bad input."""
INTERRUPTED = 130
PIPE_CLOSED = 141
"""What a shell reports of a program that went on writing to ``head``: neither good nor found nor wrong."""


class Refusal(click.ClickException):
    """Ends the command with one line and exit code 2."""

    exit_code = WRONG

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        click.echo(_line(self.message), file=file, err=file is None)


def tell(message: str) -> None:
    """Say something on standard error that is no failure."""
    click.echo(_line(message), err=True)


def _line(message: str) -> str:
    """One line, whatever a path or a payload in the message holds."""
    return f"wsreplay: {harmless(' '.join(message.split()))}"


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what the user can mend into one line, and let everything else (our own mistakes) pass."""
    try:
        yield
        # Here, and not when the interpreter ends and nobody can handle that the reader has gone.
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise Refusal(_usage(error)) from error
    except UserError as error:
        _debug()
        raise Refusal(str(error)) from error
    except BrokenPipeError:
        _debug()
        _write_to_nowhere()
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except KeyboardInterrupt:
        _debug()
        raise click.exceptions.Exit(INTERRUPTED) from None
    except OSError as error:
        _debug()
        if error.strerror is None:
            raise
        where = f"{error.filename}: " if error.filename is not None else ""
        raise Refusal(f"{where}{error.strerror}") from error


def _usage(error: click.UsageError) -> str:
    message = error.format_message().rstrip(".")
    if error.ctx is not None:
        message += f" (see `{error.ctx.command_path} --help`)"
    return message[:1].lower() + message[1:]


def _debug() -> None:
    if os.environ.get("WSREPLAY_DEBUG", "") not in ("", "0"):
        raise  # called where an exception is being handled


def _write_to_nowhere() -> None:
    """Whatever is still in the buffer must not raise again when Python flushes it at the end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
