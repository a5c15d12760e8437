"""What venues call things: the names under which a JSON message may carry each fact, the likeliest first.

Names are compared by letters and digits alone, so ``orderId``, ``order_id`` and ``OrderID`` are one. A name of a single
letter is compared exactly: Binance's ``s`` is a symbol and its ``S`` a side.
"""

from __future__ import annotations

ANYWHERE: dict[str, tuple[str, ...]] = {
    "key": ("requestid", "reqid", "correlationid", "corrid", "msgid", "messageid"),
    "op": ("e", "event", "eventtype"),
    "channel": ("channel", "stream", "topic", "ch", "feed", "channels", "streams", "topics", "feeds", "channelname"),
    "symbol": (
        "symbol", "s", "instid", "instrument", "instrumentname", "instrumentid", "market", "marketid", "pair",
        "currencypair", "tradingpair", "productid", "contract", "contractcode", "coin", "sym",
    ),
    "account": (
        "account", "accountid", "acct", "accountno", "subaccount", "subaccountid", "wallet", "walletaddress",
        "signerwallet", "makeraddress", "maker", "trader", "owner", "userid", "useraddress", "user", "uid",
    ),
    "order_id": (
        "orderid", "ordid", "oid", "orderhash", "orderno", "exchangeorderid", "venueorderid", "order",
    ),
    "client_order_id": (
        "clientorderid", "clordid", "clientoid", "cloid", "newclientorderid", "origclientorderid", "orderlinkid",
        "clientref", "userref", "clientid",
    ),
    "side": ("side", "orderside", "S", "isbuy", "isbid", "direction", "action"),
    "status": ("status", "orderstatus", "ordstatus", "state", "orderstate", "X"),
    "price": ("price", "limitpx", "limitprice", "px", "orderprice", "p", "rate"),
    "qty": (
        "qty", "quantity", "size", "sz", "origqty", "orderqty", "ordersize", "basesize", "q", "amount", "volume", "vol",
        "contracts",
    ),
    "time": (
        "E", "eventtime", "ts", "timestamp", "time", "T", "servertime", "servertimems", "transacttime", "tradetime",
        "updatedat", "updateat", "lastupdateat", "updatetime", "utime", "executedat", "filltime", "datetime",
        "createdat", "createtime", "createdtime", "ctime",
    ),
    "created": (
        "createdat", "createtime", "createdtime", "creationtime", "created", "ctime", "ordertime", "placedat",
        "submittedat",
    ),
    "error": ("error", "err", "errors"),
    "error_code": ("errorcode", "errcode", "errno", "retcode", "rejectcode", "scode"),
    "message": ("msg", "message", "errormessage", "errormsg", "errmsg", "retmsg", "rejectreason", "reason", "smsg"),
    "order_type": ("ordertype", "ordtype", "type"),
    "time_in_force": ("timeinforce", "tif", "force"),
    "trigger_price": ("triggerprice", "triggerpx", "stopprice", "stoppx"),
    "reduce_only": ("reduceonly",),
    "post_only": ("postonly",),
}  # fmt: skip
"""Read in a message and in the bodies inside it."""

ON_TOP: dict[str, tuple[str, ...]] = {
    **ANYWHERE,
    "key": ("id", "rid", *ANYWHERE["key"]),
    "weak_key": ("sequence", "cid"),
    "op": (
        "op", "method", "cmd", "command", "type", "event", "action", "e", "eventtype", "msgtype", "messagetype",
        "operation", "request",
    ),
    "channel": (*ANYWHERE["channel"], "table", "subscription"),
    "arguments": ("arg", "args", "params"),
    "ok": ("ok", "success"),
    "code": ("code",),
    "result": ("result", "success", "ok", "retcode", "errorcode"),
}  # fmt: skip
"""Read at the top of a message."""

INSIDE: dict[str, tuple[str, ...]] = {
    **ANYWHERE,
    "client_order_id": (*ANYWHERE["client_order_id"], "cid"),
    "id": ("id", "hash"),
}
"""Read in a body inside a message."""

TERSE_ORDER = {"X": "status", "S": "side", "i": "order_id", "c": "client_order_id"}
"""A body with all these letters is an order in Binance's short hand; alone, ``i`` and ``c`` may be anything."""

LISTED = ("symbols", "pairs", "productids", "markets", "instids")
"""Lists of symbols: with a single one, it is the message's."""

BODIES = (
    "payload", "data", "params", "result", "order", "o", "body", "d", "arg", "args", "request", "topic", "details",
    "header", "orders", "openorders", "list", "items", "rows", "events", "parameters", "topics",
)  # fmt: skip
"""Names of the objects inside a message in which to look further, and of the lists that hold orders."""

VERB_NAMES = frozenset({"sub", "unsub", "subbed", "unsubbed", "subscribe", "unsubscribe", "subscribed"})
"""Names that are the operation themselves, their value being the channel: ``{"sub": "market.btcusdt.kline"}``."""

SIDES = {
    "buy": "buy", "b": "buy", "bid": "buy", "bids": "buy", "sell": "sell", "s": "sell", "ask": "sell", "asks": "sell",
}  # fmt: skip
HEARTBEATS = frozenset({"ping", "pong", "heartbeat", "hb", "keepalive", "keep_alive", "keep-alive"})
ORDER_TYPES = frozenset({
    "limit", "market", "stop", "stop_limit", "stop-limit", "stop_market", "stop_loss", "take_profit", "limit_maker",
    "post_only", "ioc", "fok", "gtc",
})  # fmt: skip
VAGUE = frozenset({"request", "req", "response", "resp", "res", "reply", "rpc", "message", "msg", "data", "event"})
"""Words that an envelope says of itself, and which name no operation if a better word is at hand."""

PUSHES = frozenset({
    "update", "updates", "snapshot", "delta", "partial", "push", "notification", "event", "subscription", "change",
    "channel_data", "l2update", "next",
})  # fmt: skip
"""Operations of a venue that answer nothing, even where they carry an id."""
ANSWERS = frozenset({
    "subscribed", "unsubscribed", "authenticated", "authorized", "loggedin", "logged_in", "subscriptions", "ack",
    "subscriptionstatus", "subscribe", "unsubscribe", "sub", "unsub", "subbed", "unsubbed", "login", "logon", "auth",
    "authenticate",
})  # fmt: skip
"""Operations that from a venue's mouth can only answer."""
ANSWER_ENDINGS = ("response", "_reply", "_ack", "_result", "reply", "acknowledged")
REFUSALS = frozenset({
    "error", "err", "errors", "exception", "reject", "rejected", "nack", "nok", "failed", "failure", "fail",
})  # fmt: skip
"""Operations and statuses that say no."""
NO_ERROR_CODES = frozenset({"", "0", "00000", "000000", "200", "20000", "200000", "ok", "success"})
NOT_CREATING = frozenset({
    "cancel", "amend", "modify", "replace", "edit", "update", "query", "get", "list", "fetch", "sub", "unsub",
    "subscribe", "unsubscribe", "delete", "test", "status", "close",
})  # fmt: skip
"""Words in operations that create no order, though they may name its price and size."""
