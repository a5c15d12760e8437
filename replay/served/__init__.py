"""The venue's side of a recording: what it said, and when it says it again to a live bot."""
