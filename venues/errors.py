"""What can be wrong with a venue that a user named, or with what the user told us about one."""

from __future__ import annotations


class VenueError(Exception):
    """A venue nobody knows, or a description of one that can't be read: what is wrong, where, and what to do.

    The command line treats it like a user error: one line, exit code 2. (It stands here because venues know nothing of
    captures, where that error lives.)
    """
