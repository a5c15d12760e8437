"""Which hosts may be reached through the proxy modes, where the bot and not the command line names the host."""

from __future__ import annotations

from collections.abc import Iterable


class AllowedHosts:
    """A list of host names; ``*.example.org`` stands for every name below it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact = {p.lower().rstrip(".") for p in patterns if not p.startswith("*.")}
        self._below = tuple(p.lower().rstrip(".")[1:] for p in patterns if p.startswith("*."))

    def __call__(self, host: str) -> bool:
        """Whether this host may be reached."""
        name = host.lower().rstrip(".")
        return name in self._exact or (bool(self._below) and name.endswith(self._below))
