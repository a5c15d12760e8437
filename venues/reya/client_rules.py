"""What the venue asks of its clients, and its advice by the kind of incident: from its order entry reference."""

from __future__ import annotations

from wsreplay.venues.rules import SECOND, Heartbeat, Rules

CLIENT_RULES = Rules(
    heartbeat=Heartbeat(frame="protocol"),
    idle_ns=120 * SECOND,
    advice={
        "duplicate-order": "For each request without a reply ask openOrders and perpExecutions (spot: spotExecutions) "
        "over REST before resubmitting; the venue takes a second order with the same clientOrderId.",
        "blind-retry": "Closing the socket changes nothing on the book: verify in-flight requests over REST "
        "(openOrders and perpExecutions of the wallet) before resubmitting.",
        "lost-response": "The order still executes though its response can't be delivered: find it by its "
        "clientOrderId in openOrders, perpExecutions or the order updates of the info socket.",
        "late-reply": "A response is good however late it comes, and a perp IOC waits for the chain: give it 30 "
        "seconds, and keep its id until then.",
        "disconnect": "1001 SERVER_SHUTTING_DOWN is a deployment: connect again. There is no login or subscription to "
        "restore, but each request without a response has to be verified over REST.",
        "reconnect-storm": "Reconnect after 100 ms, doubling to 30 s with jitter, and begin anew after a success.",
        "rate-limited": "createOrder and cancelOrder count together (30 in any 60 s), cancelAll apart (10), by signing "
        "wallet over socket and REST: wait until the oldest is a minute old.",
        "auth-failed": "Every request is judged by its own EIP-712 signature: check that the signer is among the "
        "account's permissioned addresses, and which chain and market number were signed.",
        "rejected": "Read the code: NO_PRICES_FOUND_FOR_SYMBOL and UNAVAILABLE_MATCHING_ENGINE_ERROR pass after a "
        "short backoff, a nonce or deadline needs a new signature, all else a corrected body.",
        "duplicate-request-id": "Use a fresh id for each request (UUIDs work); the original stays in flight and is "
        "answered under the same id.",
        "missed-heartbeat": "Let the WebSocket library answer protocol pings at once: after 120 s without anything "
        "from the client the venue closes, and a JSON ping is no substitute.",
        "extra-pong": "Send no pong: in JSON it is the server's word alone, and a client's gets UNKNOWN_TYPE.",
        "malformed": "Fix the serializer: each frame is JSON with a type and a string id; the connection stays open.",
    },
)
