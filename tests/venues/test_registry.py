from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from wsreplay.venues import registry
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.errors import VenueError
from wsreplay.venues.generic.dialect import GenericDialect


class AcmeDialect(GenericDialect):
    """A third party's."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "acme"
        self.hosts = frozenset({"ws.acme.example"})


ACME = AcmeDialect()
NOT_A_DIALECT = "a text"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """What installed packages offer; nothing is remembered from or for other tests."""
    entries: list[EntryPoint] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [entry for entry in entries if entry.group == group]

    def forget() -> None:
        registry.dialect.cache_clear()
        registry._foreign.cache_clear()

    monkeypatch.setattr(registry, "entry_points", entry_points)
    forget()
    yield entries
    forget()


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "wsreplay.venues")


def test_generic_is_always_there(offered: list[EntryPoint]) -> None:
    generic = registry.dialect("generic")
    assert isinstance(generic, GenericDialect)
    assert generic.production_hosts == {"*"}
    assert registry.dialect("generic") is generic
    assert "generic" in registry.names()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_what_is_built_in_is_a_dialect_of_its_name(offered: list[EntryPoint], name: str) -> None:
    found = registry.dialect(name)
    assert isinstance(found, Dialect)
    assert found.name == name


def test_the_nearest_known_name_is_named(offered: list[EntryPoint]) -> None:
    with pytest.raises(VenueError, match=r"no venue is called 'genric'; did you mean 'generic'\?"):
        registry.dialect("genric")


def test_without_a_near_name_all_are_named(offered: list[EntryPoint]) -> None:
    with pytest.raises(VenueError, match=r"no venue is called 'zzzz'; there are: .*generic.*reya"):
        registry.dialect("zzzz")


def test_a_built_in_that_is_not_there_yet_is_not_offered(
    offered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.BUILT_IN, "atlantis", "wsreplay.venues.atlantis.dialect:AtlantisDialect")
    assert "atlantis" not in registry.names()
    with pytest.raises(VenueError, match="no venue is called 'atlantis'"):
        registry.dialect("atlantis")


@pytest.mark.parametrize("what", ["AcmeDialect", "ACME"])
def test_a_package_may_bring_a_dialect_as_class_or_as_object(offered: list[EntryPoint], what: str) -> None:
    offered.append(entry("acme", f"{__name__}:{what}"))
    assert registry.dialect("acme").name == "acme"
    assert "acme" in registry.names()
    assert registry.dialect_for_host("ws.acme.example").name == "acme"


def test_a_package_does_not_replace_what_is_built_in(offered: list[EntryPoint]) -> None:
    offered.append(entry("generic", f"{__name__}:AcmeDialect"))
    assert registry.dialect("generic").name == "generic"


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        ("no_such_package:X", "can't be loaded: No module named 'no_such_package'"),
        (f"{__name__}:Missing", "can't be loaded: .*Missing"),
        (f"{__name__}:NOT_A_DIALECT", "is none: it has no decode, decode_http, hosts, name, production_hosts, secrets"),
    ],
)
def test_a_package_that_is_broken_is_named_and_left_out(offered: list[EntryPoint], value: str, trouble: str) -> None:
    offered.append(entry("broken", value))
    assert "broken" not in registry.names()
    with pytest.raises(VenueError, match=trouble):
        registry.dialect("broken")
    assert registry.dialect_for_host("ws.acme.example").name == "generic"


@pytest.mark.parametrize("host", ["ws-exec.reya.xyz", "WS-EXEC.reya.xyz."])
def test_a_host_leads_to_its_venue(offered: list[EntryPoint], host: str) -> None:
    assert registry.dialect_for_host(host).name == "reya"


@pytest.mark.parametrize("host", ["127.0.0.1", "reya.xyz.example", ""])
def test_an_unknown_host_leads_to_the_generic_dialect(offered: list[EntryPoint], host: str) -> None:
    assert registry.dialect_for_host(host).name == "generic"
