"""What CantonDEX asks of its clients."""

from __future__ import annotations

from wsreplay.venues.rules import SECOND, Heartbeat, Rules

RULES = Rules(
    heartbeat=Heartbeat(frame="message", within_ns=30 * SECOND),
    idle_ns=300 * SECOND,
    login="auth",
    max_connections=10,
    messages_per_s=100,
    advice={
        "sent-before-auth": "Send auth first, and nothing else before auth_response says authenticated.",
        "auth-failed": "Get a new token before the old one expires, and log in again on every new connection.",
        "missed-heartbeat": "Answer each ping with a pong of its timestamp; without one for 30 s the line is dropped.",
        "rate-limited": "Send at most 100 messages a second on one connection, and open at most 10 for one account.",
        "reconnect-storm": "Wait 1 s before the first attempt to connect again, twice as long each time, 30 s at most.",
        "disconnect": "Log in and subscribe again on the new connection: neither survives the old one.",
        "lost-subscription": "Subscriptions end with their connection: subscribe again after auth_response.",
        "duplicate-subscription": "One subscription a channel and connection: a second is ALREADY_SUBSCRIBED.",
        "unanswered-subscription": "Each subscribe is answered, if only by an error: where nothing comes, ask again.",
        "lost-response": "Orders have no client order id: list GET /orders before you send one again.",
        "duplicate-order": "Orders have no client order id: list GET /orders before you send one again.",
        "blind-retry": "Orders have no client order id: list GET /orders before you send one again.",
        "malformed": "Messages are JSON objects with a type.",
    },
)
