"""Where a replay goes: which server stands in for which upstream of the recording, and whether it may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from wsreplay.errors import UserError
from wsreplay.faults.safety import is_production, plain_host
from wsreplay.proxy.upstream import Upstream, parse_upstream
from wsreplay.replay.script import Ask, Open, Script


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line or a request goes."""

    host: str
    port: int
    secure: bool
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """Host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Targets:
    """The servers of a replay, by the names that the recording's upstreams had."""

    def __init__(self, urls: Iterable[str], recorded: Mapping[str, str]) -> None:
        """``urls``: ``[NAME=]URL`` each. ``recorded``: the capture's upstreams; nothing is ever sent there."""
        self.upstreams: dict[str, Upstream] = {}
        self._recorded = recorded
        for text in urls:
            upstream = parse_upstream(text)
            if upstream.name in self.upstreams:
                raise UserError(f"--to {text}: {upstream.name or 'the one without a name'} stands for two servers")
            self.upstreams[upstream.name] = upstream

    @property
    def urls(self) -> dict[str, str]:
        """By name."""
        return {name: upstream.url() for name, upstream in self.upstreams.items()}

    def check(self, script: Script) -> None:
        """Raise if a step has nowhere to go."""
        for step in script.steps:
            if isinstance(step, Open | Ask):
                self.place(step)

    def place(self, step: Open | Ask) -> Place:
        """Where this step goes: the server that stands in for its upstream, and the path that the bot used."""
        try:
            recorded = urlsplit(step.url)
        except ValueError as error:
            raise UserError(f"#{step.seq} has an address that is none ({error}): the capture was altered") from None
        upstream = self._upstream(step)
        base = urlsplit(self._recorded.get(step.upstream, "")).path.rstrip("/")
        path = recorded.path or "/"
        if base and (path == base or path.startswith(base + "/")):
            path = path[len(base) :] or "/"
        own, _, own_query = upstream.path.partition("?")
        if own.rstrip("/"):
            path = own.rstrip("/") + (path if path != "/" else "")
        query = recorded.query or own_query
        if not (path + query).isascii() or not (path + query).isprintable() or " " in path + query:
            raise UserError(f"#{step.seq} has an address that is none: the capture was altered")
        return Place(
            host=upstream.host,
            port=upstream.port,
            secure=upstream.scheme in ("wss", "https"),
            target=f"{path}?{query}" if query else path,
        )

    def _upstream(self, step: Open | Ask) -> Upstream:
        found = self.upstreams.get(step.upstream)
        wants_socket = isinstance(step, Open)
        if found is not None and (step.upstream or found.speaks_websocket == wants_socket):
            return found
        # In the proxy modes upstreams have no names: there is one server for sockets and one for REST, or none.
        fitting = [each for each in self.upstreams.values() if each.speaks_websocket == wants_socket]
        if not step.upstream and len(fitting) == 1:
            return fitting[0]
        if found is not None:
            return found
        what = "opened a socket" if wants_socket else "made a REST request"
        name = f"{step.upstream}=" if step.upstream else ""
        raise UserError(
            f"#{step.seq} {what} at {urlsplit(step.url).hostname}, and no server stands in for it: "
            f"add --to {name}{'ws' if wants_socket else 'http'}://HOST:PORT"
        )


def check_orders_allowed(
    targets: Iterable[Upstream], production_hosts: Collection[str], allowed: Collection[str]
) -> None:
    """Raise unless every host may be sent orders: it is no production host, or was allowed by its name."""
    names = {plain_host(host) for host in allowed}
    for target in targets:
        if is_production(target.host, production_hosts) and plain_host(target.host) not in names:
            why = "beyond this machine every host counts as production" if "*" in production_hosts else "production"
            raise UserError(
                f"a replay sends the recording's orders again, and {target.host} ({why}) may execute them; "
                f"if that is what you want, add --allow-production {plain_host(target.host)}"
            )
