"""What can be wrong with a venue that a user named, or with what the user told us about one."""

from __future__ import annotations

from wsreplay.errors import UserError


class VenueError(UserError):
    """A venue nobody knows, or a description of one that can't be read."""
