"""The venue behind its sockets: markets, accounts, orders, settlements and health, one for all who connect."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from wsreplay.venues.cantondex.accounts import Accounts
from wsreplay.venues.cantondex.desk import Desk
from wsreplay.venues.cantondex.health import Pulse
from wsreplay.venues.cantondex.settlement import Settlements
from wsreplay.venues.cantondex.times import SECOND
from wsreplay.venues.cantondex.tokens import claims_in, expiry_in, is_signed_with, minted
from wsreplay.venues.market import Floor

if TYPE_CHECKING:
    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.cantondex.accounts import Purse, Tell
    from wsreplay.venues.cantondex.setup import CantonDexSetup


class House:
    """All that the venue is, but for its connections."""

    def __init__(self, setup: CantonDexSetup, agenda: Agenda, tell: Tell) -> None:
        self.setup = setup
        self._names = self.chance("names")
        limits = setup.limits
        self.floor = Floor(setup.markets, agenda, seed=setup.seed, life=setup.life)
        self.accounts = Accounts(setup.accounts, limits, tell, self.name)
        self.settlements = Settlements(
            self.accounts,
            agenda,
            self.chance("settlements"),
            tell,
            self.name,
            delay_ms=setup.delays.settlement_ms,
            failing=setup.failing,
        )
        self.desk = Desk(self.floor, self.accounts, self.settlements, limits, tell, self.name)
        self.pulse = None if setup.health is None else Pulse(setup.health, agenda, self.chance("health"), tell)

    def name(self, kind: str) -> str:
        """A new id: ``ord_`` and sixteen hexadecimal digits."""
        return f"{kind}_{self._names.getrandbits(64):016x}"

    def chance(self, what: str) -> Random:
        """A source of chance of its own, so that one thing does not change the next."""
        return Random(f"{self.setup.seed} {what}")  # noqa: S311 - repeatable

    def visitor(self, email: object, password: object) -> Purse | None:
        """Who logs in with these."""
        for purse in self.accounts.purses.values():
            if purse.about.email and purse.about.email == email:
                return purse if purse.about.password == password else None
        guest = self.accounts.purses.get(self.setup.guest_of or "")
        return guest if guest is not None and guest.about.password == password else None

    # Tokens

    def token(self, purse: Purse, now_ns: int, typ: str = "") -> str:
        """A token for an account; of type ``refresh``: one that only gets others."""
        life_s = self.setup.limits.refresh_s if typ else self.setup.limits.token_s
        now_s = now_ns // SECOND
        claims = {
            "sub": purse.about.email or purse.account_id,
            "account_id": purse.account_id,
            "iat": now_s,
            "exp": now_s + life_s,
            "jti": self.name("jti"),
        }
        return minted(claims | ({"typ": typ} if typ else {}), self.setup.secret)

    def holder(self, token: object, now_ns: int, typ: str = "") -> tuple[Purse, int] | None:
        """Whose token this is and when it expires, in nanoseconds; None: it is not good, or not any more."""
        if not isinstance(token, str) or not is_signed_with(token, self.setup.secret):
            return None
        claims = claims_in(token) or {}
        expires_s = expiry_in(claims)
        purse = self.accounts.purses.get(str(claims.get("account_id")))
        if purse is None or expires_s is None or expires_s * SECOND <= now_ns or claims.get("typ", "") != typ:
            return None
        return purse, expires_s * SECOND
