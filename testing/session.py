"""What the fixture gives: a venue that a bot can be run against, and afterwards all that the bot did."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsreplay.errors import UserError
from wsreplay.testing.bots import Ended, Running
from wsreplay.testing.host import Host, Outcome
from wsreplay.testing.marks import Scene

if TYPE_CHECKING:
    from wsreplay.analysis.analysed import AnalysedCapture
    from wsreplay.analysis.incidents.incident import Certainty, Incident
    from wsreplay.captures.event import Event
    from wsreplay.testing.assertions import Findings, Missed


class Session:
    """A bot and its venue, in one test.

    The venue comes up when somebody asks where it is, and goes when somebody asks what happened.
    """

    def __init__(self, scene: Scene, folder: Path, *, env: Mapping[str, str] | None = None) -> None:
        """Captures and bots' outputs go to ``folder``; ``env`` is added to the environment of bots."""
        self.scene = scene
        self._folder = folder
        self._env = dict(env or {})
        self._running: list[Running] = []
        self._host: Host | None = None
        self._outcome: Outcome | None = None
        self._where: Mapping[str, str] = {}
        self._within: Mapping[str, str] | None = None
        self._capture: AnalysedCapture | None = None

    # While it goes on

    @property
    def urls(self) -> Mapping[str, str]:
        """Where the venue listens, by name; "" for the nameless one."""
        if self._within is not None:
            return self._within
        if self._outcome is not None:
            raise UserError(
                "the session is over, since something was asked about it: run all bots first, and ask afterwards"
            )
        if self._host is None:
            self._host = Host(self.scene.command(self._folder))
            self._where = self._host.urls
        return self._host.urls

    @property
    def url(self) -> str:
        """Where the venue listens: its nameless address, or its first."""
        urls = self.urls
        return urls[""] if "" in urls else next(iter(urls.values()))

    def start(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> Running:
        """Start a bot. ``{url}`` and ``{url:NAME}`` in its arguments, and WSREPLAY_URL, say where to connect."""
        log = self._folder / f"bot-{len(self._running) + 1}.txt"
        running = Running(command, self.urls, log, env={**self._env, **(env or {})}, cwd=cwd)
        self._running.append(running)
        return running

    def run(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        timeout: float = 30.0,
        lasting: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> Ended:
        """Run a bot to its end, or for ``lasting`` seconds if it is one that never ends by itself."""
        with self.start(command, env=env, cwd=cwd) as bot:
            return bot.wait(timeout) if lasting is None else bot.last(lasting)

    def play[T](
        self,
        client: Callable[[], Coroutine[Any, Any, T]],
        *,
        seed: int = 1,
        began_ns: int | None = None,
        limit_s: float = 86_400.0,
    ) -> T:
        """Run a coroutine function of the test's own to its end, on virtual time; what it gives.

        Inside of it, :attr:`url` leads to the venue. Nothing is waited for, however long it takes by its own clock, and
        the same ``seed`` gives the same run again, to the byte if the time of day when it begins is the same as well.
        It is given up after ``limit_s`` of its own time. This is the whole session.
        """
        if self._host is not None or self._outcome is not None:
            raise UserError("a client is played in a session of its own: nothing else may have been run before")
        if self.scene.upstreams:
            raise UserError("a venue out there keeps no virtual time: record it with .run([...]), or a client at .url")
        from wsreplay.testing.in_process import Played

        played = Played(self.scene, self._folder, self._listens_within)
        try:
            return played.play(client, seed=seed, began_ns=began_ns, limit_s=limit_s)
        finally:
            self._within = None
            self._outcome = played.outcome

    @property
    def bots(self) -> list[Ended]:
        """The bots that have ended, in the order in which they were started."""
        return [running.ended for running in self._running if running.ended is not None]

    # When it is over

    def finish(self) -> AnalysedCapture:
        """End the session; its capture. Bots that still run are asked to end before."""
        if self._capture is None:
            from wsreplay.analysis.analysed import AnalysedCapture

            self._end()
            if self._outcome is None:
                raise UserError("nothing was run: give the session a bot with .run([...]), or its .url to a client")
            self._capture = AnalysedCapture.open(self._outcome.capture)
        return self._capture

    @property
    def capture(self) -> AnalysedCapture:
        """What was recorded; asking for it ends the session, as all below do."""
        return self.finish()

    @cached_property
    def events(self) -> list[Event]:
        """Every event, in order."""
        return list(self.finish().events())

    @cached_property
    def incidents(self) -> list[Incident]:
        """What went wrong, in order."""
        return self.finish().incidents()

    @cached_property
    def orders(self) -> list[dict[str, Any]]:
        """The orders that the bot sent, and what became of them: rows of the view ``orders``."""
        return self._rows("orders")[1]

    @cached_property
    def requests(self) -> list[dict[str, Any]]:
        """All that the bot asked: rows of the view ``requests``."""
        return self._rows("requests")[1]

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """How it compares with the recording that was served; see the JSON of ``wsreplay serve``."""
        self.finish()
        if self._outcome is None or self._outcome.verdict is None:
            raise UserError("nothing was compared: only a served capture is, and only if a bot connected")
        return self._outcome.verdict

    @property
    def unmatched(self) -> list[Missed]:
        """What the bot asked and the served recording does not have."""
        import msgspec

        from wsreplay.testing.assertions import Missed

        return msgspec.convert(self.verdict["unmatched"], list[Missed])

    # What a test demands

    def assert_no(self, *kinds: str, certainty: Certainty | None = None) -> None:
        """No incident of these kinds happened, or of any, if none is named.

        ``certainty``: only those that are "proven", or only those that are "possible".
        """
        __tracebackhide__ = True
        from wsreplay.testing import assertions

        assertions.no_incident(self._findings, kinds, certainty)
        self._assert_struck()

    def assert_incident(self, kind: str, **facts: Any) -> Incident:
        """An incident of this kind happened, with these facts; it is given."""
        __tracebackhide__ = True
        from wsreplay.testing import assertions

        return assertions.incident(self._findings, kind, facts)

    def assert_outcome(
        self, op: str | None = None, outcome: str | None = None, *, times: int | None = None, **facts: Any
    ) -> None:
        """A request of this operation had this outcome, with these facts: columns of the view ``requests``.

        ``times``: as many of them, and no more.
        """
        __tracebackhide__ = True
        from wsreplay.testing import assertions

        # What is to come of a request weighs least when the nearest is looked for: it is the same request all the same.
        wanted = {
            **({} if op is None else {"op": op}),
            **facts,
            **({} if outcome is None else {"outcome": outcome}),
        }
        assertions.outcome(self._findings, wanted, times)
        if times == 0:
            self._assert_struck()

    def assert_no_unmatched(self) -> None:
        """The bot asked nothing that the served recording does not have."""
        __tracebackhide__ = True
        from wsreplay.testing import assertions

        if self.scene.capture is None or self.scene.upstreams:
            raise UserError("nothing can be unmatched here: no capture is served")
        self._assert_met()
        assertions.no_unmatched(self.unmatched, self.scene.capture)

    # What the plugin calls

    def close(self) -> None:
        """End all that still runs, and let go of the capture."""
        try:
            self._end()
        finally:
            if self._capture is not None:
                self._capture.close()

    @property
    def began(self) -> bool:
        """Whether anybody has asked where the venue is."""
        return self._host is not None or self._outcome is not None

    # Private parts

    def _listens_within(self, urls: Mapping[str, str]) -> None:
        self._where = self._within = urls

    def _end(self) -> None:
        for running in self._running:
            if running.ended is None:
                running.stop()
        if self._outcome is None and self._host is not None:
            self._outcome = self._host.finish()

    def _rows(self, view: str) -> tuple[list[str], list[dict[str, Any]]]:
        from wsreplay.analysis.database import Database

        with Database.of_captures([self.finish()]) as database:
            answer = database.ask(f"SELECT * EXCLUDE (capture) FROM {view} ORDER BY seq")  # noqa: S608 - names of ours
            rows = [row for batch in answer.batches() for row in batch.to_pylist()]
        return list(answer.schema.names), rows

    @cached_property
    def _findings(self) -> Findings:
        from wsreplay.testing.assertions import Findings

        self._assert_met()
        columns, requests = self._rows("requests")
        return Findings(path=self.capture.path, incidents=self.incidents, requests=requests, columns=columns)

    def _assert_met(self) -> None:
        """Where nobody came, nothing that is demanded says anything."""
        __tracebackhide__ = True
        if any(event.kind in ("open", "http_request") for event in self.events):
            return
        where = ", ".join(self._where.values())
        bots = "".join(f"\n{bot}" for bot in self.bots) or "; no bot was run"
        raise AssertionError(f"nothing connected to {where}{bots}")

    def _assert_struck(self) -> None:
        """Where the faults of the test never struck, their not having done harm says nothing."""
        __tracebackhide__ = True
        plan = self.capture.metadata.fault_plan
        if not self.scene.must_strike or not isinstance(plan, dict) or not plan.get("faults"):
            return
        if any(event.kind == "fault" for event in self.events):
            return
        asked = dict.fromkeys(str(row["op"]) for row in self.requests if row["op"])
        raise AssertionError(
            f"no fault of the plan ever struck ({'; '.join(plan['faults'])}), so nothing was tried; "
            f"the bot asked {', '.join(asked) or 'nothing'} (must_strike=False in the mark allows it)"
        )
