"""``wsreplay recover``: finish recordings that were cut off."""

from __future__ import annotations

from pathlib import Path

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.plain_errors import WRONG, tell


@click.command(
    epilog="\b\nExamples:\n  wsreplay recover captures\n  wsreplay recover captures/2026-11-21T06-27-25_venue.live"
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=CapturePath())
def recover(paths: tuple[Path, ...]) -> None:
    """Finish recordings that were cut off.

    A recorder that was killed leaves a folder NAME.live behind. Each becomes a capture that says, in its metadata and
    in a last row, that the recording was cut off. PATH is such a folder, or a folder that holds some.
    """
    from wsreplay.captures.places import captures_in, place_of
    from wsreplay.captures.recover import recover as finish
    from wsreplay.captures.working_folder import LIVE, is_recording

    recovered = failed = 0
    for path in paths:
        place = place_of(path)
        within = place.is_dir() and not place.name.endswith(LIVE)
        for each in captures_in(place) if within else [place]:
            if not each.name.endswith(LIVE):
                continue
            if within and is_recording(each):
                tell(f"{each} is still being recorded and was left alone")
                continue
            try:
                click.echo(f"capture {finish(each)}")
                recovered += 1
            except UserError as error:
                # One that can't be finished must not keep the others waiting.
                if len(paths) == 1 and not within:
                    raise
                tell(str(error))
                failed += 1
    if failed:
        click.get_current_context().exit(WRONG)
    if not recovered:
        tell("nothing to recover: no recording there was cut off")
