"""The messages of the venue's own document, as they stand there but for their line breaks."""

from __future__ import annotations

CLIENT: dict[str, str] = {
    "auth": '{"type": "auth", "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."}',
    "subscribe orders": '{"type": "subscribe", "channel": "orders", "account_id": "acc_1234567890abcdef"}',
    "subscribe trades": '{"type": "subscribe", "channel": "trades", "account_id": "acc_1234567890abcdef"}',
    "subscribe market_data": (
        '{"type": "subscribe", "channel": "market_data", "symbols": ["AAPL/USDC", "GOOGL/USDC"], "aggregation": "1s"}'
    ),
    "subscribe settlements": '{"type": "subscribe", "channel": "settlements", "account_id": "acc_1234567890abcdef"}',
    "subscribe account_notifications": (
        '{"type": "subscribe", "channel": "account_notifications", "account_id": "acc_1234567890abcdef"}'
    ),
    "subscribe compliance_events": '{"type": "subscribe", "channel": "compliance_events"}',
    "subscribe system_health": '{"type": "subscribe", "channel": "system_health"}',
    "unsubscribe": '{"type": "unsubscribe", "channel": "orders", "account_id": "acc_1234567890abcdef"}',
    "pong": '{"type": "pong", "timestamp": "2024-11-17T17:05:00Z"}',
}

VENUE: dict[str, str] = {
    "auth_response authenticated": (
        '{"type": "auth_response", "status": "authenticated", "account_id": "acc_1234567890abcdef", '
        '"message": "Successfully authenticated"}'
    ),
    "auth_response failed": (
        '{"type": "auth_response", "status": "failed", "error_code": "INVALID_TOKEN", '
        '"error_message": "Token is invalid or expired"}'
    ),
    "subscription_response": (
        '{"type": "subscription_response", "channel": "orders", "account_id": "acc_1234567890abcdef", '
        '"status": "subscribed", "message": "Now receiving order updates"}'
    ),
    "order_created": (
        '{"type": "order_created", "account_id": "acc_1234567890abcdef", '
        '"order_id": "ord_1234567890abcdef", "symbol": "AAPL/USDC", "side": "buy", '
        '"order_type": "limit", "quantity": 100, "price": 150.50, "status": "pending", '
        '"timestamp": "2024-11-17T16:30:00Z"}'
    ),
    "order_updated": (
        '{"type": "order_updated", "account_id": "acc_1234567890abcdef", '
        '"order_id": "ord_1234567890abcdef", "status": "partially_filled", "filled": 50, '
        '"average_fill_price": 150.48, "timestamp": "2024-11-17T16:30:15Z"}'
    ),
    "order_filled": (
        '{"type": "order_filled", "account_id": "acc_1234567890abcdef", '
        '"order_id": "ord_1234567890abcdef", "quantity": 100, "price": 150.48, '
        '"fill_time": "2024-11-17T16:30:30Z", "trade_id": "trd_1234567890abcdef"}'
    ),
    "order_cancelled": (
        '{"type": "order_cancelled", "account_id": "acc_1234567890abcdef", '
        '"order_id": "ord_1234567890abcdef", "reason": "user_requested", '
        '"timestamp": "2024-11-17T16:31:00Z"}'
    ),
    "trade_executed": (
        '{"type": "trade_executed", "account_id": "acc_1234567890abcdef", '
        '"trade_id": "trd_1234567890abcdef", "order_id": "ord_1234567890abcdef", "symbol": "AAPL/USDC", '
        '"side": "buy", "quantity": 50, "price": 150.48, "commission": 7.52, "gross_amount": 7524, '
        '"net_amount": 7516.48, "executed_at": "2024-11-17T16:30:30Z"}'
    ),
    "trade_cancelled": (
        '{"type": "trade_cancelled", "trade_id": "trd_1234567890abcdef", "reason": "settlement_failed", '
        '"timestamp": "2024-11-17T16:35:00Z"}'
    ),
    "price_update": (
        '{"type": "price_update", "symbol": "AAPL/USDC", "bid": 150.45, "ask": 150.50, "mid": 150.475, '
        '"last_price": 150.48, "timestamp": "2024-11-17T16:30:45Z"}'
    ),
    "orderbook_update": (
        '{"type": "orderbook_update", "symbol": "AAPL/USDC", "timestamp": "2024-11-17T16:30:45Z", '
        '"changes": {"bids": [{"price": 150.45, "quantity": 5000, "action": "update"}, '
        '{"price": 150.40, "quantity": 0, "action": "delete"}], "asks": [{"price": 150.50, '
        '"quantity": 4500, "action": "update"}]}}'
    ),
    "settlement_created": (
        '{"type": "settlement_created", "settlement_id": "set_1234567890abcdef", '
        '"trade_id": "trd_1234567890abcdef", "symbol": "AAPL/USDC", "quantity": 50, "amount": 7524, '
        '"settlement_date": "2024-11-19T00:00:00Z", "timestamp": "2024-11-17T16:30:30Z"}'
    ),
    "settlement_confirmed": (
        '{"type": "settlement_confirmed", "settlement_id": "set_1234567890abcdef", '
        '"dvp_transaction_id": "dvp_tx_1234567890", "timestamp": "2024-11-17T16:30:45Z"}'
    ),
    "settlement_failed": (
        '{"type": "settlement_failed", "settlement_id": "set_1234567890abcdef", '
        '"reason": "insufficient_funds", "error_message": "Insufficient cash balance for settlement", '
        '"timestamp": "2024-11-17T16:35:00Z"}'
    ),
    "balance_updated": (
        '{"type": "balance_updated", "account_id": "acc_1234567890abcdef", "total_balance": 975000, '
        '"available_balance": 825000, "reserved_balance": 150000, "timestamp": "2024-11-17T16:30:30Z"}'
    ),
    "margin_call": (
        '{"type": "margin_call", "account_id": "acc_1234567890abcdef", "current_margin_level": 0.45, '
        '"warning_level": 0.5, "liquidation_level": 0.3, '
        '"message": "Your margin level is below 50%. Please add funds or reduce positions.", '
        '"timestamp": "2024-11-17T16:35:00Z"}'
    ),
    "deposit_received": (
        '{"type": "deposit_received", "account_id": "acc_1234567890abcdef", '
        '"deposit_id": "dep_1234567890abcdef", "currency": "USDC", "amount": 10000, '
        '"transaction_hash": "0xabcd1234...", "timestamp": "2024-11-17T16:20:00Z"}'
    ),
    "withdrawal_processed": (
        '{"type": "withdrawal_processed", "account_id": "acc_1234567890abcdef", '
        '"withdrawal_id": "wth_1234567890abcdef", "currency": "USDC", "amount": 5000, '
        '"transaction_hash": "0xabcd1234...", "timestamp": "2024-11-17T16:25:00Z"}'
    ),
    "suspicious_activity_detected": (
        '{"type": "suspicious_activity_detected", "event_id": "evt_1234567890abcdef", '
        '"account_id": "acc_1234567890abcdef", "activity_type": "unusual_trading_pattern", '
        '"severity": "medium", '
        '"description": "Trader executed 50 orders in 2 minutes (unusual for this account)", '
        '"timestamp": "2024-11-17T16:35:00Z", "action_required": true}'
    ),
    "kyc_status_changed": (
        '{"type": "kyc_status_changed", "account_id": "acc_1234567890abcdef", "new_status": "approved", '
        '"previous_status": "pending_review", "kyc_tier": "tier_2", "timestamp": "2024-11-17T16:40:00Z"}'
    ),
    "large_transaction_alert": (
        '{"type": "large_transaction_alert", "alert_id": "alr_1234567890abcdef", '
        '"account_id": "acc_1234567890abcdef", "transaction_type": "trade", "amount": 5000000, '
        '"threshold": 1000000, "timestamp": "2024-11-17T16:45:00Z"}'
    ),
    "system_status": (
        '{"type": "system_status", "status": "operational", "all_services_healthy": true, '
        '"timestamp": "2024-11-17T16:50:00Z"}'
    ),
    "service_degraded": (
        '{"type": "service_degraded", "service": "matching_engine", "status": "degraded", '
        '"message": "Increased latency detected (P99: 5ms)", "timestamp": "2024-11-17T16:55:00Z"}'
    ),
    "maintenance_notice": (
        '{"type": "maintenance_notice", "service": "compliance_service", '
        '"start_time": "2024-11-18T02:00:00Z", "end_time": "2024-11-18T03:00:00Z", '
        '"description": "Database maintenance - full functionality will be unavailable", '
        '"timestamp": "2024-11-17T17:00:00Z"}'
    ),
    "unsubscribe_response": (
        '{"type": "unsubscribe_response", "channel": "orders", "status": "unsubscribed", '
        '"message": "No longer receiving order updates"}'
    ),
    "ping": '{"type": "ping", "timestamp": "2024-11-17T17:05:00Z"}',
    "error": (
        '{"type": "error", "code": "SUBSCRIPTION_ERROR", "message": "Failed to subscribe to channel", '
        '"details": {"channel": "orders", "reason": "insufficient_permissions"}, '
        '"timestamp": "2024-11-17T17:10:00Z"}'
    ),
}
