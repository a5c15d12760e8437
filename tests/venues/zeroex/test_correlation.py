"""What a recording makes of this venue's messages: orders that turn up, and request ids that change hands."""

from __future__ import annotations

import json
from typing import Any

from venues.zeroex.documents import ORDER, ORDER_HASH, update

from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.zeroex.dialect import ZeroExDialect


class Story:
    """Events as they are recorded, decoded one after another."""

    def __init__(self) -> None:
        self._decoder = Decoder(ZeroExDialect())
        self.rows: list[Event] = []
        self._seq = 0

    def event(self, sender: Any, kind: Any, text: str | None = None, *, conn: int = 1, **fields: Any) -> Event:
        self._seq += 1
        ns = self._seq * 1_000_000
        event = Event(
            seq=self._seq,
            at_ns=ns,
            mono_ns=ns,
            first_mono_ns=ns,
            relay_ns=1,
            sender=sender,
            kind=kind,
            text=text,
            conn=conn,
            **fields,
        )
        self.rows += self._decoder.see(event)
        return event

    def says(self, text: str, conn: int = 1) -> Event:
        return self.event("client", "text", text, conn=conn)

    def hears(self, text: str, conn: int = 1) -> Event:
        return self.event("venue", "text", text, conn=conn)

    def posts(self, order: dict[str, Any], conn: int = 9) -> Event:
        said = {"method": "POST", "url": "http://r.test/v2/order", "headers": [], "body": json.dumps(order)}
        return self.event("client", "http_request", json.dumps(said), conn=conn)

    def fails(self, conn: int = 9) -> Event:
        return self.event("venue", "http_response", json.dumps({"error": "timed out", "headers": []}), conn=conn)

    def outcomes(self, request: Event) -> list[tuple[str | None, str | None]]:
        return [(row.outcome, row.resolved_by) for row in self.rows if row.of_seq == request.seq]


def subscribe(request_id: str, **filters: Any) -> str:
    return json.dumps({"type": "subscribe", "channel": "orders", "requestId": request_id, "payload": filters})


ITEM = {"order": ORDER, "remainingFillableAmount": "1"}


def test_an_order_whose_answer_was_lost_is_found_in_an_update() -> None:
    story = Story()
    story.says(subscribe("a"))
    post = story.posts(ORDER)
    story.fails()
    assert story.outcomes(post) == [("unknown", "end-of-connection")]
    story.hears(update({"order": {**ORDER, "salt": "2"}, "remainingFillableAmount": "1"}, request_id="a"))
    assert len(story.outcomes(post)) == 1, "another order of the same wish proves nothing"
    story.hears(update(ITEM, request_id="a"))
    assert story.outcomes(post)[1:] == [("ok", "push")]


def test_an_order_that_was_there_before_proves_nothing() -> None:
    story = Story()
    story.says(subscribe("a"))
    story.hears(update(ITEM, request_id="a"))
    post = story.posts(ORDER)
    story.fails()
    story.hears(update(ITEM, request_id="a"))
    assert story.outcomes(post) == [("unknown", "end-of-connection")]


def test_updates_belong_to_the_subscription_of_their_request_id() -> None:
    story = Story()
    everything, some = story.says(subscribe("a")), story.says(subscribe("b", makerAssetType="ERC20"))
    for request_id, subscription, channel in (
        ("b", some, "orders?makerAssetType=ERC20"),
        ("a", everything, "orders"),
        ("b", some, "orders?makerAssetType=ERC20"),
    ):
        heard = story.hears(update(ITEM, request_id=request_id))
        assert (heard.reply_to, heard.channel) == (subscription.seq, channel)
    stray = story.hears(update(ITEM, request_id="c"))
    assert (stray.reply_to, stray.channel) == (None, "orders")


def test_a_request_id_again_stands_for_the_newer_filter() -> None:
    story = Story()
    story.says(subscribe("a", makerAssetType="ERC20"))
    newer = story.says(subscribe("a", makerAssetType="ERC721"))
    heard = story.hears(update(ITEM, request_id="a"))
    assert (heard.reply_to, heard.channel) == (newer.seq, "orders?makerAssetType=ERC721")


def test_a_subscription_that_changed_hands_is_told_of_on_its_new_connection() -> None:
    story = Story()
    story.says(subscribe("a"), conn=1)
    thief = story.says(subscribe("a"), conn=2)
    assert story.hears(update(ITEM, request_id="a"), conn=2).reply_to == thief.seq


def test_a_bulk_update_has_a_row_an_order() -> None:
    story = Story()
    story.says(subscribe("a"))
    items = [{"order": {**ORDER, "salt": str(n)}, "remainingFillableAmount": str(10**30 + n)} for n in range(5)]
    heard = story.hears(update(*items, ITEM, request_id="a"))
    listed = [row for row in story.rows if row.seq == heard.seq and row.part]
    assert [row.part for row in listed] == [1, 2, 3, 4, 5, 6]
    assert [row.qty for row in listed] == [*(str(10**30 + n) for n in range(5)), "1"]
    assert listed[-1].order_id == ORDER_HASH
    assert {row.intent for row in listed} == {listed[0].intent}


def test_a_subscription_has_no_outcome_even_when_its_connection_ends() -> None:
    story = Story()
    asked = story.says(subscribe("a"))
    story.event("venue", "end", ended_by="rst")
    story.event("client", "end", ended_by="proxy")
    assert story.outcomes(asked) == []
