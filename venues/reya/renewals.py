"""New nonces and deadlines for old ones, such that what was good is good again and what was stale is stale again."""

from __future__ import annotations

from bisect import bisect_right, insort

US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000


def perp_nonce(account: int, at_ms: int, market_id: int) -> int:
    """Generation B's nonce of a perp order."""
    return (account << 98) | (at_ms << 32) | market_id


class Renewals:
    """What a replay has put in place of recorded nonces and deadlines.

    One recorded nonce has one new one, so that a frame that was sent twice is the same frame twice again: a probe
    must not become a second order. A nonce that came too late (below one seen before) gets a new one that is below
    as well, and the venue refuses it again.
    """

    def __init__(self) -> None:
        self._last_us = 0
        self._last_ms: dict[int, int] = {}
        self._seen: dict[str, list[int]] = {}
        self._new: dict[tuple[str, int], int] = {}
        self._deadlines: dict[tuple[str, int, int], int] = {}

    def nonce(self, signer: str, recorded: int, now_ns: int) -> int:
        """For orders and cancels whose nonce counts microseconds: all of a replay's are strictly increasing."""
        renewed = self._known(signer, recorded)
        if renewed is None:
            self._last_us = renewed = max(now_ns // US, self._last_us + 1)
            self._keep(signer, recorded, renewed)
        return renewed

    def perp_nonce(self, signer: str, recorded: int, now_ns: int, account: int, market_id: int) -> int:
        """For generation B's perp orders, whose nonce holds account, milliseconds and market."""
        scope = f"{signer}/{account}/perp"
        renewed = self._known(scope, recorded)
        if renewed is None:
            at_ms = self._last_ms[account] = max(now_ns // MS, self._last_ms.get(account, 0) + 1)
            renewed = perp_nonce(account, at_ms, market_id)
            self._keep(scope, recorded, renewed)
        return renewed

    def deadline(self, signer: str, nonce: int, recorded: int, recorded_at_ns: int, now_ns: int) -> int:
        """The same time to live, from now on; the same again for the same frame."""
        key = (signer, nonce, recorded)
        if key not in self._deadlines:
            self._deadlines[key] = recorded + now_ns // SECOND - recorded_at_ns // SECOND
        return self._deadlines[key]

    def _known(self, scope: str, recorded: int) -> int | None:
        if (scope, recorded) in self._new:
            return self._new[scope, recorded]
        seen = self._seen.get(scope, [])
        above = bisect_right(seen, recorded)
        if above == len(seen):
            return None
        renewed = self._new[scope, seen[above]] - 1
        self._keep(scope, recorded, renewed)
        return renewed

    def _keep(self, scope: str, recorded: int, renewed: int) -> None:
        insort(self._seen.setdefault(scope, []), recorded)
        self._new[scope, recorded] = renewed
