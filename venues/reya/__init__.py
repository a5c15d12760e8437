"""Reya DEX order entry: how it is read, signed, refreshed for a replay, and simulated."""
