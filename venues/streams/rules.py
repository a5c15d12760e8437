"""What these venues ask of their clients, and what to do where it was not done."""

from __future__ import annotations

from wsreplay.venues.rules import SECOND, Heartbeat, Rules

_ADVICE = {
    "unanswered-subscription": "The venue reads one stream a frame, the first of params, and only with an id from 0 to "
    "4294967295; all else it ignores without a word: send one frame a stream, with small ids.",
    "lost-subscription": "The venue forgets a client's streams with its connection: subscribe to each of them again, "
    "one frame a stream, then fetch /api/v1/depth and /api/v1/trades.",
    "duplicate-subscription": "The venue enters a second SUBSCRIBE beside the first, and pushes everything twice until "
    "one UNSUBSCRIBE, which removes both: subscribe once.",
    "sequence-gap": "What was pushed in between is lost: fetch /api/v1/depth and /api/v1/trades, and go on from there.",
    "disconnect": "The venue keeps nothing of a connection: connect again, subscribe to every stream again, then fetch "
    "/api/v1/depth and /api/v1/trades.",
    "rejected": "A refused order is answered with status 200: read the body's status, not the answer's.",
    "lost-response": "Orders have no client id here: look at GET /api/v1/orders and /api/v1/trades before sending one "
    "again.",
    "blind-retry": "The same body again is a second order: look at GET /api/v1/orders and /api/v1/trades first.",
    "duplicate-order": "The venue takes the same body again for a second order: cancel one of them, by its order_id, "
    "price, side and market.",
}
PLAIN = Rules(confirms_subscriptions=False, advice=_ADVICE)

BINANCE = Rules(
    heartbeat=Heartbeat(frame="protocol", every_ns=20 * SECOND, within_ns=60 * SECOND),
    max_subscriptions=1024,
    messages_per_s=5,
    advice={
        **_ADVICE,
        "unanswered-subscription": "Every command is answered by its id, and an unknown stream is confirmed too: "
        "write symbols in lower case, symbol@topic.",
        "lost-subscription": "A connection keeps its streams for 24 hours at most: subscribe to all again on the next.",
        "duplicate-subscription": "The venue confirms a second SUBSCRIBE, and it changes nothing: subscribe once.",
        "sequence-gap": "A push's U must follow the u before by one (for futures, its pu must be that u): else drop "
        "the book, fetch a snapshot, and go on from its lastUpdateId.",
        "disconnect": "Answer each ping within a minute, send no more than 5 messages a second, pings and pongs "
        "included, and expect the end after 24 hours.",
        "missed-heartbeat": "The venue pings every 20 seconds, and ends the line a minute after one without its pong.",
        "rejected": "The refusal's words say what is wrong with the command: code 2 is one that can't be understood.",
        "rate-limited": "At most 5 messages a second on a connection, pings and pongs included: name many streams in "
        "one SUBSCRIBE.",
    },
)
