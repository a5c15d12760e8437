"""Incidents: what went wrong in a recording, found by walking through its events once."""

FINISHER = "wsreplay.analysis.incidents.search:find"
"""What a recording is told, so that it stores its incidents when it ends (:mod:`wsreplay.captures.finishers`)."""
