"""A market maker's bot for recordings: it watches orders, posts one of its own, and finds its way back after a cut.

python bot.py WEBSOCKET_URL REST_URL [--updates N] [--nonsense TEXT] [--forged] [--look-up] [--repost] [--steal]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from venues.zeroex.venue import hash_of, signed

from wsreplay.venues.zeroex.setup import WETH

PATIENCE = 20.0


class Bot:
    def __init__(self, url: str, rest_url: str) -> None:
        self._url = url
        self._rest_url = rest_url
        self.ids: list[str] = []
        self._lines = ExitStack()
        self._line: ClientConnection | None = None
        self.seen: dict[str, str] = {}
        """What is left of each order, by its hash."""

    def subscribe(self, ids: Sequence[str] = ()) -> None:
        """A new line, with new request ids or these: one for everything, one for what is sold for ether."""
        self.ids = list(ids) or [str(uuid.uuid4()), str(uuid.uuid4())]
        self._line = self._lines.enter_context(connect(self._url, proxy=None, compression=None))
        for request_id, filters in zip(self.ids, ({}, {"takerAssetData": WETH}), strict=True):
            self.say({"type": "subscribe", "channel": "orders", "requestId": request_id, "payload": filters})

    def say(self, message: dict[str, Any] | str) -> None:
        assert self._line is not None
        self._line.send(message if isinstance(message, str) else json.dumps(message))

    def watch(self, updates: int) -> None:
        """Read so many updates; when the line breaks, subscribe again and read the book anew."""
        while updates:
            assert self._line is not None
            try:
                said = json.loads(self._line.recv(PATIENCE))
            except ConnectionClosed:
                self.subscribe()
                # What was said to the line that broke is not said again.
                for record in self.orders()["records"]:
                    self.seen[hash_of(record["order"])] = record["metaData"]["remainingTakerAssetAmount"]
                continue
            if said.get("type") != "update":
                continue
            updates -= 1
            for item in said["payload"]:
                self.seen[hash_of(item["order"])] = item["remainingFillableAmount"]

    def wait_for(self, order: dict[str, Any]) -> None:
        """Until an update shows the order, or the book does after a cut."""
        while hash_of(order) not in self.seen:
            self.watch(1)

    def heard(self) -> None:
        """Read whatever comes until the line is gone."""
        assert self._line is not None
        try:
            while True:
                self._line.recv(PATIENCE)
        except ConnectionClosed:
            return

    def order(self, *, salt: str | None = None) -> dict[str, Any]:
        now_s = int(time.time())
        return signed(expirationTimeSeconds=str(now_s + 3600), salt=salt or str(time.time_ns()))

    def post(self, order: dict[str, Any]) -> int:
        return self._ask("/v2/order", json.dumps(order).encode())[0]

    def orders(self, query: str = "") -> Any:
        return self._ask(f"/v2/orders{query}")[1]

    def look_up(self, order: dict[str, Any]) -> Any:
        return self._ask(f"/v2/order/{hash_of(order)}")[1]

    def close(self) -> None:
        self._lines.close()

    def _ask(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        request = Request(self._rest_url + path, data=body, headers={"Content-Type": "application/json"})
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("rest_url")
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--nonsense")
    parser.add_argument("--forged", action="store_true")
    parser.add_argument("--look-up", action="store_true")
    parser.add_argument("--repost", action="store_true", help="post anew what was not answered, and look only then")
    parser.add_argument("--steal", action="store_true", help="go on with a second line and the first one's ids")
    wanted = parser.parse_args()
    bot = Bot(wanted.url, wanted.rest_url)
    if wanted.repost:
        repost(bot)
    else:
        trade(bot, wanted)
    bot.close()


def trade(bot: Bot, wanted: argparse.Namespace) -> None:
    bot.subscribe()
    bot.orders()
    if wanted.nonsense is not None:
        bot.watch(2)
        bot.say(wanted.nonsense)
        bot.heard()
        bot.subscribe()
    if wanted.steal:
        bot.watch(2)
        bot.subscribe(bot.ids)
    order = bot.order()
    if wanted.forged:
        assert bot.post(order | {"salt": "1"}) == 400
    assert bot.post(order) in (200, 201)
    bot.wait_for(order)
    bot.watch(wanted.updates)
    bot.orders(f"?makerAddress={order['makerAddress']}")
    if wanted.look_up:
        assert bot.look_up(order)["order"] == order


def repost(bot: Bot) -> None:
    """Post anew what was not answered, and look only then."""
    lost, again = bot.order(), bot.order()
    assert bot.post(lost) == 502
    assert bot.post(again) == 201
    bot.subscribe()
    page = bot.orders(f"?makerAddress={lost['makerAddress']}")
    assert [each["order"] for each in page["records"]] == [lost, again]
    bot.watch(4)


if __name__ == "__main__":
    main()
