"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# A law is judged by what it says, not by how busy the machine is that day; and a change by what it changes: where it
# is judged, the examples are the same each time. Whoever runs the tests by hand looks further each time.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("patient")

BEYOND = "beyond what can be installed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every program was installed on purpose, a test that skips for want of one has failed.

    Not so where no installing helps: a permission of the machine, a Python that systems no longer bring.
    """
    report = yield
    asked = os.environ.get("WSREPLAY_NO_SKIP") and BEYOND not in str(report.longrepr)
    if report.skipped and asked and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though everything should be installed: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.delenv("WSREPLAY_REDACTION_KEY_FILE", raising=False)
