"""What the client sent, made good for now: secrets, ids, deadlines, nonces, signatures. Sans-I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from wsreplay.replay.living_secrets import LivingSecrets
from wsreplay.replay.outputs import Answer, Note
from wsreplay.replay.redacted import filled, filled_in_headers
from wsreplay.replay.script import Ask, Open, Reply, Say, Step
from wsreplay.venues.envelope import HttpMessage
from wsreplay.venues.refreshing import LineRefresher, Refresher


class Renewal:
    """Renews steps, and learns from the answers of this run what the next ones need.

    The dialect comes first: it knows the recording's tokens for what they are, and signs what it has put in their
    places. Those that are left then make way for what this run's answers gave, or what was given.
    """

    def __init__(
        self, refresher: Refresher | None, secrets: LivingSecrets, wall_ns: Callable[[int], int], notes: list[Note]
    ) -> None:
        self._refresher = refresher
        self._lines = refresher if isinstance(refresher, LineRefresher) else None
        self._secrets = secrets
        self._wall_ns = wall_ns
        self._notes = notes

    def changes(self, step: Say) -> bool:
        """Whether anything may be different about this message now."""
        return step.redacted or (self._refresher is not None and isinstance(step.payload, str))

    def open(self, step: Open, now_ns: int) -> Open:
        """The line's address and headers for now."""
        url, headers = self._place(step, now_ns)
        return (
            step
            if url is step.url and headers is step.headers
            else msgspec.structs.replace(step, url=url, headers=headers)
        )

    def say(self, step: Say, now_ns: int) -> str | bytes:
        """The message for now."""
        payload = step.payload
        if isinstance(payload, bytes):
            return self._secrets.in_body(payload) if step.redacted else payload
        if self._refresher is not None:
            token = {} if step.token_expires is None else {"token_expires": step.token_expires}
            payload = self._refreshed(
                step, payload, now_ns, signer=step.signer, signature_ok=step.signature_ok, **token
            )
        return self._secrets.in_text(payload) if step.redacted else payload

    def ask(self, step: Ask, now_ns: int) -> Ask:
        """The REST request for now."""
        url, headers = self._place(step, now_ns)
        body = step.body
        if body and step.op is not None and self._refresher is not None:
            body = self._refreshed(step, body.decode(errors="replace"), now_ns, op=step.op).encode()
        if step.redacted:
            body = self._secrets.in_body(body)
        return msgspec.structs.replace(step, url=url, headers=headers, body=body)

    def learn(self, recorded: Reply, text: str | bytes) -> None:
        """What the recording answered with the one, this run did with the other."""
        if recorded.blanks:
            said = text if isinstance(text, str) else text.decode(errors="replace")
            self._secrets.learn(filled(recorded.blanks, said))

    def learn_rest(self, recorded: Reply, asked: HttpMessage, answer: Answer) -> None:
        """The same for REST."""
        if answer.status is None:
            return
        if recorded.blanks:
            self._secrets.learn(filled(recorded.blanks, answer.body.decode(errors="replace")))
        self._secrets.learn(filled_in_headers(recorded.header_blanks, answer.headers))
        if self._lines is not None and recorded.answer is not None:
            live = HttpMessage(
                method=asked.method, url=asked.url, headers=answer.headers, body=answer.body, status=answer.status
            )
            self._lines.learn_http(recorded.answer, live)

    def _place(self, step: Open | Ask, now_ns: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        url, headers = step.url, step.headers
        if self._lines is not None:
            wall_ns = self._wall_ns(now_ns)
            url = self._lines.refresh_url(url, recorded_at_ns=step.at_ns, now_ns=wall_ns)
            headers = self._lines.refresh_headers(headers, recorded_at_ns=step.at_ns, now_ns=wall_ns)
        if step.redacted:
            url, headers = self._secrets.in_url(url), self._secrets.in_headers(headers)
        return url, headers

    def _refreshed(self, step: Step, text: str, now_ns: int, **more: Any) -> str:
        assert self._refresher is not None
        fresh = self._refresher.refresh(text, recorded_at_ns=step.at_ns, now_ns=self._wall_ns(now_ns), **more)
        if fresh.unsigned is not None:
            self._notes.append(Note(step.seq, f"it could not be signed again: {fresh.unsigned}"))
        return fresh.text
