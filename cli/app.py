"""``wsreplay`` itself, and which commands there are."""

from __future__ import annotations

import click

from wsreplay import __version__
from wsreplay.cli.lazy_group import LazyGroup, Listed

COMMANDS = (
    Listed(
        "Start", "demo", "wsreplay.cli.demo:demo", "Tell the whole story in under a minute, on the embedded simulator."
    ),
    Listed("Record", "record", "wsreplay.cli.record:record", "Record what a bot and a venue say to each other."),
    Listed(
        "Record",
        "decode",
        "wsreplay.cli.decode:decode",
        "Decode captures again, in place: replies, outcomes, orders and incidents.",
    ),
    Listed("Record", "recover", "wsreplay.cli.recover:recover", "Finish recordings that were cut off."),
    Listed(
        "Record",
        "simulate",
        "wsreplay.cli.simulate:simulate",
        "Be a venue: a server with its rules, its errors and a moving market.",
    ),
    Listed(
        "Record",
        "import",
        "wsreplay.cli.import_file:import_file",
        "Make captures of other programs' recordings.",
    ),
    Listed("Record", "leaks", "wsreplay.cli.leaks:leaks", "Look for secrets that should not be in a capture."),
    Listed(
        "Record",
        "verify",
        "wsreplay.cli.verify:verify",
        "Check that captures are whole, and decode and search them again.",
    ),
    Listed(
        "Record",
        "venues",
        "wsreplay.cli.venues:venues",
        "List the venues that wsreplay knows, and what it can do for each.",
    ),
    Listed("Look", "ls", "wsreplay.cli.ls:ls", "List the captures in a folder, newest first."),
    Listed("Look", "show", "wsreplay.cli.show:show", "Show a capture line by line, also while it is recorded."),
    Listed(
        "Look",
        "incidents",
        "wsreplay.cli.incidents:incidents",
        "Tell what went wrong: duplicate orders, lost replies, refusals, broken lines.",
    ),
    Listed("Look", "debug", "wsreplay.cli.debug:debug", "Walk through a session like through code, in the terminal."),
    Listed("Look", "latency", "wsreplay.cli.latency:latency", "Measure how long requests waited for their answers."),
    Listed("Look", "sql", "wsreplay.cli.sql:sql", "Ask captures a question in SQL."),
    Listed(
        "Look",
        "diff",
        "wsreplay.cli.diff:diff",
        "Tell what differs between two captures: requests and their outcomes, lines, incidents.",
    ),
    Listed(
        "Look",
        "report",
        "wsreplay.cli.report:report",
        "Write a session as one HTML page: its story, a timeline to zoom, incidents, latency, orders.",
    ),
    Listed(
        "Look", "export", "wsreplay.cli.export:export", "Write a capture, or a part of it, in another program's format."
    ),
    Listed("Replay", "run", "wsreplay.cli.run:run", "Replay a capture: be its bot against a server, and compare."),
    Listed(
        "Replay",
        "serve",
        "wsreplay.cli.serve:serve",
        "Be the venue of a capture: answer a live bot with what was recorded, and compare.",
    ),
)


@click.group(
    cls=LazyGroup,
    listed=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  wsreplay record --to wss://venue.example/ws -- python bot.py {url}
  wsreplay ls
  wsreplay show captures/2026-11-21T06-27-25_venue.parquet --where "error_code IS NOT NULL"
  wsreplay sql captures/*.parquet "SELECT op, count(*) FROM requests GROUP BY op"

\b
Exit codes: 0 good, 1 found or diverged, 2 wrong use or bad input.

\b
Tab completion, for bash (zsh_source and fish_source for those):
  eval "$(_WSREPLAY_COMPLETE=bash_source wsreplay)"
""",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def wsreplay() -> None:
    """Record what a trading bot and a venue really said over WebSocket, and ask it what happened."""
