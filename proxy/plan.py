"""What is to be recorded, from where, and to which folder: the plan that ``wsreplay record`` makes of its options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures.errors import UserError
from wsreplay.faults.plan import FaultPlan
from wsreplay.proxy.allowed import AllowedHosts
from wsreplay.proxy.upstream import Upstream

MODES = ("reverse", "regular", "socks5")


class RecordingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a recording needs to know before it begins."""

    upstreams: tuple[Upstream, ...] = ()
    mode: str = "reverse"
    listen_host: str = "127.0.0.1"
    listen_port: int = 0
    out: Path = Path("captures")
    venue: str | None = None
    map_file: Path | None = None
    rotate: str | None = None
    allow_hosts: tuple[str, ...] = ()
    keep_secrets: bool = False
    read_on: float = 3.0
    trust: Path | None = None
    hand_over: int = 256 << 20
    command: tuple[str, ...] = ()
    fault_plan: FaultPlan | None = None
    kind: str = ""
    """What the capture says of how the traffic came to us; empty: :attr:`mode`."""
    notes: Mapping[str, Any] = {}
    """What else is to be kept with the capture."""

    def listeners(self) -> list[tuple[str, Upstream | None]]:
        """The listeners as mitmproxy specifies them, each with its upstream (None: the bot names the host)."""
        if self.mode != "reverse":
            if self.upstreams:
                raise UserError(
                    f"--mode {self.mode} takes no --to: the bot names the venue; allow it with --allow-host"
                )
            if not self.allow_hosts:
                raise UserError(
                    f"--mode {self.mode} needs --allow-host HOST for every host the bot may reach; "
                    "without a list it would be an open proxy"
                )
            return [(f"{self.mode}@{self.listen_host}:{self.listen_port}", None)]
        if self.allow_hosts:
            raise UserError("--allow-host is for --mode regular and socks5; in reverse mode --to alone says where to")
        if not self.upstreams:
            raise UserError("name the venue with --to URL, such as --to wss://venue.example/ws")
        names = [u.name for u in self.upstreams]
        if len(set(names)) < len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise UserError(
                f"--to: the name {twice!r} stands for two upstreams"
                if twice
                else "--to: two upstreams have no name; give them names with --to NAME=URL"
            )
        return [
            (u.mode(self.listen_host, self.listen_port + i if self.listen_port else 0), u)
            for i, u in enumerate(self.upstreams)
        ]

    def hosts(self) -> list[str]:
        """The hosts that the bot may reach."""
        return [u.host for u in self.upstreams] if self.mode == "reverse" else list(self.allow_hosts)

    def allowed(self) -> AllowedHosts | None:
        """Which hosts the bot may name; None in reverse mode, where it names none."""
        return None if self.mode == "reverse" else AllowedHosts(self.allow_hosts)
