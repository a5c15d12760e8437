"""What a simulated venue is made of: accounts, markets, limits, delays, and the seed that makes it repeatable."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from wsreplay.venues.market import Life, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEMO_SECRET = bytes.fromhex("33" * 32)
"""What signs the simulator's tokens. Everybody knows it."""
DEMO_PASSWORD = "secure_password"  # noqa: S105 - that of the venue's own document; it opens nothing else
DEMO_ACCOUNT = "acc_1234567890abcdef"
DEMO_EMAIL = "trader@cantondex.io"
OFFICER_ACCOUNT = "acc_fedcba0987654321"
OFFICER_EMAIL = "compliance@cantondex.io"

type Right = Literal["trade", "compliance"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account: how to log in to it, what it may do, and what it owns at the start."""

    account_id: str
    email: str = ""
    password: str = DEMO_PASSWORD
    rights: frozenset[Right] = frozenset({"trade"})
    cash: Decimal = Decimal(1_000_000)
    """In USDC."""
    holdings: Mapping[str, Decimal] = {}
    """By the asset's name, the part of the symbol before the slash."""
    kyc_status: str = "approved"
    kyc_tier: str = "tier_2"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue puts up with. Sizes and periods that its document does not tell are ours."""

    connections: int = 10
    """Of one account."""
    messages_per_s: int = 100
    """From one connection."""
    message_bytes: int = 65_536
    heartbeat_s: float = 30
    """Without a pong for so long, the line is dropped."""
    ping_every_s: float = 10
    idle_s: float = 300
    """Without anything but heartbeats for so long, the line is closed."""
    orders_per_minute: int = 100
    """Over REST, from one account."""
    requests_per_minute: int = 1_000
    """Over REST, from one address."""
    token_s: int = 3_600
    refresh_s: int = 86_400
    order_worth: Decimal = Decimal(5_000_000)
    """What one order may be worth: the venue's position limit."""
    large: Decimal = Decimal(1_000_000)
    """From this amount on a transaction is reported."""
    busy_orders: int = 50
    """So many orders of an account within two minutes are reported."""
    margin_warning: Decimal = Decimal("0.5")
    margin_liquidation: Decimal = Decimal("0.3")
    commission: Decimal = Decimal("0.001")

    def at_speed(self, speed: float) -> Limits:
        """The limits for traffic that comes so many times as fast as it was meant to."""
        return msgspec.structs.replace(
            self,
            messages_per_s=_times(self.messages_per_s, speed),
            orders_per_minute=_times(self.orders_per_minute, speed),
            requests_per_minute=_times(self.requests_per_minute, speed),
        )


_ANY_NUMBER = 1_000_000_000


def _times(limit: int, speed: float) -> int:
    return int(min(max(limit, limit * speed), _ANY_NUMBER))


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long things take, drawn evenly between two bounds in milliseconds."""

    rest_ms: tuple[float, float] = (1.0, 5.0)
    """From a REST request to its answer; what it asks for is done, and told on the sockets, before."""
    settlement_ms: tuple[float, float] = (500.0, 2_000.0)
    transfer_ms: tuple[float, float] = (500.0, 2_000.0)
    """Until a deposit arrives, and a withdrawal is on its way."""
    review_ms: tuple[float, float] = (1_000.0, 3_000.0)
    """Of what a customer says about himself."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says of itself."""

    status_every_s: float = 10
    degraded_every_s: float | None = 60
    """How often, about, a service gets slow for a while; None: never."""
    degraded_for_s: float = 5
    maintenance_every_s: float | None = 300
    """How often, about, maintenance is announced; None: never."""


MARKETS = (
    Spec(symbol="AAPL/USDC", price=Decimal("150.48"), tick=Decimal("0.01"), step=Decimal(1), min_qty=Decimal(1)),
    Spec(symbol="GOOGL/USDC", price=Decimal("171.20"), tick=Decimal("0.01"), step=Decimal(1), min_qty=Decimal(1)),
)
LIFE = Life(worth=Decimal(200_000))
STILL = Life(worth=Decimal(200_000), step_ms=None)
"""A house whose first quotes stand until they are taken."""


class CantonDexSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated venue. Two of the same setup, given the same requests at the same times, do the same."""

    seed: int = 1
    secret: bytes = DEMO_SECRET
    """Signs the tokens that it gives and takes."""
    accounts: tuple[Account, ...] = (
        Account(account_id=DEMO_ACCOUNT, email=DEMO_EMAIL, holdings={"AAPL": Decimal(500), "GOOGL": Decimal(500)}),
        Account(account_id=OFFICER_ACCOUNT, email=OFFICER_EMAIL, rights=frozenset({"compliance"})),
    )
    guest_of: str | None = None
    """The account to which an unknown e-mail address logs in; None: to none."""
    markets: tuple[Spec, ...] = MARKETS
    life: Life = LIFE
    limits: Limits = Limits()
    delays: Delays = Delays()
    health: Health | None = Health()
    """None: it never says anything of itself."""
    failing: float = 0.02
    """The part of settlements that fail."""

    def serving(self, accounts: Iterable[str], symbols: Iterable[str], secret: bytes | None) -> CantonDexSetup:
        """The same venue where these accounts and symbols exist as well: a replay's."""
        known = {account.account_id for account in self.accounts}
        unknown = [account for account in dict.fromkeys(accounts) if account not in known]
        listed = {market.symbol for market in self.markets}
        fine = Decimal("0.000001")
        # Of a market only its name is known: fine steps, so that whatever was ordered conforms.
        markets = tuple(
            Spec(symbol=symbol, price=Decimal(100), tick=fine, step=fine, min_qty=fine)
            for symbol in dict.fromkeys(symbols)
            if symbol not in listed
        )
        riches = {market.symbol.partition("/")[0]: Decimal(10**9) for market in (*self.markets, *markets)}
        rights: frozenset[Right] = frozenset({"trade", "compliance"})
        added = tuple(
            Account(account_id=account, rights=rights, cash=Decimal(10**9), holdings=riches) for account in unknown
        )
        return msgspec.structs.replace(
            self,
            secret=secret or self.secret,
            accounts=(*self.accounts, *added),
            guest_of=unknown[0] if unknown else self.accounts[0].account_id,
            markets=(*self.markets, *markets),
        )
