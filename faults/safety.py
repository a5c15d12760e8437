"""Where faults may strike: on a live line at a venue's production they need to be allowed by name.

A cut between an order and its reply makes real duplicates of real orders.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from wsreplay.faults.errors import FaultError


def check_live_faults(hosts: Collection[str], production_hosts: Collection[str], allowed: Collection[str]) -> None:
    """Raise unless every host may be met with faults: it is no production host, or was allowed by its name.

    ``hosts`` are the upstreams' (or, in the proxy modes, what ``--allow-host`` names), ``production_hosts`` the
    dialect's, ``allowed`` what ``--allow-production`` names.
    """
    names = {plain_host(host) for host in allowed}
    for host in hosts:
        if is_production(host, production_hosts) and plain_host(host) not in names:
            why = "beyond this machine every host counts as production" if "*" in production_hosts else "production"
            raise FaultError(
                f"faults on a live line at {host} ({why}) can make real orders twice; "
                f"if that is what you want, add --allow-production {plain_host(host)}"
            )


def is_production(host: str, production_hosts: Collection[str]) -> bool:
    """Whether an order sent there may cost money.

    ``*`` among the production hosts means every host beyond loopback. A bare public address counts as well: nothing
    tells that the venue does not answer there. A pattern (``*.venue.example``) counts if a production host fits it.
    """
    name = plain_host(host)
    if is_loopback(name):
        return False
    names = {plain_host(each) for each in production_hosts}
    if "*" in names or name in names:
        return True
    if any(name.endswith(each[1:]) for each in names if each.startswith("*.")):
        return True
    if name.startswith("*"):
        return any(each.endswith(name[1:]) for each in names)
    return _is_public_address(name)


def is_loopback(host: str) -> bool:
    """Whether this is the machine itself, by a name or an address that leaves no doubt."""
    name = plain_host(host)
    if name == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def plain_host(host: str) -> str:
    """A host as it is compared: without case, brackets and a last dot."""
    name = host.strip().lower()
    return name.removeprefix("[").removesuffix("]").rstrip(".")


def _is_public_address(name: str) -> bool:
    try:
        return ip_address(name).is_global
    except ValueError:
        # inet_aton reads 16909060, 1.2 and 0x1.2.3.4 as addresses, too.
        return all(part[:1].isdigit() for part in name.split("."))
