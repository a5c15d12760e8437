"""The naive bot's careful twin: when no reply came, it looks before it leaps.

python -m wsreplay.demo.careful_bot WS_URL REST_URL
"""

from __future__ import annotations

import sys

from websockets.exceptions import ConnectionClosed

from wsreplay.demo.naive_bot import WANTED, WARM_UP
from wsreplay.demo.trader import Trader


def main() -> None:
    """Trade as the twin does, but treat an order without a reply as what it is: unknown."""
    trader = Trader(sys.argv[1], sys.argv[2])
    trader.connect()
    trader.cancel(trader.create(WARM_UP)["payload"]["orderId"])
    try:
        trader.create(WANTED)
    except ConnectionClosed:
        print("careful bot: the line broke, no reply; I ask the venue what became of the order")
        trader.connect()
        if any(order.get("clientOrderId") == WANTED.client_order_id for order in trader.open_orders()):
            print("careful bot: it is there; nothing to send again")
        else:
            trader.create(WANTED)
    orders = trader.open_orders()
    print(f"careful bot: I wanted 1 order, the venue shows {len(orders)}")
    trader.close()


if __name__ == "__main__":
    main()
