"""What relayers ask of their clients: by the standard almost nothing, by its reference server a pong in time."""

from __future__ import annotations

import msgspec

from wsreplay.venues.rules import SECOND, Heartbeat, Rules

PING_EVERY_NS = 5 * SECOND
"""The reference server's. It ends who has not answered one ping when the next is due."""

STANDARD = Rules(
    confirms_subscriptions=False,
    advice={
        "disconnect": (
            "Subscriptions end with their connection: subscribe again with new request ids, then read GET /orders, for "
            "what happened in between is never sent."
        ),
        "missed-heartbeat": (
            "The standard has no heartbeat, but the reference server pings every 5 s and cuts, without a close frame, "
            "whoever has not answered when the next ping is due: answer protocol pings at once."
        ),
        "lost-subscription": (
            "Subscribe again after each reconnect: a subscription ends with its connection, and nothing says so."
        ),
        "duplicate-subscription": (
            "Each subscription brings its own update of the same order: subscribe once to what you want, or drop "
            "updates that you have seen, by request id and order hash."
        ),
        "unanswered-subscription": (
            "The venue acknowledges no subscription: silence may mean that no order matches, or that the filter is not "
            "understood. Compare with GET /orders and the same filter."
        ),
        "duplicate-request-id": (
            "Take a new uuid for each subscription: a repeated one replaces the filter, and at the reference server it "
            "also takes over the subscription of whoever used it before, on any connection."
        ),
        "malformed": (
            "The standard answers nothing to what it can't read; the reference server sends one error body, which does "
            "not say to what, and cuts the connection."
        ),
        "rejected": (
            "validationErrors names the fields. An order that is refused was not kept; mend it, sign it anew, and post "
            "it again."
        ),
        "auth-failed": (
            "Sign the order's EIP-712 hash with the maker's key, laid out as v, r, s and the signature type, 02 for "
            "typed data and 03 for a message: any change to the order, even of its salt, needs a new signature."
        ),
        "rate-limited": "Wait until the time in X-RateLimit-Reset, or for some seconds where there is none.",
        "duplicate-order": (
            "The same signed order posted again is the same order: keep it, and post it byte by byte, or ask for its "
            "hash. With a new salt it is a second one, and both can be filled."
        ),
        "blind-retry": (
            "Ask GET /order with the order's hash before you post it anew: the hash is known before it is sent."
        ),
        "lost-response": (
            "The order's hash is known without any answer: ask GET /order with it, or post the very same order again."
        ),
    },
)

REFERENCE = msgspec.structs.replace(
    STANDARD, heartbeat=Heartbeat(frame="protocol", every_ns=PING_EVERY_NS, within_ns=PING_EVERY_NS)
)
