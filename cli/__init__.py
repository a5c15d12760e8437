"""The command line: one file a command, each a thin layer over a call that Python users have as well."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``wsreplay`` with the arguments of this process."""
    from wsreplay.cli.app import wsreplay

    # A payload in a script that the terminal's encoding lacks is shown escaped, and does not end the command.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        wsreplay(prog_name="wsreplay")
    except KeyboardInterrupt:
        sys.exit(130)
