"""The bot as a child: what it is told, and how it ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from proxy.line import run

from wsreplay.captures.errors import UserError
from wsreplay.proxy.bot import Bot, arguments, environment

URLS = {"": "ws://127.0.0.1:1/ws", "rest-api": "http://127.0.0.1:2"}


def test_urls_stand_in_arguments_and_environment() -> None:
    assert arguments(["bot", "--ws={url}", "{url:rest-api}", "{other}"], URLS) == [
        "bot",
        "--ws=ws://127.0.0.1:1/ws",
        "http://127.0.0.1:2",
        "{other}",
    ]
    env = environment(URLS)
    assert env["WSREPLAY_URL"] == "ws://127.0.0.1:1/ws"
    assert env["WSREPLAY_URL_REST_API"] == "http://127.0.0.1:2"


def test_an_unknown_name_in_a_command_is_named() -> None:
    with pytest.raises(UserError, match=r"\{url:rset\}.*\{url:rest-api\}"):
        arguments(["bot", "{url:rset}"], URLS)


def test_in_the_proxy_modes_the_environment_leads_through_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "*")
    env = environment({}, proxy="http://127.0.0.1:3", ca_file=tmp_path / "ca.pem")
    assert "NO_PROXY" not in env
    assert "no_proxy" not in env
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "WSS_PROXY", "https_proxy"):
        assert env[variable] == "http://127.0.0.1:3"
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert env[variable] == str(tmp_path / "ca.pem")


def test_a_bot_gives_its_exit_code_and_prints_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    async def scene() -> None:
        bot = await Bot.start([sys.executable, "-c", "print('said'); raise SystemExit(7)"], environment({}))
        assert await bot.wait() == 7

    run(scene())
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "said\n")


def test_a_bot_that_is_stopped_ends_as_a_shell_would_say() -> None:
    async def scene() -> None:
        bot = await Bot.start([sys.executable, "-c", "import signal; signal.pause()"], environment({}))
        assert await bot.stop() == 128 + 15

    run(scene())


def test_a_program_that_is_not_there_is_named() -> None:
    async def scene() -> None:
        with pytest.raises(UserError, match="no-such-bot"):
            await Bot.start(["no-such-bot"], environment({}))

    run(scene())
