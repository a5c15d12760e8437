"""Words for summaries: orders, durations and counts as a person would say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Deal(Protocol):
    """Whatever carries the facts of a request."""

    op: str | None
    side: str | None
    qty: str | None
    symbol: str | None
    price: str | None


def deal(order: Deal) -> str:
    """What is wanted: ``buy 0.050 WETHRUSD at 2600.00``; empty if it is no order."""
    words = [word for word in (order.side, order.qty, order.symbol) if word]
    if not order.side or not order.symbol:
        return ""
    if order.price:
        words.append(f"at {order.price}")
    return " ".join(words)


def request_words(request: Deal) -> str:
    """Which request it is: ``createOrder (buy 0.050 WETHRUSD at 2600.00)``."""
    name = request.op or "a request"
    wanted = deal(request)
    return f"{name} ({wanted})" if wanted else name


def lasting(ns: int) -> str:
    """A duration: ``840 µs``, ``12.3 ms``, ``3.21 s``, ``2 m 05 s``."""
    if ns < 0:
        return "0 s"
    if ns < 1_000_000:
        return f"{ns // 1000} µs"
    if ns < 1_000_000_000:
        return f"{ns / 1e6:.3g} ms" if ns < 999_500_000 else "1 s"
    if ns < 60_000_000_000:
        return f"{ns / 1e9:.3g} s"
    seconds = ns // 1_000_000_000
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds // 60 % 60:02} m"


def count(number: int, noun: str) -> str:
    """``1 request``, ``3 requests``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def some_of(names: Sequence[str]) -> str:
    """The first of many: ``a, b, c and 4 more``."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def present(**facts: object) -> dict[str, object]:
    """The facts that there are."""
    return {name: value for name, value in facts.items() if value is not None}
