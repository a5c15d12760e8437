"""``unanswered-subscription``: neither a confirmation nor a push shows that the venue heard it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Certainty, Incident, evidence_of
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.subscribed import Asking, OnLine, Topic
from wsreplay.analysis.incidents.wording import lasting, present, some_of
from wsreplay.captures.event import Event

PATIENCE_NS = 10_000_000_000
"""A venue that confirms has done so by then."""
QUIET_NS = 30_000_000_000
"""A channel on which nothing comes for so long may not have been heard; or its market sleeps."""
_NAMED = 20
_KEPT = 4_096


class Unanswered:
    """Judges the subscriptions of a line when it is over.

    Where no rules are stated, what the whole recording shows decides: a venue that answered this operation once should
    answer it always; one that never does, but pushes, should push on every channel.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._answered_ops: set[str | None] = set()
        self._pushes = False
        self._undecided: list[tuple[Asking, list[Topic], int, int | None]] = []

    def answered(self, asking: Asking) -> None:
        """The venue answered a subscription."""
        if len(self._answered_ops) < _KEPT:
            self._answered_ops.add(asking.op)

    def heard(self, topic: Topic) -> None:  # noqa: ARG002 - that there is one is enough
        """Something came of one."""
        self._pushes = True

    def over(self, on_line: OnLine, ended: Event | None) -> Iterable[Incident]:
        """A line is over, or the recording is."""
        now_ns = self._setting.now_ns if ended is None else ended.mono_ns
        early = ended is not None and (ended.kind == "close" or ended.ended_by != "proxy")
        rules = self._setting.rules
        for asking in on_line.askings:
            if asking.answered is not None:
                continue
            waited = now_ns - asking.mono_ns
            silent = [topic for topic in asking.topics if topic.pushed_seq is None]
            if rules is None:
                if silent and waited >= PATIENCE_NS and len(self._undecided) < _KEPT:
                    self._undecided.append((asking, silent, now_ns, ended.seq if ended is not None and early else None))
            elif rules.confirms_subscriptions:
                if len(silent) == len(asking.topics) and (early or waited >= PATIENCE_NS):
                    certain = waited >= PATIENCE_NS and not self._setting.gap_since(asking.conn, asking.seq)
                    end = ended if early and waited < PATIENCE_NS else None
                    yield _incident(asking, silent, waited, end, "proven" if certain else "possible")
            else:
                yield from self._quiet(asking, silent, now_ns)

    def end(self) -> Iterator[Incident]:
        """The recording is over, and it shows how this venue does it."""
        for asking, silent, now_ns, _ in self._undecided:
            if asking.op in self._answered_ops:
                if len(silent) == len(asking.topics):
                    yield _incident(asking, silent, now_ns - asking.mono_ns, None, "possible")
            elif self._pushes:
                yield from self._quiet(asking, silent, now_ns)
        self._undecided.clear()

    def _quiet(self, asking: Asking, silent: list[Topic], now_ns: int) -> Iterable[Incident]:
        quiet = [t for t in silent if (t.off_mono_ns or now_ns) - asking.mono_ns >= QUIET_NS]
        if quiet:
            waited = max(topic.off_mono_ns or now_ns for topic in quiet) - asking.mono_ns
            yield _incident(asking, quiet, waited, None, "possible", confirms=False)


def _incident(
    asking: Asking,
    silent: list[Topic],
    waited: int,
    ended: Event | None,
    certainty: Certainty,
    *,
    confirms: bool = True,
) -> Incident:
    names = [topic.name for topic in silent]
    what = "neither an answer nor a message came" if confirms else "no message came"
    if not asking.reached:
        what = "it never reached the venue"
    if ended is not None:
        within = f"in the {lasting(waited)} before connection {asking.conn} ended"
    else:
        within = f"within {lasting(waited)}"
    doubt = "" if confirms or not asking.reached else "; this venue confirms nothing, so that the channel may be quiet"
    text = f"{what}{'' if not asking.reached else f' {within}'}"
    return Incident.at(
        asking,
        kind="unanswered-subscription",
        certainty=certainty,
        evidence=evidence_of(asking.seq, ended.seq if ended is not None else None),
        summary=f"The bot subscribed to {some_of(names)} on connection {asking.conn}, and {text}{doubt}.",
        facts=present(
            op=asking.op,
            key=asking.key,
            channels=names[:_NAMED],
            waited_ns=waited,
            reached_venue=asking.reached,
            ended_seq=ended.seq if ended is not None else None,
        ),
    )
