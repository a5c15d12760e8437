"""What can be wrong with what a user gave us, said in one line."""

from __future__ import annotations


class UserError(Exception):
    """Wrong use or bad input: the message says what is wrong, where, and what to do. The command exits with 2."""
