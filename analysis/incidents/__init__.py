"""Incidents: what went wrong in a recording, found by walking through its events once."""
