"""``wsreplay demo``: the whole story in under a minute."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from wsreplay.captures.errors import UserError

VENUE = "reya"
CUT = "drop rst before reply createOrder #2"
DUPLICATE = "duplicate-order"
WSREPLAY = (sys.executable, "-P", "-m", "wsreplay")


@click.command()
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Keep the captures there."
)
def demo(keep: Path | None) -> None:
    """Tell the whole story in under a minute, on the embedded simulator.

    A naive bot wants one order; the line is cut before the reply arrives, and in the end there are two. wsreplay shows
    why, plays it again, and lets the bot's careful twin meet the same cut. Real processes, real sockets.

    \b
    Examples:
      wsreplay demo
      wsreplay demo --keep demo
    """
    with tempfile.TemporaryDirectory(prefix="wsreplay-demo-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tell(folder, kept=keep is not None)


def _tell(folder: Path, *, kept: bool) -> None:
    import wsreplay
    from wsreplay.demo.naive_bot import WANTED
    from wsreplay.demo.story import story_of

    _title("One order wanted, two orders made")
    _chapter(1, "A naive bot trades. Its line is cut after the order went out, before the reply came in.")
    naive = _record("naive", folder)

    _chapter(2, "What was really said, on both sides of the cut:")
    with wsreplay.open(naive) as capture:
        for line in story_of(capture.events(), str(WANTED.client_order_id)):
            click.echo(f"     {line}")

    _chapter(3, "What wsreplay makes of it:")
    found = _incidents(naive)
    duplicates = [incident for incident in found if incident["kind"] == DUPLICATE]
    if not duplicates:
        raise UserError("the demo did not produce its duplicate order; please report this")
    for incident in duplicates:
        click.secho(f"     {DUPLICATE} ({incident['certainty']})", fg="red", bold=True)
        click.echo(textwrap.fill(incident["summary"], 100, initial_indent=" " * 5, subsequent_indent=" " * 5))
    others = dict.fromkeys(incident["kind"] for incident in found if incident["kind"] != DUPLICATE)
    click.echo(f"     and on the way there: {', '.join(others)}")

    _chapter(4, "Again, from the capture alone: the same frames against a fresh venue, signed anew.")
    _command("run", str(naive) if kept else naive.name, "--speed", "max")
    said = _run("run", str(naive), "--speed", "max", "--out", str(folder / "replays"), good=(0,))
    for line in said.splitlines()[:-1]:
        click.echo(f"     {line}")
    replayed = Path(said.splitlines()[-1].removeprefix("capture "))
    again = [incident for incident in _incidents(replayed) if incident["kind"] == DUPLICATE]
    if not again:
        raise UserError("the replay did not reproduce the duplicate order; please report this")
    click.secho("     the duplicate order is there again", fg="red", bold=True)

    _chapter(5, "The careful twin meets the same cut. It looks before it sends again.")
    careful = _record("careful", folder)
    twin = [incident for incident in _incidents(careful) if incident["kind"] == DUPLICATE]
    if twin:
        raise UserError("the careful twin made a duplicate order; please report this")
    click.secho("     no duplicate order", fg="green", bold=True)

    _chapter(6, "Your turn:")
    where = folder if kept else Path("demo")
    if not kept:
        click.echo(f"     wsreplay demo --keep {where}")
    for line in (
        f"wsreplay show {where / 'naive.parquet'}",
        f"wsreplay incidents {where / 'naive.parquet'}",
        f'wsreplay sql {where / "naive.parquet"} "SELECT op, outcome, latency_ns / 1e6 AS ms FROM requests"',  # noqa: S608 - a line to read
        "wsreplay record --to wss://your.venue/ws -- python your_bot.py {url}",
    ):
        click.echo(f"     {line}")


def _record(which: str, folder: Path) -> Path:
    """Record one of the bots through the cut; its capture, under a name that one remembers."""
    _command("record", "--venue", VENUE, "--sim", "--fault", CUT, "--", f"{which}_bot", "{url}", "{url:rest}")
    bot = [sys.executable, "-P", "-m", f"wsreplay.demo.{which}_bot", "{url}", "{url:rest}"]
    done = subprocess.run(
        [*WSREPLAY, "record", "--venue", VENUE, "--sim", "--fault", CUT, "--out", folder, "--read-on", "1", "--", *bot],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stderr.splitlines():
        click.echo(f"     {line}")
    if done.returncode:
        raise UserError(f"the {which} bot's recording failed (exit code {done.returncode}); its messages stand above")
    made = Path(done.stdout.splitlines()[-1].removeprefix("capture "))
    return made.replace(folder / f"{which}.parquet")


def _incidents(capture: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_run("incidents", str(capture), "--format", "json", good=(0,)))
    return found


def _run(*arguments: str, good: Sequence[int]) -> str:
    done = subprocess.run([*WSREPLAY, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in good:
        raise UserError(
            f"wsreplay {arguments[0]} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout


def _title(text: str) -> None:
    click.secho(text, bold=True)


def _chapter(number: int, text: str) -> None:
    click.echo()
    click.secho(f"  {number}  {text}", bold=True)


def _command(*words: str) -> None:
    quoted = " ".join(f'"{word}"' if " " in word else word for word in words)
    click.secho(f"     $ wsreplay {quoted}", dim=True)
