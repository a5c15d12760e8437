"""A venue that is made to fit a recording, at the speed of a replay."""

from __future__ import annotations

from decimal import Decimal
from math import inf

import pytest
from venues.streams.venue import Venue

from wsreplay.venues.simulation import simulator
from wsreplay.venues.streams.dialect import BinanceStreamsDialect, StreamsDialect
from wsreplay.venues.streams.setup import NO_LIFE, StreamsSetup
from wsreplay.venues.streams.simulator import BinanceStreamsSimulator, StreamsSimulator


def test_the_users_and_markets_of_a_recording_exist() -> None:
    setup = StreamsSetup(life=NO_LIFE).serving(["u1", "test_user"], ["DOGE_USDT", "SOL_USDC", "solusdc", "A"])
    assert setup.users == ("test_user", "u1")
    assert [spec.symbol for spec in setup.markets] == ["SOL_USDC", "DOGE_USDT"]
    venue = Venue(**{name: getattr(setup, name) for name in ("users", "markets", "named", "funds")})
    conn = venue.connect()
    venue.subscribe(conn, "trade.DOGE_USDT")
    venue.created("SELL", "0.1", "5", market="DOGE_USDT", user_id="u1")
    venue.created("BUY", "0.1", "5", market="DOGE_USDT")
    assert [frame["stream"] for frame in venue.heard(conn)] == ["trade.DOGE_USDT"]


@pytest.mark.parametrize(("speed", "messages"), [(0.5, 5), (1.0, 5), (10.0, 50), (inf, inf)])
def test_limits_that_count_by_time_stretch_with_the_speed(speed: float, messages: float) -> None:
    limits = StreamsSetup().at_speed(speed).limits
    assert limits.messages_per_s == messages
    assert limits.streams == 1024, "what does not count by time stays"


def test_a_dialect_makes_the_simulator_of_its_profile() -> None:
    plain, binance = StreamsDialect().simulator(accounts=["u1"], speed=2.0), BinanceStreamsDialect().simulator()
    assert (plain.setup.profile, plain.setup.users) == ("plain", ("test_user", "u1"))
    assert plain.setup.limits.messages_per_s == 10
    assert binance.setup.profile == "binance"
    assert simulator("streams") is StreamsSimulator
    assert simulator("streams-binance") is BinanceStreamsSimulator
    quick = BinanceStreamsSimulator(StreamsSetup(seed=7, first_trade=5))
    assert (quick.setup.profile, quick.setup.seed, quick.setup.first_trade) == ("binance", 7, 5)


def test_a_market_quotes_around_its_price() -> None:
    venue = Venue(life=None)
    book = venue.rest("GET", "/depth?symbol=SOL_USDC")
    best_bid, best_ask = (Decimal(book[side][0][0]) for side in ("bids", "asks"))
    assert Decimal(149) < best_bid < best_ask < Decimal(151)
