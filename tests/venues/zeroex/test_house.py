"""What happens of itself: seeded, every order signed, every amount within bounds."""

from __future__ import annotations

import itertools
import json

import msgspec
import pytest
from venues.zeroex.venue import MAKER, Venue, hash_of

from wsreplay.venues.zeroex.orders import Order, order_digest
from wsreplay.venues.zeroex.setup import Activity, ZeroExSetup
from wsreplay.venues.zeroex.signatures import signer_of


def story(seed: int, step: float, total: float = 120) -> list[str]:
    venue = Venue(ZeroExSetup(seed=seed))
    conn = venue.connect()
    venue.subscribe(conn, "a")
    venue.subscribe(conn, "kovan", networkId=42)
    for _ in range(round(total / step)):
        venue.wait(step)
    return venue.raw[conn]


def test_the_same_seed_is_the_same_venue_however_often_somebody_looks() -> None:
    assert story(1, 120) == story(1, 0.5)
    assert story(1, 120) != story(2, 120)


@pytest.mark.parametrize("seed", range(3))
def test_every_order_is_signed_by_its_maker_and_never_says_more_than_it_holds(seed: int) -> None:
    told = [item for text in story(seed, 60, 600) for item in json.loads(text)["payload"]]
    left: dict[str, list[int]] = {}
    for item in told:
        order = msgspec.convert(item["order"], Order)
        digest = order_digest(order)
        assert digest is not None
        assert order.signature is not None
        assert signer_of(digest, order.signature) == order.maker_address != MAKER
        remaining = int(item["remainingFillableAmount"])
        assert 0 <= remaining <= int(item["order"]["takerAssetAmount"])
        left.setdefault(hash_of(item["order"]), []).append(remaining)
    assert any(0 in amounts for amounts in left.values()), "some are cancelled or filled"
    assert any(one < two for amounts in left.values() for one, two in itertools.pairwise(amounts)), "some come back"
    assert any(len(json.loads(text)["payload"]) > 1 for text in story(seed, 60, 600)), "some are told in bulk"


def test_no_update_repeats_the_one_before() -> None:
    last: dict[tuple[str, str], str] = {}
    for text in story(4, 60, 600):
        update = json.loads(text)
        for item in update["payload"]:
            subject = (update["requestId"], hash_of(item["order"]))
            assert last.get(subject) != item["remainingFillableAmount"]
            last[subject] = item["remainingFillableAmount"]


def test_memory_is_bounded_by_what_has_not_expired() -> None:
    venue = Venue(ZeroExSetup(activity=Activity(every_ms=(20, 20), lifetime_s=(5, 10))))
    venue.wait(300)
    relayer = venue.gateway.relayer
    assert len(relayer.orders) < 400
    venue.wait(10)
    assert all(listed.expires_s * 10**9 > venue.now_ns for listed in relayer.orders.values())


def test_a_quiet_relayer_has_its_first_orders_and_nothing_else() -> None:
    venue = Venue(ZeroExSetup(activity=None))
    total = sum(venue.get(f"/v2/orders?networkId={network}")["total"] for network in (1, 42))
    assert total == 12
    conn = venue.connect()
    venue.subscribe(conn, "a")
    venue.wait(100)
    assert venue.heard(conn) == []
