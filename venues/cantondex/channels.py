"""The channels, and the events that each of them carries."""

from __future__ import annotations

EVENTS: dict[str, tuple[str, ...]] = {
    "orders": ("order_created", "order_updated", "order_filled", "order_cancelled"),
    "trades": ("trade_executed", "trade_cancelled"),
    "market_data": ("price_update", "orderbook_update"),
    "settlements": ("settlement_created", "settlement_confirmed", "settlement_failed"),
    "account_notifications": ("balance_updated", "margin_call", "deposit_received", "withdrawal_processed"),
    "compliance_events": ("suspicious_activity_detected", "kyc_status_changed", "large_transaction_alert"),
    "system_health": ("system_status", "service_degraded", "maintenance_notice"),
}
CHANNELS = frozenset(EVENTS)
CHANNEL_OF = {event: channel for channel, events in EVENTS.items() for event in events}
"""No event names its channel: its type does."""
OF_AN_ACCOUNT = frozenset({"orders", "trades", "settlements", "account_notifications"})
"""Channels of which a subscription tells of one account."""
NOUNS = {
    "orders": "order",
    "trades": "trade",
    "market_data": "market data",
    "settlements": "settlement",
    "account_notifications": "account notification",
    "compliance_events": "compliance event",
    "system_health": "system health",
}
"""What the venue calls their events when it confirms a subscription."""
