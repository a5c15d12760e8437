"""Orders whose answer was lost, and that a push told of: when the same order again is a retry, when a new wish."""

from __future__ import annotations

from typing import Any

import pytest
from captures.conversation import BUY, Conversation, order

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.correlator import Speaker
from wsreplay.captures.event import Event
from wsreplay.venues.envelope import Envelope

ORDER: dict[str, Any] = {
    "intent": BUY, "symbol": "ETH", "side": "buy", "price": "100", "qty": "1", "op": "POST /order"
}  # fmt: skip
BOTH = ["duplicate-order", "blind-retry"]


class Story(Conversation):
    """A conversation with its facts in their places. Connection 2 is for pushes, orders go over REST."""

    def __init__(self) -> None:
        self.rows: list[Event] = []
        super().__init__()
        self.opens(2)

    def _seen(self, event: Event, envelope: Envelope | None = None, *listed: Event) -> Event:
        known = len(self.facts)
        super()._seen(event, envelope, *listed)
        return self._keep(event, [*listed, *self.facts[known:]])

    def responds(self, *listed: Event, conn: int = 9, spoken_by: Speaker | None = "venue", **fields: Any) -> Event:
        known = len(self.facts)
        event = super().responds(*listed, conn=conn, spoken_by=spoken_by, **fields)
        return self._keep(event, [*listed, *self.facts[known:]])

    def _keep(self, event: Event, facts: list[Event]) -> Event:
        for part, fact in enumerate(facts, 1):
            fact.part = part
        self.rows += [event, *facts]
        return event

    def buys(self, conn: int, client_order_id: str | None = "mine") -> Event:
        return self.requests(conn, **ORDER, client_order_id=client_order_id)

    def shows(self, order_id: str, client_order_id: str | None = "mine", **fields: Any) -> Event:
        """A push of the order."""
        return self.pushes(conn=2, order_id=order_id, client_order_id=client_order_id, **fields)

    def accepts(self, order_id: str, conn: int, client_order_id: str | None = "mine") -> Event:
        return self.responds(conn=conn, order_id=order_id, client_order_id=client_order_id)

    def loses(self, conn: int) -> Event:
        return self.responds(conn=conn, spoken_by=None, role=None)

    def retries_found(self) -> list[Incident]:
        return [incident for incident in incidents_in(self.rows) if incident.kind in BOTH]


@pytest.fixture
def story() -> Story:
    return Story()


def test_the_same_client_order_id_after_a_lost_answer_is_a_retry_whatever_a_push_had_told(story: Story) -> None:
    first = story.buys(9)
    push = story.shows("77")
    lost = story.loses(9)
    again = story.buys(10)
    story.shows("78")
    accepted = story.accepts("78", 10)
    duplicate, blind = story.retries_found()
    assert (duplicate.kind, duplicate.certainty, duplicate.seq) == ("duplicate-order", "proven", again.seq)
    assert duplicate.facts["order_ids"] == ["77", "78"]
    assert duplicate.facts["pushed_seq"] == push.seq
    assert list(duplicate.evidence) == [first.seq, push.seq, lost.seq, again.seq, accepted.seq]
    assert f"without looking, though a push at {push.seq} had told of the first, and the venue" in duplicate.summary
    assert (blind.kind, blind.facts["pushed_seq"]) == ("blind-retry", push.seq)


def test_also_when_the_push_came_after_the_loss(story: Story) -> None:
    story.buys(9)
    story.loses(9)
    push = story.shows("77")
    again = story.buys(10)
    story.accepts("78", 10)
    duplicate, _ = story.retries_found()
    assert (duplicate.certainty, duplicate.seq, duplicate.facts["pushed_seq"]) == ("proven", again.seq, push.seq)


def test_also_on_a_line_that_broke(story: Story) -> None:
    story.opens(1)
    story.orders("a", client_order_id="mine")
    push = story.shows("77")
    story.breaks(1)
    story.opens(1)
    again = story.orders("b", client_order_id="mine")
    story.answers("b", order_id="78")
    duplicate, _ = story.retries_found()
    assert (duplicate.certainty, duplicate.seq, duplicate.facts["pushed_seq"]) == ("proven", again.seq, push.seq)


def test_a_push_that_names_no_client_order_id_tells_the_bot_nothing(story: Story) -> None:
    first = story.buys(9, None)
    story.shows("77", None, intent=BUY, venue_at_ns=first.at_ns)
    story.loses(9)
    story.buys(10, None)
    story.accepts("78", 10, None)
    duplicate, _ = story.retries_found()
    assert (duplicate.certainty, duplicate.facts["order_ids"]) == ("proven", ["77", "78"])
    assert "pushed_seq" not in duplicate.facts


def test_a_push_that_never_reached_the_bot_told_it_nothing(story: Story) -> None:
    story.buys(9)
    story.shows("77", relay_ns=None)
    story.loses(9)
    story.buys(10, "other")
    story.accepts("78", 10, "other")
    duplicate, _ = story.retries_found()
    assert duplicate.certainty == "proven"
    assert "pushed_seq" not in duplicate.facts


@pytest.mark.parametrize("first_lost", [True, False])
def test_under_another_client_order_id_it_is_a_new_wish(story: Story, first_lost: bool) -> None:
    story.buys(9)
    if first_lost:
        story.loses(9)
    story.shows("77")
    if not first_lost:
        story.loses(9)
    story.buys(10, "next")
    story.accepts("78", 10, "next")
    assert story.retries_found() == []


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "not yet answered"])
def test_a_client_order_id_that_is_used_for_every_order_makes_no_retries(story: Story, answered: bool) -> None:
    for conn in (9, 10, 11):
        story.buys(conn)
        story.shows(str(conn))
        if answered:
            story.accepts(str(conn), conn)
    assert story.retries_found() == []


def test_nor_does_it_beside_another_that_waits(story: Story) -> None:
    story.buys(9, "other")
    story.buys(10)
    story.shows("77")
    story.buys(11)
    assert story.retries_found() == []


def test_where_a_push_is_the_only_answer_it_is_one_whatever_becomes_of_the_line(story: Story) -> None:
    story.opens(1)
    story.orders(client_order_id="mine", replies=False)
    story.shows("77")
    story.breaks(1)
    story.opens(1)
    story.orders(client_order_id="mine", replies=False)
    story.shows("78")
    assert story.retries_found() == []


def test_a_bot_that_looked_and_was_shown_it_wants_another(story: Story) -> None:
    first = story.buys(9)
    story.shows("77")
    story.loses(9)
    story.requests(11)
    story.responds(order("77", created=first, client_order_id="mine"), conn=11)
    story.buys(10)
    story.accepts("78", 10)
    assert story.retries_found() == []


def test_a_retry_of_a_retry_goes_on_from_there(story: Story) -> None:
    story.buys(9)
    story.shows("77")
    story.loses(9)
    story.buys(10)
    story.shows("78")
    story.loses(10)
    story.buys(11)
    story.accepts("79", 11)
    found = [each for each in story.retries_found() if each.kind == "duplicate-order"]
    assert [each.facts["order_ids"] for each in found] == [["77", "78"], ["78", "79"]]
    assert {each.certainty for each in found} == {"proven"}


def test_an_earlier_push_is_not_said_to_stand_where_the_loss_became_known(story: Story) -> None:
    story.buys(9)
    story.shows("77")
    lost = story.loses(9)
    [found] = [each for each in incidents_in(story.rows) if each.kind == "lost-response"]
    assert found.facts["resolved_seq"] == lost.seq
    assert "an earlier push shows that it was accepted as order 77" in found.summary
