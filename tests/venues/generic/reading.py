"""What the generic dialect reads in a message."""

from __future__ import annotations

import json
from typing import Any

from wsreplay.venues.envelope import Envelope, Sender
from wsreplay.venues.generic.dialect import GenericDialect

GENERIC = GenericDialect()


def says(sender: Sender, message: Any) -> dict[str, Any]:
    """What is read in a message, without what it leaves open and without an intent's digits."""
    envelope = GENERIC.decode(message if isinstance(message, str | bytes) else json.dumps(message), sender)
    empty = Envelope()
    found = {name: getattr(envelope, name) for name in Envelope.__struct_fields__ if name not in ("parts", "intent")}
    return {name: value for name, value in found.items() if value != getattr(empty, name)}


def from_client(message: Any) -> dict[str, Any]:
    return says("client", message)


def from_venue(message: Any) -> dict[str, Any]:
    return says("venue", message)


def parts(message: Any, sender: Sender = "venue") -> list[dict[str, Any]]:
    envelope = GENERIC.decode(json.dumps(message), sender)
    empty = Envelope()
    return [
        {name: value for name in Envelope.__struct_fields__ if (value := getattr(part, name)) != getattr(empty, name)}
        for part in envelope.parts
    ]
