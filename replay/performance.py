"""A replay as a whole: script, target, engine, recording, verdict."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.analysis.incidents import FINISHER
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.captures.read_by import MAP, dialect_of
from wsreplay.captures.redaction_key import load_or_create_key, seeded_key
from wsreplay.errors import UserError
from wsreplay.faults.conduct import EXEMPLARY
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.safety import is_loopback
from wsreplay.faults.scenario import Scenario
from wsreplay.proxy.loop import new_loop
from wsreplay.replay.client import Client
from wsreplay.replay.clock import SYSTEM, running_clock
from wsreplay.replay.context import Context, context_of
from wsreplay.replay.engine import PATIENCE_NS, Engine
from wsreplay.replay.gate import Gate
from wsreplay.replay.given_secrets import needed, under_names_of, values_for
from wsreplay.replay.middle import Middle
from wsreplay.replay.outputs import Note
from wsreplay.replay.produced import Produced, produced_by
from wsreplay.replay.recorder import ReplayRecorder
from wsreplay.replay.rows import json_of
from wsreplay.replay.scribed_recorder import ScribedRecorder
from wsreplay.replay.script import Script
from wsreplay.replay.scriptwriter import Scriptwriter
from wsreplay.replay.serving import served
from wsreplay.replay.targets import Targets, check_orders_allowed
from wsreplay.replay.terms import Terms
from wsreplay.replay.verdict import Finding, Verdict, finding_of, judge, tell
from wsreplay.replay.virtual_run import on_virtual_time
from wsreplay.venues.dialect import Dialect, NoisyDialect
from wsreplay.venues.refreshing import Refresher, Refreshing, Rehearsing
from wsreplay.venues.simulation import simulated, simulator

_LONG_S = 2.0
_UNREAD_MS, _UNREAD_AT_MAX_MS = 1_000, 10_000
_OF_TIME = frozenset({"late-reply", "reconnect-storm", "lost-subscription", "unanswered-subscription"})
"""Incidents that are made of time: at another speed they say nothing."""
_LIVED = frozenset({"missed-heartbeat", "extra-pong", "sequence-gap"})
"""Incidents that a replay does not play: it answers heartbeats by itself, and the data is this venue's own."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be replayed, where, and how."""

    to: tuple[str, ...] = ()
    """``[NAME=]URL`` each; none: the simulator of the capture's venue, else the venue as it was recorded."""
    speed: float = inf
    wanted: frozenset[int] | None = None
    """The messages and requests that are sent, by their ``seq``; None: all."""
    until: int | None = None
    key: bytes | None = None
    secrets: Mapping[str, str] = {}
    """What the client sent and nobody told it (an API key), by the name of the field that carries it."""
    allow_production: tuple[str, ...] = ()
    out: Path = Path("captures")
    patience_ns: int = PATIENCE_NS
    fault_plan: FaultPlan | None = None
    """What goes wrong on the lines of the replay."""
    scenario: Scenario | None = None
    """What goes wrong besides, how the bot behaves, and what is to come of it."""
    virtual: bool = False
    """On virtual time: the venue's simulator in this process, nothing waited for, and the same result each time."""
    seed: int = 1
    """Of the simulator; on virtual time, of all chance there is."""


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """A replay that is over."""

    path: Path
    """Its own capture."""
    verdict: Verdict
    context: Context | None
    """What happened around the first divergence."""
    requests: int
    lines: int
    held_back: int
    gaps: int
    took_ns: int
    """By the replay's own clock."""
    computed_ns: int
    """By the clock on the wall."""
    target: str
    """Against whom, in words."""
    faults: tuple[str, ...] = ()
    """The faults that fired, in their order."""
    produced: Produced | None = None
    """What came of the scenario."""


def performed(
    capture: Capture,
    plan: Plan,
    *,
    script: Script | None = None,
    gate: Gate | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Performed:
    """Replay a capture, and compare, from outside of any event loop; on the time that the plan says."""
    if not plan.virtual:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(perform(capture, plan, script=script, gate=gate, tell=tell))
    if plan.to:
        raise UserError(
            "a replay on virtual time goes to the simulator in its own process: leave out --to, or --virtual"
        )
    about = capture.metadata
    # Secrets that were redacted already have nothing to hide from who knows the key; others get the user's own, which
    # must be there before chance is foreseeable.
    private = about.redaction != "redacted" or plan.key is not None or plan.secrets
    key = seeded_key(plan.seed, load_or_create_key() if private else b"")
    return on_virtual_time(
        lambda: perform(capture, plan, script=script, gate=gate, tell=tell, redaction_key=key),
        seed=plan.seed,
        wall_ns=about.clocks.wall_ns,
        mono_ns=about.clocks.mono_ns,
    )


def script_of(capture: Capture, plan: Plan) -> Script:
    """What the client did, as far as it is wanted."""
    about = capture.metadata
    script = Scriptwriter(
        about.mode, about.upstreams, None if plan.wanted is None else plan.wanted.__contains__, plan.until
    ).write(capture.events())
    if not script.steps:
        raise UserError(f"there is nothing to replay: no client said anything in {capture.path} that was selected")
    return script


def missing_secrets(script: Script, given: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the secrets that the client sent, no answer gave it, and nobody else has given."""
    tokens = needed(script)
    known = values_for(tokens, given)
    return tuple(dict.fromkeys(name for token, name in tokens.items() if token not in known))


async def perform(
    capture: Capture,
    plan: Plan,
    *,
    script: Script | None = None,
    gate: Gate | None = None,
    tell: Callable[[str], None] = lambda _: None,
    redaction_key: bytes | None = None,
) -> Performed:
    """Replay a capture, and compare.

    ``redaction_key`` is for virtual time, where the recording happens in this process; else it is the user's.
    ``script`` is the capture's own, where somebody has read it already. ``gate`` is asked before each step; without
    one the plan's speed says when they are taken. ``tell`` is given a line for people where it takes its time.
    """
    about = capture.metadata
    venue = dialect_of(about)
    script = script or script_of(capture, plan)
    seconds = script.length_ns / plan.speed / 1e9
    if plan.scenario is not None:
        seconds += plan.scenario.conduct.stays_ns / 1e9
    if seconds >= _LONG_S and gate is None and not plan.virtual:
        tell(f"{len(script.steps)} steps, at {_speed(plan.speed)} about {seconds:.0f} s; Ctrl-C ends it")
    if plan.to:
        targets = Targets(plan.to, about.upstreams)
        check_orders_allowed(targets.upstreams.values(), venue.production_hosts, plan.allow_production)
        targets.check(script)
        key = _key_for(targets, venue, plan.key, script)
        target = "the server named with --to"
        return await _play(capture, plan, script, venue, targets, key, plan.secrets, target, gate, tell, redaction_key)
    key = plan.key or (venue.demo_key if isinstance(venue, Refreshing) else None)
    if venue.name not in simulated():
        async with served(capture, speed=plan.speed, clock=running_clock().wall_ns, tell=tell) as server:
            targets = Targets(_named(server.urls), about.upstreams)
            targets.check(script)
            target = "the venue as it was recorded"
            # It knows secrets by the recording's tokens, and nothing else.
            return await _play(capture, plan, script, venue, targets, key, {}, target, gate, tell, redaction_key)
    async with _simulated(venue, plan, script) as urls:
        targets = Targets(urls, about.upstreams)
        targets.check(script)
        secrets = {**plan.secrets, **(venue.demo_secrets if isinstance(venue, Refreshing) else {})}
        target = f"the simulator of {venue.name}"
        return await _play(capture, plan, script, venue, targets, key, secrets, target, gate, tell, redaction_key)


async def _play(
    capture: Capture,
    plan: Plan,
    script: Script,
    venue: Dialect,
    targets: Targets,
    key: bytes | None,
    secrets: Mapping[str, str],
    target: str,
    gate: Gate | None,
    tell: Callable[[str], None],
    redaction_key: bytes | None,
) -> Performed:
    host = next(iter(targets.upstreams.values())).host
    here = venue.at(host) if isinstance(venue, Refreshing) else venue
    refresher: Refresher | None = None
    tokens = needed(script)
    if isinstance(here, Refreshing):
        secrets = under_names_of(here.demo_secrets, secrets)
        refresher = here.refresher(key, secrets=secrets)
    known = values_for(tokens, secrets)
    clock = running_clock()
    assert (clock is not SYSTEM) == plan.virtual, "a virtual plan is for performed()"
    wall_ns, mono_ns = clock.now()
    ahead_ns = wall_ns - mono_ns
    engine = Engine(
        script,
        here,
        refresher=refresher,
        secrets=known if refresher is None else {},
        speed=plan.speed,
        halting=gate is not None,
        patience_ns=plan.patience_ns,
        wall_ns=lambda now_ns: now_ns + ahead_ns,
        conduct=plan.scenario.conduct if plan.scenario is not None else EXEMPLARY,
    )
    fault_plan = plan.fault_plan if plan.scenario is None else plan.scenario.with_faults(plan.fault_plan)
    original = capture.metadata.recording or capture.name
    notes: dict[str, Any] = {"replay_of": original, "speed": "step" if gate is not None else _speed(plan.speed)}
    if plan.virtual:
        notes |= {"virtual": True, "seed": plan.seed}
    if plan.scenario is not None:
        notes["scenario"] = plan.scenario.name
    if MAP in capture.metadata.notes:
        notes[MAP] = capture.metadata.notes[MAP]
    about: dict[str, Any] = {
        "upstreams": targets.urls,
        "notes": notes,
        "fault_plan": fault_plan.as_json() if fault_plan is not None else None,
        "finishers": (FINISHER,),
        "secrets": {value: token for token, value in known.items()},
    }
    recorder: ReplayRecorder | ScribedRecorder
    if redaction_key is not None:
        # What the folder has to be called depends on what lies there, and the capture's content must not.
        name = f"{original}-virtual-{plan.seed}"
        recorder = ReplayRecorder(plan.out, here, **about, clock=clock, key=redaction_key, name=name)
    else:
        unread_ms = _UNREAD_AT_MAX_MS if plan.speed == inf else _UNREAD_MS
        recorder = ScribedRecorder(plan.out, here, **about, size=script.size, unread_ms=unread_ms, tell=tell)
    middle = None
    if fault_plan is not None:
        middle = Middle(fault_plan, here.decode, recorder.note, clock=clock)
    began_ns, really_ns = mono_ns, SYSTEM.mono_ns()
    ended = "interrupted"
    try:
        with _undisturbed():
            client = Client(
                engine,
                targets,
                recorder.note,
                clock=clock,
                middle=middle,
                gate=gate,
                ready=lambda: recorder.has_room,
            )
            try:
                await client.run()
            except BaseException:
                if middle is not None:
                    await middle.finish(patience_s=0)
                raise
            if middle is not None:
                await middle.finish()
        ended = "the script ended" if engine.stopped_before is None else "the replay was stopped"
    finally:
        took_ns = clock.mono_ns() - began_ns
        path = await asyncio.shield(asyncio.to_thread(recorder.finish, ended))
    if engine.stopped_before is not None:
        script = script.before(engine.stopped_before)
    with Capture.open(path) as replay:
        fired = _fired(replay) if fault_plan is not None else ()
        if not (engine.reached or fired):  # a plan may keep every line from its server, and that is what was asked for
            seq, why = (engine.notes[0].seq, engine.notes[0].text) if engine.notes else (1, "nothing answered")
            raise UserError(f"could not run: no server was reached; #{seq}: {why}")
        verdict = _judged(capture, replay, script, engine.notes, plan.speed, venue)
        context = context_of(verdict, capture, replay)
        produced = produced_by(plan.scenario, capture, replay) if plan.scenario is not None else None
    return Performed(
        path=path,
        verdict=verdict,
        context=context,
        requests=engine.sent,
        lines=script.lines,
        held_back=len(script.held_back),
        gaps=script.gaps,
        took_ns=took_ns,
        computed_ns=SYSTEM.mono_ns() - really_ns,
        target=target,
        faults=fired,
        produced=produced,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the collector of garbage looking through the whole script each time some has gathered."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _judged(
    capture: Capture, replay: Capture, script: Script, notes: Sequence[Note], speed: float, venue: Dialect
) -> Verdict:
    found = None
    if script.whole:  # of a part of a recording not every incident can come again
        found = _findings(capture, speed), _findings(replay, speed)
    noise = venue.noise if isinstance(venue, NoisyDialect) else frozenset()
    recorded, replayed = tell(capture.events(), script.requests, noise), tell(replay.events(), noise=noise)
    terms = Terms(whole=script.whole, of_time=speed == 1.0, excused=_LIVED)
    return judge(recorded, replayed, notes=notes, incidents=found, terms=terms)


def _fired(replay: Capture) -> tuple[str, ...]:
    rows = (event for event in replay.events() if event.kind == "fault")
    return tuple(str(fault) for row in rows if (fault := json_of(row.text).get("fault")) is not None)


def _findings(capture: Capture, speed: float) -> list[Finding]:
    """The incidents in a capture, found now: those that it holds may have been found by older rules."""
    return [
        finding_of(incident)
        for incident in incidents_in(capture.events())
        if speed == 1.0 or incident.kind not in _OF_TIME
    ]


@asynccontextmanager
async def _simulated(venue: Dialect, plan: Plan, script: Script) -> AsyncIterator[list[str]]:
    """The simulator of the venue, fit for this script; its URLs with their names."""
    if isinstance(venue, Rehearsing):
        made = venue.simulator(
            key=plan.key,
            accounts=script.accounts,
            symbols=script.symbols,
            speed=plan.speed,
            seed=plan.seed,
            clock=running_clock().wall_ns,
        )
    elif plan.virtual:
        raise UserError(f"the simulator of {venue.name!r} knows the system's time only: leave out --virtual")
    else:
        made = simulator(venue.name)(host="127.0.0.1", port=0)
    async with made as running:
        yield _named(running.urls)


def _named(urls: Mapping[str, str]) -> list[str]:
    return [f"{name}={url}" if name else url for name, url in urls.items()]


def _key_for(targets: Targets, venue: Dialect, key: bytes | None, script: Script) -> bytes | None:
    if key is not None or not isinstance(venue, Refreshing) or venue.demo_key is None:
        return key
    strangers = [each.host for each in targets.upstreams.values() if not is_loopback(each.host)]
    if strangers and script.requests:
        raise UserError(
            f"the recording's orders must be signed again for {strangers[0]}: "
            "name the file with the private key with --key FILE"
        )
    return venue.demo_key


def _speed(speed: float) -> str:
    return "max" if speed == inf else f"{speed:g}x"
