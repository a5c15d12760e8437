"""The messages of the venue's own pages, as they stand there (its comments inside JSON left out)."""

from __future__ import annotations

# "Subscription", with several topics at once.
SUB = """{
  "op": "sub",
  "sequence": 10000,
  "apiKey": ".....",
  "unsubscribeAll": true,
  "topics": [
    {
      "topic": "account"
    },
    {
      "topic": "order",
      "market": "LRC-ETH"
    },
    {
      "topic": "order",
      "market": "LRC-USDT"
    },
    {
      "topic": "orderbook",
      "market": "LRC-ETH",
      "level": 0
    },
    {
      "topic": "orderbook",
      "market": "LRC-USDT",
      "level": 0,
      "count": 20,
      "snapshot": true
    },
    {
      "topic": "ammpool",
      "poolAddress": "0x18920d6E6Fb7EbE057a4DD9260D6D95845c95036",
      "snapshot": true
    }
  ]
}"""

# "Unsubscription"; on the page a comma follows {"topic": "account" and the whole, which JSON does not allow.
UNSUB = """{
    "op":"unSub",
    "sequence": 10000,
    "apiKey": ".....",
    "unsubscribeAll": false,
    "topics": [
        {
            "topic": "account"
        },
        {
            "topic": "order",
            "market": "LRC-ETH"
        },
        {
            "topic": "order",
            "market": "LRC-USDT"
        },
        {
            "topic": "orderbook",
            "unsubscribeAll":true
        }
    ]
  }"""

SUB_BLOCKS = """{
  "op": "sub",
  "sequence": 30006,
  "unsubscribeAll": false,
  "topics": [
    {
      "topic": "blockgen"
    }
  ]
}"""

SUBSCRIBED = """{
  "op": "sub",
  "sequence": 10000,
  "topics": [
    {
      "topic": "orderbook",
      "market": "LRC-ETH",
      "level": 0
    }
  ],
  "result": {
    "status": "ok"
  }
}"""

SUBSCRIBED_TO_BLOCKS = """{
  "op" : "sub",
  "sequence" : 30006,
  "topics" : [ {
    "topic" : "blockgen"
  } ],
  "result" : {
    "status" : "OK"
  }
}"""

FAILED = """{
  "op": "sub",
  "sequence": 10000,
  "topics": [
    {
      "topic": "candlestick",
      "market": "LRC-ETH",
      "count": 10
    }
  ],
  "result": {
    "status": "failed",
    "error": {
      "code": 104106,
      "message": "receive illegal arg for candlestick:lrc-eth"
    }
  }
}"""

UNREADABLE = """{
    "op": "sub",
    "topics": [],
    "result": {
        "status": "failed",
        "error": {
            "code": 104115,
            "message": "unexpected msg:xxx"
        }
    }
}"""

ACCOUNT = """{
    "topic": {
        "topic:": "account"
    },
    "ts":1584717910000,
    "data": {
        "accountId":1,
        "totalAmount": "24439253519655",
        "tokenId": 2,
        "amountLocked": "0"
    }
}"""

ORDER = """{
   "topic": {
        "topic": "order",
        "market": "LRC-ETH"
   },
   "ts":1565844328,
   "data": {
        "hash": "11212",
        "clientOrderId": "myOrder",
        "size": "500000000",
        "volume": "210000000",
        "price": "0.000004",
        "filledSize": "30000000",
        "filledVolume": "100000",
        "filledFee": "1000000",
        "status": "processing",
        "createdAt": "1494900087",
        "validSince": "1494900087",
        "validUntil": "1495900087",
        "side": "buy",
        "market": "LRC-ETH"
    }
}"""

ORDERBOOK = """{
    "topic": {
        "topic:": "orderbook",
        "market": "LRC-USDT",
          "level": 0
    },
    "ts": 1584717910000,
    "startVersion": 1212121,
    "endVersion": "1212123",
    "data": {
        "bids": [
            [
                "295.97",
                "456781000000000",
                "3015000000000",
                "4"
            ]
        ],
        "asks": [
            [
              "298.97",
              "456781000000000000",
              "301500000000000",
              "2"
            ]
        ]
    }
}"""

TRADE = """{
    "topic": {
        "topic": "trade",
        "market": "LRC-ETH"
    },
    "ts": 1584717910000,
    "data": [
        [
            "1584717910000",
            "123456789",
            "buy",
            "500000",
            "0.0008",
            "100"
        ]
    ]
}"""

TICKER = """{
    "topic": {
        "topic": "ticker",
        "market": "LRC-ETH"
    },
    "ts": 1584717910000,
    "data": [
        "LRC-ETH",
        "1584717910000",
        "5000000",
        "1000",
        "0.0002",
        "0.00025",
        "0.0002",
        "0.00025",
        "5000",
        "0.00026",
        "0.00027"
    ]
}"""

CANDLESTICK = """{
    "topic": {
        "topic": "candlestick",
        "interval": "2hr"
    },
    "ts":1584717910000,
    "data": [
        "1584717910000",
        "5000",
        "3997.3",
        "3998.7",
        "4031.9",
        "3982.5",
        "500000000000000000",
        "2617521141385000000"
    ]
}"""

AMMPOOL = """{
  "topic" : {
    "topic" : "ammpool",
    "poolAddress" : "0x18920d6E6Fb7EbE057a4DD9260D6D95845c95036",
    "snapshot" : true
  },
  "ts" : 1611267558234,
  "data" : [ [ "11792920485390000000000000", "3998385574130000000000" ], "41277091829000" ]
}"""

# On the page the list stands within braces of its own, which JSON does not allow.
BLOCKS = """{
    "topic": {
        "topic:": "blockgen"
    },
    "ts":1584717910000,
    "data": [
      {"blockid": 1},
      {"blockid": 2}
    ]
}"""

WS_KEY = """{"key":"fx2xW5hoVFbcaanWS"}"""

SUBMIT = """{
  "exchange" : "0x0BABA1Ad5bE3a5C0a66E7ac838a129Bf948f1eA4",
  "accountId" : 1,
  "storageId" : 1,
  "sellToken" : {
    "tokenId" : 0,
    "volume" : "15000000000000000000"
  },
  "buyToken" : {
    "tokenId" : 1,
    "volume" : "500000000000000000000"
  },
  "allOrNone" : "false",
  "fillAmountBOrS" : "true",
  "validUntil" : 1567053142,
  "maxFeeBips" : 20,
  "eddsaSignature" : "13375450901292179417154974849571793069911517354720397125027633242680470075859",
  "clientOrderId" : "1",
  "orderType" : "LIMIT_ORDER",
  "tradeChannel" : "ORDER_BOOK",
  "taker" : "0x0000000000000000000000000000000000000000",
  "affiliate" : "10068"
}"""
"""The page's example, with the volumes of its page on orders: there both tokens are one."""

SUBMITTED = """{
  "hash" : "13375450901292179417154974849571793069911517354720397125027633242680470075859",
  "clientOrderId" : "client_order_id",
  "status" : "cancelled",
  "isIdempotent" : false
}"""

ORDERS = """{
  "totalNum" : 10,
  "orders" : [
    {
      "hash" : "0xfb5e711c2f044e94322ed262229cd8f0d0da00c22e1a00a0f5d881e45a38e1cf",
      "clientOrderId" : "200310143135081332",
      "side" : "SELL",
      "market" : "LRC-ETH",
      "price" : "0.01987608",
      "volumes" : {
        "baseAmount" : "0",
        "quoteAmount" : "0",
        "baseFilled" : "0",
        "quoteFilled" : "0",
        "fee" : "0"
      },
      "validity" : {
        "start" : 0,
        "end" : 0
      },
      "orderType" : "LIMIT_ORDER",
      "tradeChannel" : "ORDER_BOOK",
      "status" : "processing",
      "storageInfo" : {
        "accountId" : 1,
        "tokenId" : 1,
        "storageId" : 1
      }
    }
  ]
}"""
"""With numbers where the page says "integer"."""

DEPTH = """{
  "version" : 147,
  "timestamp" : 432312312,
  "market" : "LRC-ETH",
  "bids" : [["0.002","21000","33220000","4"]],
  "asks" : []
}"""

BALANCE = """{
  "tokenId" : 10,
  "total" : "100",
  "locked" : "100",
  "pending" : {
    "withdraw" : "10000000000000",
    "deposit" : "10000000000000"
  }
}"""

STORAGE_ID = """{
  "orderId" : 100,
  "offchainId" : 101
}"""

TRADES = """{
  "totalNum" : 0,
  "trades" : [["0","0","BUY","0","0","LRC-USDT","0"]]
}"""

API_KEY = """{
  "apiKey" : "6BJaCehh0z4ta4TW5vwoKyo0yk5FdXkQxpt8AStG49aU3dMNC9jid6syyWPEMtTt"
}"""

TIMESTAMP = """{
  "timestamp" : 1584683483382
}"""

MARKETS = """{
  "markets" : [
    {
      "market" : "LRC-USDT",
      "baseTokenId" : 2,
      "quoteTokenId" : 0,
      "precisionForPrice" : 6,
      "orderbookAggLevels" : 4,
      "enabled" : false
    }
  ]
}"""

GENERAL_REFUSAL = """{
  "code": 100206,
  "msg": "Invalid signature."
}"""

PUSHES = {
    "account": ACCOUNT,
    "order": ORDER,
    "orderbook": ORDERBOOK,
    "trade": TRADE,
    "ticker": TICKER,
    "candlestick": CANDLESTICK,
    "ammpool": AMMPOOL,
    "blockgen": BLOCKS,
}
