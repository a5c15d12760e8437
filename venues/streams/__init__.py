"""Venues that stream by SUBSCRIBE and UNSUBSCRIBE, as Binance and Backpack do: dialects, and a simulated venue."""
