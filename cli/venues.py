"""``wsreplay venues``: which there are, and the beginning of a new one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsreplay.captures.errors import UserError

if TYPE_CHECKING:
    from wsreplay.venues.abilities import Abilities
    from wsreplay.venues.rules import Rules


@click.group(
    invoke_without_command=True,
    epilog="\b\nExamples:\n  wsreplay venues\n  wsreplay venues --format json\n  wsreplay venues new acme",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one array.")
@click.pass_context
def venues(context: click.Context, form: str) -> None:
    """List the venues that wsreplay knows, and what it can do for each.

    Further venues come with other packages (docs/add-a-venue.md); any other venue that speaks JSON is read as
    `generic`, with or without a map file.
    """
    if context.invoked_subcommand is not None:
        return
    from wsreplay.venues.abilities import all_abilities

    found = all_abilities()
    if form == "json":
        import msgspec

        from wsreplay.faults.scenario import fit_names
        from wsreplay.venues.registry import dialect

        # Scenarios are none of the venues' room: a dialect only says how they differ there.
        told = [msgspec.to_builtins(each) | {"scenarios": fit_names(dialect(each.name))} for each in found]
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    else:
        _write_table(found)


@venues.command(
    epilog="\b\nExamples:\n  wsreplay venues new acme\n  wsreplay venues new acme --out ../acme-for-wsreplay"
)
@click.argument("name", metavar="NAME")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The new folder; without it, ./NAME.")
def new(name: str, out: Path | None) -> None:
    """Write the beginning of a venue: a package that works, with tests.

    It brings a dialect, a simulator and their tests for a small made-up venue. Install it, and wsreplay finds it; then
    replace its messages by your venue's.
    """
    from wsreplay.venues.registry import names
    from wsreplay.venues.skeleton import write_skeleton

    if name in names():
        raise UserError(f"there is a venue {name!r} already (see `wsreplay venues`): choose another name")
    folder = out if out is not None else Path(name)
    for path in write_skeleton(name, folder):
        click.echo(path)
    click.echo(f"next: cd {folder} && python3 -m pip install -e . && python3 -m pytest", err=True)


def _write_table(found: list[Abilities]) -> None:
    from wsreplay.cli.harmless import harmless
    from wsreplay.cli.table import Column, Table

    titles = ("venue", "simulators", "replay", "recognised", "heartbeat", "login", "from")
    table = Table([Column(title) for title in titles], width=None)
    for each in found:
        cells = (
            each.name,
            ", ".join(each.simulators) or "-",
            each.replay,
            "by its traffic" if each.recognised else "-",
            _heartbeat(each.rules),
            each.rules.login or "-",
            each.brought_by or "wsreplay",
        )
        table.add([harmless(cell) for cell in cells])
    table.write(sys.stdout)


def _heartbeat(rules: Rules) -> str:
    from wsreplay.cli.units import duration

    beat = rules.heartbeat
    if beat is None:
        return "-"
    words = [f"{beat.frame} pings"]
    if beat.every_ns is not None:
        words.append(f"every {duration(beat.every_ns)}")
    if beat.within_ns is not None:
        words.append(f"answer within {duration(beat.within_ns)}")
    return ", ".join(words)
