"""Secrets and whatever else a line needs, made good for this run at the moment when it is sent."""

from __future__ import annotations

import json
from typing import Any

from replay.recording import BEGAN_NS, MS, Recording
from replay.stage import Stage, keys

from wsreplay.replay.outputs import Answer, Connect, Request, Send
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.reya.refresh import Refreshed

TOKEN, KEY = "redacted-token-0123456789abcdef", "redacted-key-fedcba9876543210"


def test_a_token_that_an_answer_gave_is_sent_as_this_run_gave_it() -> None:
    recording = Recording().open().ask("a").wait(1).answer("a", token=TOKEN).ask("b", token=TOKEN, apiKey=KEY)
    stage = Stage(recording, secrets={KEY: "given"})
    stage.begin()
    (said, *_) = stage.hears("a", token='li"ve')
    assert isinstance(said, Send)
    assert json.loads(said.payload)["payload"] == {"token": 'li"ve', "apiKey": "given"}


def test_a_key_from_a_rest_answer_is_in_the_next_lines_address() -> None:
    recording = Recording().rest("/listenKey", {"listenKey": KEY}, took_ms=1)
    recording.open(url=f"wss://venue.example/ws?listenKey={KEY}").ask("a")
    stage = Stage(recording)
    stage.do(stage.engine.begin(0))
    (connect,) = stage.do(stage.engine.answered(1, Answer(status=200, body=b'{"listenKey": "a/b"}'), 1))
    assert isinstance(connect, Connect)
    assert connect.step.url == "wss://venue.example/ws?listenKey=a%2Fb"
    assert keys(stage.opened()) == ["a"]


def test_a_refusal_teaches_no_secret() -> None:
    recording = Recording().rest("/listenKey", {"listenKey": KEY}, took_ms=1)
    recording.open(url=f"wss://venue.example/ws?listenKey={KEY}").ask("a")
    stage = Stage(recording)
    stage.do(stage.engine.begin(0))
    (connect,) = stage.do(stage.engine.answered(1, Answer(status=401, body=b'{"error": "no"}'), 1))
    assert isinstance(connect, Connect)
    assert KEY in connect.step.url


class LineRefresher:
    """Notes what it is asked, and marks what it has seen."""

    def __init__(self) -> None:
        self.learnt: list[tuple[HttpMessage, HttpMessage]] = []
        self.seen: list[str] = []

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        pass

    def refresh(self, text: str, **about: Any) -> Refreshed:
        self.seen.append(text)
        return Refreshed(text=f"{text} signed")

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        self.learnt.append((recorded, live))

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        return f"{url}#{now_ns - BEGAN_NS}"

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        return (*headers, ("X-Time", str(recorded_at_ns - BEGAN_NS)))


def test_a_dialect_renews_addresses_and_headers_and_learns_from_rest_answers() -> None:
    refresher = LineRefresher()
    recording = Recording().rest("/key", {"key": KEY}, took_ms=1).wait(1).open().ask("a")
    stage = Stage(recording, refresher=refresher)
    stage.now_ns = 7
    (request,) = stage.do(stage.engine.begin(stage.now_ns))
    assert isinstance(request, Request)
    assert request.step.url == "https://api.venue.example/key#7"
    assert request.step.headers == (("X-Time", str(1000 * MS)),)
    (connect,) = stage.do(stage.engine.answered(1, Answer(status=201, body=b"live"), 9))
    assert isinstance(connect, Connect)
    assert connect.step.url == "wss://venue.example/#9"
    assert connect.step.headers[-1][0] == "X-Time"
    ((recorded, live),) = refresher.learnt
    assert (recorded.method, recorded.url, recorded.status) == ("GET", "https://api.venue.example/key", 200)
    assert json.loads(recorded.body) == {"key": KEY}
    assert (live.url, live.status, live.body) == (request.step.url, 201, b"live")


def test_a_dialect_sees_the_recordings_tokens_and_what_it_leaves_is_made_good_after_it() -> None:
    refresher = LineRefresher()
    stage = Stage(Recording().open().say(f"hello {KEY}"), refresher=refresher, secrets={KEY: "live"})
    (said, *_) = stage.begin()
    assert said == Send(1, "hello live signed")
    assert refresher.seen == [f"hello {KEY}"]


def test_a_message_is_made_while_there_is_time_for_the_moment_when_it_is_due() -> None:
    class Timed(LineRefresher):
        def refresh(self, text: str, **about: Any) -> Refreshed:
            self.seen.append(text)
            return Refreshed(text=f"{text} at {(about['now_ns'] - BEGAN_NS) // MS}")

    refresher = Timed()
    stage = Stage(Recording().open().wait(5).say("a").wait(5).say("b"), refresher=refresher, speed=1.0)
    stage.begin()
    assert refresher.seen == ["a"], "though it is not due"
    assert stage.pass_ms(5) == [Send(1, "a at 5")]
    assert refresher.seen == ["a", "b"]
    stage.ended()
    assert stage.pass_ms(5) == [], "the line is gone: what was made is sent nowhere"
