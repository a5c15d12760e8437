"""CantonDEX: how it is read, refreshed for a replay, and simulated."""
