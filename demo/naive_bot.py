"""A bot like many: when the line breaks before the reply comes, it sends the order again.

python -m wsreplay.demo.naive_bot WS_URL REST_URL
"""

from __future__ import annotations

import sys

from websockets.exceptions import ConnectionClosed

from wsreplay.demo.trader import Order, Trader

WARM_UP = Order(is_buy=True, qty="0.010", price="2500.00", client_order_id=1)
WANTED = Order(is_buy=True, qty="0.050", price="2600.00", client_order_id=2)


def main() -> None:
    """Trade: one order placed and cancelled, then the one that matters."""
    trader = Trader(sys.argv[1], sys.argv[2])
    trader.connect()
    trader.cancel(trader.create(WARM_UP)["payload"]["orderId"])
    try:
        trader.create(WANTED)
    except ConnectionClosed:
        print("naive bot: the line broke, no reply; I send the order again")
        trader.connect()
        trader.create(WANTED)
    orders = trader.open_orders()
    print(f"naive bot: I wanted 1 order, the venue shows {len(orders)}")
    trader.close()


if __name__ == "__main__":
    main()
