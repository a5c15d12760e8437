"""Replay: drive a capture again, as the bot or as the venue."""
