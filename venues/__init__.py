"""Venues: one small object each, with all that is known about how it talks."""
