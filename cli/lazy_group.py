"""A group of commands that are imported when they are called, and listed without being imported.

mitmproxy takes a second to import, pyarrow and duckdb a tenth each: neither ``--help`` nor a shell that completes a
command's name should wait for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from itertools import groupby
from typing import Any, NamedTuple, override

import click

from wsreplay.cli.plain_errors import plain_errors


class Listed(NamedTuple):
    """A command as the list of commands shows it."""

    section: str
    name: str
    place: str
    """Where it is: ``module:command``."""
    summary: str
    """The first paragraph of its help, which a test compares."""


class LazyGroup(click.Group):
    """Lists commands by section, and says in one line what went wrong in any of them."""

    def __init__(self, *args: Any, listed: Iterable[Listed] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = {entry.name: entry for entry in listed}

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which the help lists them."""
        return list(self.listed)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        entry = self.listed.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.place} is no command")
        return command

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        name = args[0]
        if name not in self.listed and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name, self.listed, n=1)
            raise click.UsageError(
                f"there is no command {name!r}" + (f", did you mean {near[0]}?" if near else ""), ctx
            )
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their summaries, section by section."""
        for section, entries in groupby(self.listed.values(), key=lambda entry: entry.section):
            with formatter.section(section):
                formatter.write_dl([(entry.name, entry.summary) for entry in entries], col_max=12)

    @override
    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Names of commands, with their summaries, and the group's own options."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(e.name, help=e.summary) for e in self.listed.values() if e.name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    @override
    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the group's own options."""
        with plain_errors():
            return super().make_context(info_name, args, parent, **extra)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with plain_errors():
            return super().invoke(ctx)
