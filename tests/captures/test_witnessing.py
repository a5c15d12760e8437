"""Who signed what is on record, also where a signature commits to things that its frame does not carry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake, as_json
from wsreplay.captures.witnessing import Witnessing
from wsreplay.venues.registry import dialect

VECTORS = json.loads((Path(__file__).parent.parent / "venues" / "reya" / "vectors.json").read_text())
TESTNET_HOST = "ws-exec-testnet.reya.xyz"
CANCEL = next(vector for vector in VECTORS["vectors"] if vector["type"] == "cancelOrder")
CREATE = next(vector for vector in VECTORS["vectors"] if vector["type"] == "createOrder")


def event(kind: str, text: str, seq: int = 1) -> Event:
    stamps = {"at_ns": seq, "mono_ns": seq, "first_mono_ns": seq}
    sender = "venue" if kind == "http_response" else "client"
    return Event(seq=seq, conn=1, sender=sender, kind=kind, text=text, **stamps)  # type: ignore[arg-type]


def said(vector: dict[str, object]) -> Event:
    return event("text", json.dumps({"type": vector["type"], "id": "1", "payload": vector["payload"]}), 2)


def opened(host: str) -> Event:
    return event("open", as_json(Handshake(url=f"wss://{host}/", status=101)).decode())


def test_a_cancel_carries_no_signer_and_the_host_tells_who_it_was() -> None:
    witnessing, cancel = Witnessing(dialect("reya")), said(CANCEL)
    witnessing.see(opened(TESTNET_HOST))
    witnessing.see(cancel)
    assert cancel.signer == VECTORS["address"]


@pytest.mark.parametrize("changed", [None, "2"])
def test_an_order_whose_signature_is_not_its_own_is_told_from_a_good_one(changed: str | None) -> None:
    payload = CREATE["payload"] | ({"limitPx": changed} if changed else {})
    witnessing, create = Witnessing(dialect("reya")), said({"type": "createOrder", "payload": payload})
    witnessing.see(opened(TESTNET_HOST))
    witnessing.see(create)
    assert create.signature_ok is (changed is None)


def test_an_order_over_rest_has_its_signer_too() -> None:
    request = {"method": "POST", "url": f"https://api-cronos.reya.xyz/v2/{CREATE['type']}", "headers": []}
    asked = event("http_request", json.dumps(request | {"body": json.dumps(CREATE["payload"])}))
    Witnessing(dialect("reya")).see(asked)
    assert (asked.signer, asked.signature_ok) == (VECTORS["address"], True)


def test_a_venue_without_signatures_has_no_witness() -> None:
    witnessing, message = Witnessing(dialect("generic")), event("text", '{"id": 1}')
    witnessing.see(message)
    witnessing.see(event("http_request", "{}"))
    assert message.signer is None
