"""Loopring v3: market data and accounts over WebSocket, orders over REST."""
