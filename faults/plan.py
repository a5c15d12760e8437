"""A fault plan: several faults, and the seed that makes their chances the same each time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.faults.errors import FaultError
from wsreplay.faults.fault import Fault
from wsreplay.faults.short_form import parse, write


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong in a recording or a replay. The same plan gives the same faults again."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    name: str = ""
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the capture's metadata: faults in their short form, which people and :meth:`from_json` read alike."""
        return {
            "name": self.name,
            "description": self.description,
            "seed": self.seed,
            "faults": [write(fault) for fault in self.faults],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> FaultPlan:
        """The plan that a capture was recorded with."""
        return cls(
            faults=tuple(parse(text) for text in stored["faults"]),
            seed=stored["seed"],
            name=stored["name"],
            description=stored["description"],
        )


def load_plan(given: Iterable[str]) -> FaultPlan:
    """The plan that all ``--fault`` options together make: each is a short form or the path of a plan file."""
    from wsreplay.faults.plan_file import read_plan_file

    plans = []
    seeds: dict[int, str] = {}
    for text in given:
        if not _is_path(text):
            plans.append(FaultPlan(faults=(parse(text),)))
            continue
        plan = read_plan_file(Path(text))
        plans.append(plan)
        seeds.setdefault(plan.seed, text)
    if len(seeds) > 1:
        (one, first), (other, second), *_ = seeds.items()
        raise FaultError(f"{first} has the seed {one} and {second} the seed {other}; give both the same")
    return FaultPlan(
        faults=tuple(fault for plan in plans for fault in plan.faults),
        seed=next(iter(seeds), 0),
        name=" + ".join(plan.name for plan in plans if plan.name),
        description=" ".join(plan.description for plan in plans if plan.description),
    )


def _is_path(text: str) -> bool:
    """No short form is a single word that ends in .toml, or the name of a file."""
    return text.strip().endswith(".toml") or (len(text.split()) == 1 and Path(text).is_file())
