"""A stranger's venue described by its user: which JSON paths hold what (``--map FILE.toml``, docs/map-file.md).

A fact that the file names is read at its paths and nowhere else; what it doesn't name is found by the general rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.generic.names import NO_ERROR_CODES
from wsreplay.venues.generic.paths import Path, follow
from wsreplay.venues.generic.values import moment_of, number_of, side_of, text_of
from wsreplay.venues.generic.verdict import code_of

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Role, Sender
    from wsreplay.venues.generic.findings import Findings

type Places = tuple[tuple[str, tuple[Path, ...]], ...]
"""For each fact that was named, the paths where it may stand, the likeliest first."""

FACTS = (
    "key",
    "op",
    "channel",
    "symbol",
    "account",
    "order_id",
    "client_order_id",
    "side",
    "status",
    "error_code",
    "price",
    "qty",
    "time",
)
"""What a map file may name."""

_REPLACED = {
    "key": ("weak_key",),
    "channel": ("arguments",),
    "order_id": ("id",),
    "error_code": ("error", "ok", "code"),
    "time": ("created",),
}
"""The general findings that a named fact puts aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """What a map file says."""

    name: str = "generic"
    hosts: frozenset[str] = frozenset()
    production_hosts: frozenset[str] = frozenset({"*"})
    secrets: Secrets = field(default_factory=Secrets)
    client: Places = ()
    venue: Places = ()
    order: Places = ()
    """Inside each order of a list."""
    lists: tuple[Path, ...] = ()
    """Where lists of orders stand."""
    roles: tuple[tuple[str, Role], ...] = ()
    """Operations, or their beginnings with a ``*``, and what they are."""
    sides: tuple[tuple[str, Literal["buy", "sell"]], ...] = ()
    creating: frozenset[str] = frozenset()
    """Operations that create an order; empty: those that look like it."""
    identity: tuple[Path, ...] = ()
    """What else makes an order what it is, beyond the facts that are found anyway."""
    unanswered: frozenset[str] = frozenset()
    """Operations that the venue never answers."""
    repeated_id: frozenset[str] = frozenset()
    """Error codes that refuse an id which is still in flight."""

    @property
    def names_error_code(self) -> bool:
        """Whether errors are read where the file says, and nowhere else."""
        return any(fact == "error_code" for fact, _ in self.venue)

    def read(
        self, message: Any, sender: Sender, found: Findings, rows: list[dict[str, Any]] | None
    ) -> list[dict[str, Any]] | None:
        """Put what the file names in place of what was found; the list of orders, if there is one."""
        self._put(self.client if sender == "client" else self.venue, message, found)
        if not self.lists:
            return rows
        for path in self.lists:
            listed = follow(path, message)
            if type(listed) is list:
                return [row for row in listed if type(row) is dict]
        return None

    def read_order(self, row: dict[str, Any], found: Findings) -> None:
        """The same for one order of a list."""
        self._put(self.order, row, found)

    def role_of(self, op: str | None) -> Role | None:
        """What the file says that this operation is."""
        if op is not None:
            for name, role in self.roles:
                if op == name or (name.endswith("*") and op.startswith(name[:-1])):
                    return role
        return None

    def identity_in(self, message: Any) -> list[str | None]:
        """The further identity of the order in a request."""
        values = (follow(path, message) for path in self.identity)
        return [number_of(value) or (None if value is None else str(value)) for value in values]

    def _put(self, places: Places, message: Any, found: Findings) -> None:
        for fact, paths in places:
            value = next((value for path in paths if (value := follow(path, message)) is not None), None)
            for replaced in _REPLACED.get(fact, ()):
                setattr(found, replaced, None)
            setattr(found, fact, self._fact(fact, value))

    def _fact(self, fact: str, value: Any) -> Any:
        match fact:
            case "channel":
                return value
            case "side":
                return dict(self.sides).get(str(value)) or side_of(value)
            case "price" | "qty":
                return number_of(value)
            case "time":
                return moment_of(value)
            case "error_code":
                return None if _is_good(value) else code_of(value)
        return text_of(value)


def _is_good(value: Any) -> bool:
    return not value or str(value).lower() in NO_ERROR_CODES
