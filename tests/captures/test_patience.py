from __future__ import annotations

from captures.conversation import BUY, Conversation

from wsreplay.captures import patience
from wsreplay.captures.in_flight import Request
from wsreplay.captures.patience import Patience


def sent(talk: Conversation, bot: Patience, opened: int = 0, **fields: object) -> Request:
    request = Request(talk.event(**{"intent": BUY, **fields}), reached_venue=True)
    bot.sent(request, opened)
    return request


def test_it_ends_after_its_time_and_not_before() -> None:
    talk, bot = Conversation(), Patience(1_000)
    request = sent(talk, bot, intent=None)
    assert not bot.had_ended(request, request.mono_ns + 1_000)
    assert bot.had_ended(request, request.mono_ns + 1_001)


def test_the_last_of_an_intent_is_still_waited_for() -> None:
    talk, bot = Conversation(), Patience(None)
    first = sent(talk, bot, client_order_id="mine")
    last = sent(talk, bot, opened=talk.opens(2).seq, client_order_id="mine")
    assert bot.had_ended(first, talk.now_ns)
    assert not bot.had_ended(last, talk.now_ns)


def test_what_was_sent_before_a_request_says_nothing_of_it() -> None:
    talk, bot = Conversation(), Patience(None)
    sent(talk, bot, client_order_id="mine")
    bot.disturbed(1, talk.opens().seq)
    last = sent(talk, bot, client_order_id="mine")
    assert not bot.had_ended(last, talk.now_ns)


def test_an_intent_is_forgotten_with_its_last_request() -> None:
    talk, bot = Conversation(), Patience(None)
    first, second = sent(talk, bot), sent(talk, bot)
    bot.over(first)
    assert bot._wanted
    bot.over(second)
    assert not bot._wanted
    bot.over(second)


def test_of_very_many_faults_the_recent_ones_count() -> None:
    talk, bot = Conversation(), Patience(None)
    for _ in range(5 * patience._FAULTS):
        bot.disturbed(1, talk.opens().seq)
    assert len(bot._faults[1]) <= patience._FAULTS
    request = sent(talk, bot)
    bot.disturbed(1, talk.opens().seq)
    sent(talk, bot)
    assert bot.had_ended(request, talk.now_ns)
