from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wsreplay.captures.errors import UserError
from wsreplay.captures.redaction_key import KEY_FILE_VARIABLE, load_or_create_key, seeded_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def test_the_first_use_creates_a_key_for_the_user_alone(config: dict[str, str], tmp_path: Path) -> None:
    key = load_or_create_key(config)
    file = tmp_path / "config/wsreplay/redaction.key"
    assert len(key) == 32
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700
    assert load_or_create_key(config) == key
    assert [path.name for path in file.parent.iterdir()] == ["redaction.key"], "nothing unfinished is left"


def test_two_users_have_two_keys(tmp_path: Path) -> None:
    first, second = ({"HOME": str(tmp_path / user)} for user in ("ann", "bob"))
    assert load_or_create_key(first) != load_or_create_key(second)
    assert (tmp_path / "ann/.config/wsreplay/redaction.key").exists()


def test_processes_that_start_at_once_agree(config: dict[str, str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: load_or_create_key(config), range(16)))) == 1


def test_a_relative_config_folder_is_ignored_as_the_standard_says(tmp_path: Path) -> None:
    load_or_create_key({"XDG_CONFIG_HOME": "somewhere", "HOME": str(tmp_path)})
    assert (tmp_path / ".config/wsreplay/redaction.key").exists()


def test_a_fleet_shares_a_file(config: dict[str, str], tmp_path: Path) -> None:
    shared, copied = tmp_path / "fleet.key", tmp_path / "copied.key"
    shared.write_text("a secret out of the fleet's vault, long enough")
    copied.write_text("a secret out of the fleet's vault, long enough\n")
    keys = set()
    for file in (shared, copied):
        file.chmod(0o600)
        keys.add(load_or_create_key({**config, KEY_FILE_VARIABLE: str(file)}))
    assert len(keys) == 1, "a line end more or less is the same key"
    assert keys != {load_or_create_key(config)}


@pytest.mark.parametrize(
    ("content", "permissions", "words"),
    [
        ("x" * 64, 0o644, "is open to other users (mode 0644): run chmod 600"),
        ("x" * 64, 0o660, "is open to other users (mode 0660): run chmod 600"),
        ("", 0o600, "is empty; create it with"),
        (" \n", 0o600, "is empty; create it with"),
        ("short", 0o600, "holds 5 bytes, where 32 to 4096 are a key"),
        ("x" * 5000, 0o600, "holds more than 4096 bytes"),
    ],
)
@pytest.mark.parametrize("shared", [True, False])
def test_a_file_that_is_no_key_gives_one_clear_line(
    config: dict[str, str], tmp_path: Path, content: str, permissions: int, words: str, shared: bool
) -> None:
    file = tmp_path / ("fleet.key" if shared else "config/wsreplay/redaction.key")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(permissions)
    with pytest.raises(UserError) as raised:
        load_or_create_key({**config, KEY_FILE_VARIABLE: str(file)} if shared else config)
    message = str(raised.value)
    assert words in message
    assert str(file) in message
    assert "\n" not in message
    assert (KEY_FILE_VARIABLE in message) is shared
    assert file.read_text() == content, "what is there is not overwritten"


def test_a_shared_file_that_is_missing_is_not_created(config: dict[str, str], tmp_path: Path) -> None:
    missing = tmp_path / "fleet.key"
    with pytest.raises(UserError, match="there is no such file; create it with"):
        load_or_create_key({**config, KEY_FILE_VARIABLE: str(missing)})
    assert not missing.exists()


def test_a_folder_in_the_place_of_the_key(config: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        load_or_create_key({KEY_FILE_VARIABLE: str(tmp_path)})


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"can't create the redaction key .* name a key file"):
        load_or_create_key({"XDG_CONFIG_HOME": str(tmp_path / "config")})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "XDG_CONFIG_HOME", str(tmp_path))
    load_or_create_key()
    assert (tmp_path / "wsreplay/redaction.key").exists()


def test_a_seeded_key_follows_the_seed_and_the_users_own_key() -> None:
    assert seeded_key(1) == seeded_key(1)
    assert len({seeded_key(1), seeded_key(2), seeded_key(1, b"own" * 10), seeded_key(1, b"not" * 10)}) == 4
    assert {len(seeded_key(n)) for n in range(3)} == {32}
