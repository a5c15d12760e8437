"""Everything that is installed stands in pyproject.toml with its exact version: there is no lock file to keep it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
PINS = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_installed_package_is_pinned_to_what_is_installed() -> None:
    installed = {
        canonical(d.name): d.version for d in distributions() if canonical(d.name) not in ("wsreplay", "uv", "pip")
    }
    assert {name: PINS.get(name) for name in installed} == installed


def test_mitmproxy_stays_away_from_the_releases_with_a_compromised_ca_key() -> None:
    [pin] = [text for text in PROJECT["project"]["dependencies"] if text.startswith("mitmproxy")]
    assert pin == "mitmproxy>=12.2.3,<12.3"
    assert PINS["mitmproxy"].startswith("12.2.")
