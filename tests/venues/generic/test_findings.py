from __future__ import annotations

import json

from wsreplay.venues.generic.dialect import GenericDialect


def test_objects_whose_names_are_data_are_not_remembered_for_ever() -> None:
    generic = GenericDialect()
    for n in range(5_000):
        generic.decode(json.dumps({f"name {n}": 1, "data": {f"inner {n}": 1}}), "venue")
        generic.decode(json.dumps({f"{n} {m}": 1 for m in range(70)}), "venue") if n < 50 else None
    assert len(generic._finder._on_top) <= 2048
    assert max(map(len, generic._finder._on_top)) <= 64
