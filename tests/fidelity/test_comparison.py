"""The bot's peer can't tell that we are there: Autobahn|Testsuite says the same with us and without (a short choice).

The whole of it, every case in both directions, plain and compressed, with and without TLS: ``comparison.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fidelity import testsuite
from fidelity.comparison import BY_TIMING, SHORT, SHORT_DEFLATE, SIDES, Compared, Verdict

import wsreplay


@pytest.mark.skipif(
    testsuite.installed() is None,
    reason="beyond what can be installed: no Autobahn|Testsuite; tests/fidelity/testsuite.py says why",
)
@pytest.mark.parametrize(("side", "deflate", "tls"), [("server", False, False), ("client", True, True)])
@pytest.mark.timeout(300)
def test_the_testsuite_says_the_same_through_us(side: str, deflate: bool, tls: bool, tmp_path: Path) -> None:
    compared = SIDES[side](tmp_path, SHORT_DEFLATE if deflate else SHORT, (), deflate=deflate, tls=tls)
    assert compared.direct, "no case was run"
    assert not compared.differences
    with wsreplay.open(compared.recorded) as capture:
        events = list(capture.events())
    assert sum(event.kind == "open" for event in events) >= len(compared.through)
    assert not [event for event in events if event.kind == "gap"]


OK = Verdict("OK", "OK", 1000)


@pytest.mark.parametrize(
    ("through", "differs"),
    [
        (OK, False),
        (Verdict("NON-STRICT", "OK", 1000), True),
        (Verdict("OK", "UNCLEAN", 1000), True),
        (Verdict("OK", "OK", None), True),
        (None, True),
    ],
)
def test_every_difference_is_seen(through: Verdict | None, differs: bool) -> None:
    reports = {} if through is None else {"1.1.1": through}
    assert bool(Compared({"1.1.1": OK}, reports, Path()).differences) is differs


@pytest.mark.parametrize("case", sorted(BY_TIMING))
def test_what_flips_by_timing_may_flip_but_not_fail(case: str) -> None:
    flipped = Compared({case: OK}, {case: Verdict("NON-STRICT", "OK", 1000)}, Path())
    failed = Compared({case: OK}, {case: Verdict("FAILED", "OK", 1000)}, Path())
    assert not flipped.differences
    assert failed.differences
