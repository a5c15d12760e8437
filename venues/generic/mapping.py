"""Reading a map file: from TOML to a :class:`~wsreplay.venues.generic.description.Mapping`, or to one clear line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast, get_args

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Role
from wsreplay.venues.errors import VenueError
from wsreplay.venues.generic.description import FACTS, Mapping, Places
from wsreplay.venues.generic.paths import Path, read_path

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Mapping", "load_mapping", "read_mapping"]

_TABLES: dict[str, tuple[str, ...]] = {
    "": ("name", "hosts", "production_hosts", "paths", "roles", "side", "requests", "errors", "secrets"),
    "paths": (*FACTS, "orders", "client", "venue", "order"),
    "paths.client": tuple(FACTS),
    "paths.venue": tuple(FACTS),
    "paths.order": tuple(name for name in FACTS if name not in ("key", "op", "channel")),
    "roles": get_args(Role.__value__),
    "side": ("buy", "sell"),
    "requests": ("create", "identity", "unanswered"),
    "errors": ("repeated_id",),
    "secrets": ("names", "public"),
}
"""Each table of a map file and what may stand in it."""


def load_mapping(path: str | PathLike[str]) -> Mapping:
    """Read a map file; :class:`~wsreplay.venues.errors.VenueError` names what is wrong in it, and where."""
    try:
        source = FilePath(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise VenueError(f"the map file {path} can't be read: {reason}") from error
    return read_mapping(source, str(path))


def read_mapping(source: str, path: str = "the map") -> Mapping:
    """Read the text of a map file; ``path`` is what errors call it."""
    return _MapFile(path, source).mapping()


class _MapFile:
    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        try:
            self.tables: dict[str, Any] = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise VenueError(f"{path} is no valid TOML: {error}; see docs/map-file.md for an example") from error

    def mapping(self) -> Mapping:
        self._check("", self.tables)
        paths = self._table("paths")
        name = self.tables.get("name", FilePath(self.path).stem)
        if not isinstance(name, str) or not name.strip():
            self._wrong("", "name", 'the name is a text, like name = "acme"')
        return Mapping(
            name=name,
            hosts=frozenset(host.lower() for host in self._texts("", "hosts")),
            production_hosts=frozenset(host.lower() for host in self._texts("", "production_hosts"))
            or frozenset({"*"}),
            secrets=Secrets(
                names=frozenset(self._texts("secrets", "names")), public=frozenset(self._texts("secrets", "public"))
            ),
            client=self._places(paths, "paths", "paths.client"),
            venue=self._places(paths, "paths", "paths.venue"),
            order=self._places({}, "", "paths.order"),
            lists=self._paths("paths", "orders"),
            roles=tuple((op, cast(Role, role)) for role in self._table("roles") for op in self._texts("roles", role)),
            sides=tuple(
                (value, cast(Literal["buy", "sell"], side))
                for side in self._table("side")
                for value in self._texts("side", side)
            ),
            creating=frozenset(self._texts("requests", "create")),
            identity=self._paths("requests", "identity"),
            unanswered=frozenset(self._texts("requests", "unanswered")),
            repeated_id=frozenset(self._texts("errors", "repeated_id")),
        )

    def _check(self, table: str, content: dict[str, Any]) -> None:
        allowed = _TABLES[table]
        for name, value in content.items():
            inner = f"{table}.{name}".lstrip(".")
            if name not in allowed:
                near = get_close_matches(name, allowed, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(allowed)}"
                self._wrong(table, name, f"nothing is called that here; {hint}")
            if inner in _TABLES:
                if not isinstance(value, dict):
                    self._wrong(table, name, f"this is a table: write [{inner}] and its fields below it")
                self._check(inner, value)

    def _table(self, name: str) -> dict[str, Any]:
        content = self.tables
        for part in name.split("."):
            content = content.get(part, {}) if part else content
        return content

    def _texts(self, table: str, name: str) -> tuple[str, ...]:
        value = self._table(table).get(name, ())
        values = (value,) if isinstance(value, str | int) and not isinstance(value, bool) else value
        if not isinstance(values, list | tuple) or not all(
            isinstance(item, str | int) and not isinstance(item, bool) and item != "" for item in values
        ):
            self._wrong(table, name, f'expected a text or a list of texts, like {name} = ["A", "B"]')
        return tuple(str(item) for item in values)

    def _paths(self, table: str, name: str) -> tuple[Path, ...]:
        return tuple(self._path(table, name, text) for text in self._texts(table, name))

    def _path(self, table: str, name: str, text: str) -> Path:
        try:
            return read_path(text)
        except ValueError:
            self._wrong(
                table, name, f'"{text}" is no path; write names and indexes, like header.req or args[0].channel'
            )

    def _places(self, common: Iterable[str], common_table: str, own_table: str) -> Places:
        own = self._table(own_table)
        return tuple(
            (name, self._paths(own_table if name in own else common_table, name))
            for name in FACTS
            if name in own or name in common
        )

    def _wrong(self, table: str, name: str, what: str) -> NoReturn:
        line = self._line_of(table, name)
        where = f"{self.path}, line {line}" if line else self.path
        title = f"[{table}] {name}" if table else name
        raise VenueError(f"{where}: {title}: {what}")

    def _line_of(self, table: str, name: str) -> int | None:
        """Where a field stands; its table's line if it is written in another way than on a line of its own."""
        at_table = None
        current = ""
        for number, line in enumerate(self.source.splitlines(), 1):
            header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
            if header:
                current = header[1].replace(" ", "").replace('"', "")
                if current in (table, f"{table}.{name}".lstrip(".")):
                    at_table = number
                    if current != table:
                        return number
            elif current == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line):
                return number
        return at_table
