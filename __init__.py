"""Record what a trading bot and a venue really said, understand it, and drive it again.

``wsreplay.open("session.parquet")`` gives an
:class:`~wsreplay.analysis.analysed.AnalysedCapture`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from wsreplay.analysis.analysed import AnalysedCapture

__all__ = ["open"]
__version__ = "0.1.0"


def open(path: str | PathLike[str]) -> AnalysedCapture:  # noqa: A001 - wsreplay.open reads like the builtin on purpose
    """Open a capture: a file, a folder of segments, or one that is still being recorded."""
    # pyarrow and duckdb take a tenth of a second to import; `wsreplay --help` must not pay for it.
    from wsreplay.analysis.analysed import AnalysedCapture

    return AnalysedCapture.open(path)
