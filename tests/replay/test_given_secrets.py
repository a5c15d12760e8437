"""Secrets from a file or the environment, and which of them a script needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from replay.recording import Recording

from wsreplay.errors import UserError
from wsreplay.replay.given_secrets import load_secrets, needed, secrets_in, under_names_of, values_for

KEY, PASS, TOKEN = (f"redacted-{what}-0123456789abcde{n}" for n, what in enumerate(("key", "password", "token")))


def file(folder: Path, text: str | bytes, name: str = "secrets", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_lines_are_name_and_value(tmp_path: Path) -> None:
    text = "# mine\n\nAPI_KEY=a=b\nexport PASSPHRASE = 'x y' \nWSREPLAY_SECRET_OTHER=\"z\"\n"
    assert load_secrets(file(tmp_path, text)) == {"API_KEY": "a=b", "PASSPHRASE": "x y", "OTHER": "z"}


def test_toml_is_read_as_such(tmp_path: Path) -> None:
    text = f'apiKey = "a"\n"X-API-KEY" = "b"\n{KEY} = "c"\n'
    assert load_secrets(file(tmp_path, text, "s.toml")) == {"apiKey": "a", "X-API-KEY": "b", KEY: "c"}


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("hunter2hunter2", "s", "line 1: it must be NAME=VALUE"),
        ("A=1\n=hunter2hunter2", "s", "line 2: it must be NAME=VALUE"),
        ("key = hunter2hunter2", "s.toml", "is no TOML"),
        ("key = 5", "s.toml", "key is no text"),
        (b"\xff\xfe", "s", "is no text"),
    ],
)
def test_what_is_no_such_file_is_refused_without_quoting_it(
    text: str | bytes, name: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=why) as refused:
        load_secrets(file(tmp_path, text, name))
    assert "hunter2" not in str(refused.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="chmod 600"):
        load_secrets(file(tmp_path, "A=1", mode=0o640))
    with pytest.raises(UserError, match="No such file"):
        load_secrets(tmp_path / "missing")


def test_the_environment_gives_those_with_our_prefix() -> None:
    assert secrets_in(
        {"WSREPLAY_SECRET_API_KEY": "a", "WSREPLAY_SECRET_": "b", "WSREPLAY_SECRET_X": "", "HOME": "/"}
    ) == {"API_KEY": "a"}


def test_needed_is_what_was_sent_before_any_answer_told_it() -> None:
    recording = Recording().open(url=f"wss://venue.example/ws?apiKey={KEY}")
    recording.ask("a", passphrase=PASS, signature="redacted-signature-00000000000000ff").wait(1)
    recording.answer("a", token=TOKEN).ask("b", token=TOKEN, again=PASS)
    assert needed(recording.script()) == {KEY: "apiKey", PASS: "passphrase"}


def test_a_secret_that_an_answer_only_repeats_is_needed() -> None:
    recording = Recording().open().ask("a", apiKey=KEY).wait(1).answer("a", apiKey=KEY)
    assert needed(recording.script()) == {KEY: "apiKey"}


def test_a_value_is_given_by_the_fields_name_or_by_the_token_itself() -> None:
    tokens = {KEY: "X-Api-Key", PASS: "passphrase", TOKEN: "token"}
    given = {"X_API_KEY": "k", KEY.replace("-key-", "-secret-"): "by token", "PASSPHRASE": "p"}
    assert values_for(tokens, given) == {KEY: "by token", PASS: "p"}


def test_a_dialect_is_given_them_under_its_own_names() -> None:
    assert under_names_of({"X-API-KEY": "demo"}, {"x_api_key": "k", "OTHER": "o"}) == {"X-API-KEY": "k", "OTHER": "o"}
    assert json.dumps(under_names_of({}, {})) == "{}"
