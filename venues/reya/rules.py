"""Who may do what, when and how often: what stands between a well-formed request and the matching engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.eip712 import OutOfRangeError
from wsreplay.venues.keys import is_malleated, recover
from wsreplay.venues.limits import SlidingWindow
from wsreplay.venues.matching import EXACT
from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.requests import CancelAll, CancelOrder, CreateOrder
from wsreplay.venues.reya.signing import UnsignableError, digest_of

if TYPE_CHECKING:
    from decimal import Decimal

    from wsreplay.venues.reya.markets import Market
    from wsreplay.venues.reya.setup import Account, ReyaSetup


class Rules:
    """The checks, in the venue's order, with what they remember: nonces and rates per signing wallet."""

    def __init__(self, setup: ReyaSetup) -> None:
        self._network = setup.network
        self._limits = setup.limits
        self._markets = {market.symbol: market for market in setup.markets}
        self._accounts = {account.account_id: account for account in setup.accounts}
        self._orders = SlidingWindow(setup.limits.orders_per_minute)
        self._cancel_alls = SlidingWindow(setup.limits.cancel_alls_per_minute)
        self._nonces: dict[tuple[str, ...], int] = {}

    def market(self, symbol: str) -> Market:
        """The market of a symbol."""
        if symbol not in self._markets:
            raise Refused(Code.SYMBOL_NOT_FOUND, f"Symbol {symbol} not found")
        return self._markets[symbol]

    def account(self, account_id: int) -> Account:
        """The account of a number."""
        if account_id not in self._accounts:
            raise Refused(Code.NO_ACCOUNTS_FOUND, f"Account {account_id} not found")
        return self._accounts[account_id]

    def owned_by(self, wallet: str) -> frozenset[int]:
        """The accounts that a wallet owns."""
        return frozenset(a.account_id for a in self._accounts.values() if a.owner.lower() == wallet.lower())

    def admit_create(self, wanted: CreateOrder, now_ns: int) -> tuple[Market, str]:
        """Let an order through to its market; the wallet that signed it is given back."""
        market = self.market(wanted.symbol)
        account = self.account(wanted.account)
        immediate = wanted.time_in_force == "IOC"
        longest = self._limits.ioc_deadline_s if immediate else self._limits.spot_deadline_s
        _check_deadline(wanted.expires_s, longest, now_ns)
        signer = self._signer("createOrder", wanted, market.market_id)
        if signer.lower() != wanted.signer_wallet.lower():
            raise Refused(Code.UNAUTHORIZED, "Recovered signer is not signerWallet")
        _check_permission(account, signer)
        self._take_order_rate(signer, Code.CREATE_OTHER, now_ns)
        self._take_nonce(signer, wanted.nonce, market, wanted.account)
        return market, signer

    def admit_cancel(self, wanted: CancelOrder, owner: int | None, now_ns: int) -> Market | None:
        """Let a cancel through; ``owner`` is the account of the order that a perp cancel names, if there is one."""
        if wanted.symbol is not None:
            market = self.market(wanted.symbol)
        if wanted.symbol is None or not market.spot:
            if owner is None:
                raise Refused(Code.CANCEL_OTHER, f"Order {wanted.order_id} not found")
            signer = self._signer("cancelOrder", wanted, None)
            _check_permission(self.account(owner), signer)
            self._take_order_rate(signer, Code.CANCEL_OTHER, now_ns)
            return None
        account = self.account(wanted.account or 0)
        _check_deadline(wanted.expires_s, self._limits.spot_deadline_s, now_ns)
        signer = self._signer("cancelOrder", wanted, market.market_id)
        _check_permission(account, signer)
        self._take_order_rate(signer, Code.CANCEL_OTHER, now_ns)
        self._take_nonce(signer, wanted.nonce or 0, market, account.account_id)
        return market

    def admit_cancel_all(self, wanted: CancelAll, now_ns: int) -> Market | None:
        """Let a mass cancel through; None: it is for every spot market."""
        market = None if wanted.symbol is None else self.market(wanted.symbol)
        account = self.account(wanted.account)
        if market is not None and not market.spot:
            raise Refused(Code.CANCEL_OTHER, "Mass cancel is not supported for perp markets")
        _check_deadline(wanted.expires_s, self._limits.spot_deadline_s, now_ns)
        signer = self._signer("cancelAll", wanted, None if market is None else market.market_id)
        _check_permission(account, signer)
        if not self._cancel_alls.take(signer, now_ns):
            allowed = self._limits.cancel_alls_per_minute
            raise Refused(Code.CANCEL_OTHER, f"Rate limit exceeded: {allowed} cancelAll per 60s for {signer}")
        self._take_nonce(signer, wanted.nonce, market, account.account_id)
        return market

    def _signer(self, op: str, wanted: CreateOrder | CancelOrder | CancelAll, market_id: int | None) -> str:
        try:
            digest = digest_of(op, wanted.payload, self._network, market_id)
        except OutOfRangeError as wrong:
            raise Refused(Code.OVERFLOW, str(wrong)) from None
        except UnsignableError as wrong:
            raise Refused(Code.INPUT_VALIDATION, str(wrong)) from None
        signer = None if is_malleated(wanted.signature) else recover(digest, wanted.signature)
        if signer is None:
            raise Refused(Code.UNAUTHORIZED, "Invalid signature")
        return signer

    def _take_order_rate(self, signer: str, code: Code, now_ns: int) -> None:
        if not self._orders.take(signer, now_ns):
            allowed = self._limits.orders_per_minute
            raise Refused(code, f"Rate limit exceeded: {allowed} createOrder and cancelOrder per 60s for {signer}")

    def _take_nonce(self, signer: str, nonce: int, market: Market | None, account: int) -> None:
        # A perp order's nonce holds account and market in its bits, so it can only be held against its like.
        spot = market is None or market.spot
        scope = (signer,) if spot or market is None else (signer, str(account), market.symbol)
        if nonce <= self._nonces.get(scope, -1):
            raise Refused(Code.INVALID_NONCE, f"Nonce {nonce} is not above {self._nonces[scope]}")
        self._nonces[scope] = nonce


def check_conforms(market: Market, price: Decimal, qty: Decimal) -> None:
    """Hold an order against its market's steps."""
    if qty < market.min_qty:
        raise Refused(Code.CREATE_OTHER, f"Quantity {qty} is below minimum order base {market.min_qty}")
    if EXACT.remainder(qty, market.step) != 0:
        raise Refused(Code.CREATE_OTHER, f"Quantity {qty} does not conform to base spacing {market.step}")
    if EXACT.remainder(price, market.tick) != 0:
        raise Refused(Code.CREATE_OTHER, f"Price {price} does not conform to price spacing {market.tick}")


def _check_permission(account: Account, signer: str) -> None:
    if not account.allows(signer):
        raise Refused(Code.UNAUTHORIZED, f"{signer} may not act for account {account.account_id}")


def _check_deadline(expires_s: int | None, longest_s: int, now_ns: int) -> None:
    if expires_s is None:
        return
    if expires_s * SECOND < now_ns:
        raise Refused(Code.DEADLINE_PASSED, f"expiresAfter {expires_s} is in the past")
    if expires_s * SECOND > now_ns + longest_s * SECOND:
        raise Refused(Code.DEADLINE_TOO_HIGH, f"expiresAfter {expires_s} is more than {longest_s}s ahead")
