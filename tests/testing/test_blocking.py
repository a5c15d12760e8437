"""Other hosts are out of reach: of this process, and of programs that heed proxy variables."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.testing.blocking import Blocking, HostBlockedError, Refuser

STRANGER = "192.0.2.7"
"""An address of nobody, set aside for documents."""


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    found = Blocking(["allowed.example"])
    with found.in_this_process():
        yield found


@pytest.mark.parametrize("host", [STRANGER, "venue.example", "2001:db8::7", "allowed.example.evil.example"])
def test_other_hosts_are_refused_before_anybody_is_asked_where_they_are(blocking: Blocking, host: str) -> None:
    with pytest.raises(HostBlockedError, match=f"{host} is not this machine.*--wsreplay-allow-host"):
        socket.create_connection((host, 443), timeout=1)
    assert list(blocking.wanted) == [host]


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_socket_of_ones_own_is_held_to_it(blocking: Blocking, method: str) -> None:
    with socket.socket() as line, pytest.raises(HostBlockedError):
        getattr(line, method)((STRANGER, 443))


def test_asyncio_is_held_to_it(blocking: Blocking) -> None:
    for host in (STRANGER, "venue.example"):
        with pytest.raises(HostBlockedError):
            asyncio.run(asyncio.open_connection(host, 443))


def test_it_is_no_error_that_a_bot_would_take_for_bad_luck() -> None:
    assert not issubclass(HostBlockedError, OSError)


def test_this_machine_is_reached_by_every_name(blocking: Blocking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost", "0.0.0.0"):
            socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
    assert not blocking.wanted


def test_an_allowed_name_is_reached_by_the_address_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (STRANGER, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    blocking = Blocking(["allowed.example"])
    with blocking.in_this_process():
        assert not blocking.allows(STRANGER)
        socket.getaddrinfo("allowed.example", 443)
        assert blocking.allows(STRANGER)


def test_afterwards_everything_is_as_it_was() -> None:
    before = (socket.getaddrinfo, vars(socket.socket).get("connect"), socket.socket.connect)
    with Blocking().in_this_process():
        assert socket.getaddrinfo is not before[0]
    assert (socket.getaddrinfo, vars(socket.socket).get("connect"), socket.socket.connect) == before


@given(st.ip_addresses())
def test_an_address_is_allowed_if_it_is_this_machine(address: Any) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert Blocking().allows(str(address)) == (mapped.is_loopback or mapped.is_unspecified)


ASK = """
import sys, urllib.error, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=5).status)
    except OSError as error:
        print(getattr(error, "code", error))
"""


def test_a_program_that_heeds_proxies_is_refused_and_what_it_wanted_is_known() -> None:
    blocking = Blocking()
    with Refuser(blocking) as refuser:
        env = os.environ | refuser.environment()
        command = [sys.executable, "-I", "-c", ASK, "http://venue.example/orders", "https://venue.example/orders"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines() == ["403", "<urlopen error Tunnel connection failed: 403 Blocked-Under-Test>"]
    assert list(blocking.wanted) == ["http://venue.example/orders", "venue.example:443"]


def test_what_is_allowed_goes_past_the_proxy() -> None:
    with Refuser(Blocking()) as refuser:
        env = refuser.environment(["venue.example"])
    assert env["NO_PROXY"] == env["no_proxy"] == "localhost,127.0.0.1,::1,venue.example"
    assert env["https_proxy"] == env["ALL_PROXY"]


def test_somebody_who_says_nothing_holds_nobody_up() -> None:
    with Refuser(Blocking()) as refuser:
        host, port = refuser.environment()["HTTP_PROXY"].removeprefix("http://").split(":")
        socket.create_connection((host, int(port))).close()
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"CONNECT venue.example:443 HTTP/1.1\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 403 ")
