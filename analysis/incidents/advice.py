"""What to do about an incident: the venue's own rule where its dialect states one, else what is good anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.venues.rules import Rules

ANYWHERE: dict[str, str] = {
    "duplicate-order": "Before an order is sent again, ask the venue for open orders and executions: "
    "one without a reply is neither failed nor done.",
    "blind-retry": "Look at open orders and executions after a disturbance, and send again only what is not there.",
    "lost-response": "Treat its outcome as unknown, and ask the venue what became of it before anything is sent again.",
    "late-reply": "Take a reply that comes late for what it says: the order may stand, though the bot gave up on it.",
    "disconnect": "Connect again with growing pauses, restore login and subscriptions, "
    "and ask what became of each request that was not answered.",
    "reconnect-storm": "Double the pause with each failure, add some jitter, and begin anew only after a success.",
    "rate-limited": "Count requests before they are sent and wait as long as the limit asks: "
    "a refusal often counts against it as well.",
    "auth-failed": "Check the key, its permissions, the clock and the token's expiry; the same request fails again.",
    "rejected": "Read the code: mend what is wrong with the request, and repeat only what the venue calls transient.",
    "duplicate-request-id": "Use a fresh id for every request, a counter or a UUID; the first one keeps its reply.",
    "malformed": "Mend what writes these bytes: what the other side makes of them is its own choice.",
    "sent-before-auth": "Log in first on every new connection, and send nothing else until the login is answered well.",
    "missed-heartbeat": "Answer pings from a task that never waits for anything else, "
    "and take a line for dead when the other side's own stay away.",
    "extra-pong": "Answer each ping once, and send no pong of your own accord.",
    "lost-subscription": "Keep a list of what is subscribed to, and ask for all of it again on every new connection.",
    "duplicate-subscription": "Keep a list of what is subscribed to, and unsubscribe before you ask for it again.",
    "unanswered-subscription": "Wait for the answer, or the first message, for a limited time, and then ask again.",
    "sequence-gap": "Throw away what was built from this channel, take a new snapshot, and go on from there.",
}
"""By the kind of incident."""


def advised(found: Iterable[Incident], rules: Rules | None) -> list[Incident]:
    """The incidents with what to do about each, where they don't say it yet."""
    own = rules.advice if rules is not None else {}
    return [
        each
        if each.advice is not None
        else msgspec.structs.replace(each, advice=own.get(each.kind) or ANYWHERE.get(each.kind))
        for each in found
    ]
