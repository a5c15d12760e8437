"""What the venue says of its own health: how it is, what got slow, when it will be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wsreplay.venues.cantondex.times import SECOND, written

if TYPE_CHECKING:
    from random import Random

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.cantondex.accounts import Tell
    from wsreplay.venues.cantondex.setup import Health

SERVICES = (
    "api_gateway",
    "matching_engine",
    "settlement_coordinator",
    "risk_management",
    "compliance_service",
    "notification_service",
)
_HOUR = 3_600 * SECOND


class Pulse:
    """Says it, when it is time."""

    def __init__(self, health: Health, agenda: Agenda, chance: Random, tell: Tell) -> None:
        self._health, self._agenda, self._chance, self._tell = health, agenda, chance, tell
        self.slow: dict[str, int] = {}
        """Services that are slow, and until when."""
        now_ns = agenda.now_ns
        agenda.at(now_ns + round(health.status_every_s * SECOND), self._status)
        self._soon(now_ns, health.degraded_every_s, self._degrade)
        self._soon(now_ns, health.maintenance_every_s, self._announce)

    def status(self, now_ns: int) -> dict[str, Any]:
        """How the venue is."""
        well = not self.slow
        return {
            "type": "system_status",
            "status": "operational" if well else "degraded",
            "all_services_healthy": well,
            "timestamp": written(now_ns),
        }

    # Private parts

    def _soon(self, now_ns: int, about_s: float | None, action: Any) -> None:
        if about_s is not None:
            self._agenda.at(now_ns + round(self._chance.uniform(0.5, 1.5) * about_s * SECOND), action)

    def _status(self, now_ns: int) -> None:
        self._tell(None, self.status(now_ns))
        self._agenda.at(now_ns + round(self._health.status_every_s * SECOND), self._status)

    def _degrade(self, now_ns: int) -> None:
        service = self._chance.choice(SERVICES)
        until_ns = self.slow[service] = now_ns + round(self._health.degraded_for_s * SECOND)
        self._tell(
            None,
            {
                "type": "service_degraded",
                "service": service,
                "status": "degraded",
                "message": f"Increased latency detected (P99: {self._chance.randint(5, 50)}ms)",
                "timestamp": written(now_ns),
            },
        )
        self._agenda.at(until_ns, lambda at_ns: self._recover(service, at_ns))
        self._soon(now_ns, self._health.degraded_every_s, self._degrade)

    def _recover(self, service: str, now_ns: int) -> None:
        if self.slow.get(service) == now_ns:
            del self.slow[service]
            self._tell(None, self.status(now_ns))

    def _announce(self, now_ns: int) -> None:
        begins_ns = (now_ns // _HOUR + 10) * _HOUR
        self._tell(
            None,
            {
                "type": "maintenance_notice",
                "service": self._chance.choice(SERVICES),
                "start_time": written(begins_ns),
                "end_time": written(begins_ns + _HOUR),
                "description": "Database maintenance - full functionality will be unavailable",
                "timestamp": written(now_ns),
            },
        )
        self._soon(now_ns, self._health.maintenance_every_s, self._announce)
