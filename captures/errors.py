"""What can be wrong with a capture."""

from __future__ import annotations

from wsreplay.errors import UserError as UserError


class CaptureError(UserError):
    """A capture that can't be read, or can't be written."""
