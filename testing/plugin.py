"""The pytest plugin: the mark and the fixture ``wsreplay``, its options, and what a failed test leaves.

Loaded wherever wsreplay is installed: whatever takes time to import is imported when a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wsreplay.testing.under_test import UnderTest

_UNDER_TEST: pytest.StashKey[UnderTest] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our options."""
    group = parser.getgroup("wsreplay", "bots under test")
    group.addoption(
        "--wsreplay-keep",
        metavar="DIR",
        default=".wsreplay",
        help="Where the capture and the report of a failed test are kept; relative to the root. Default: .wsreplay",
    )
    group.addoption(
        "--wsreplay-record",
        action="store_true",
        help="Record captures that are missing and whose mark names an upstream.",
    )
    group.addoption(
        "--wsreplay-allow-host",
        metavar="HOST",
        action="append",
        default=[],
        help="A host beyond this machine that tests and bots may reach; can be repeated.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The mark, for those who are strict about marks."""
    config.addinivalue_line(
        "markers",
        "wsreplay(capture=None, *, venue=None, upstream=(), fault=(), scenario=None, unmatched='error', "
        "speed='original', recorded_faults=True, must_strike=True): what the fixture wsreplay is in this test.",
    )


@pytest.fixture
def wsreplay(request: pytest.FixtureRequest) -> Iterator[object]:
    """A venue for a bot: what the test's mark wsreplay names, served or simulated, and recorded."""
    from wsreplay.testing.under_test import UnderTest

    node = request.node
    with UnderTest.of(node) as under_test:
        node.stash[_UNDER_TEST] = under_test
        try:
            yield under_test.session
        finally:
            del node.stash[_UNDER_TEST]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what a failed test made, and say where."""
    report = yield
    under_test = item.stash.get(_UNDER_TEST, None)
    if under_test is not None:
        if report.failed:
            report.sections.append(("wsreplay", under_test.keep()))
        elif call.when == "call" and report.passed:
            under_test.passed = True
    return report
