"""What Loopring asks of its clients, and what to do when something went wrong with it."""

from __future__ import annotations

from wsreplay.venues.rules import SECOND, Heartbeat, Rules

PING_S, PONG_S = 30, 120
TOPICS = 20

RULES = Rules(
    heartbeat=Heartbeat(frame="message", every_ns=PING_S * SECOND, within_ns=PONG_S * SECOND, surplus_ends=True),
    max_subscriptions=TOPICS,
    advice={
        "disconnect": (
            "Subscriptions die with the connection: fetch a new key from /v3/ws/key, connect, subscribe with "
            "unsubscribeAll, read books from /api/v3/depth and orders from /api/v3/orders again."
        ),
        "missed-heartbeat": (
            'Answer each text "ping" with one text "pong"; after 2 minutes without one the relay disconnects.'
        ),
        "extra-pong": 'Send "pong" only in answer to a "ping": more pongs than pings, and the relay disconnects.',
        "lost-subscription": "Subscribe again after each connect: the relay keeps nothing of the connection before.",
        "duplicate-subscription": (
            "A topic may occur once in a request (104103); subscribed again, its latest configuration counts."
        ),
        "unanswered-subscription": (
            "Each sub and unSub is answered once, with the sequence that it gave; without an answer, send it again."
        ),
        "sequence-gap": (
            "A book's startVersion is the version before; where it is not, read the book again from /api/v3/depth."
        ),
        "rejected": (
            "A request on topics is done as a whole or not at all: after a refusal nothing of it is subscribed."
        ),
        "auth-failed": (
            "account and order need the account's apiKey in the same request; a connection needs a fresh wsApiKey."
        ),
        "rate-limited": "Each REST call is allowed 5 times a second; beyond that it is answered with 429.",
        "duplicate-order": (
            "Orders go over REST: after a lost answer ask /api/v3/orders, or send the very same order again, with its "
            "storageId, which is one order only; with another storageId it is a second one."
        ),
        "blind-retry": (
            "Ask /api/v3/orders before sending an order again; the same storageId can't make a second one, another can."
        ),
        "lost-response": "Look for the order in /api/v3/orders, or wait for its push: the answer is not sent again.",
    },
)
