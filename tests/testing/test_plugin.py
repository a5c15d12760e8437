"""The plugin as pytest loads it: the mark, the fixture, the options, and what a failed test leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Before pytester looks which modules there are: what it forgets again must not be loaded twice.
import wsreplay.analysis.report
import wsreplay.testing.in_process
import wsreplay.testing.under_test

pytest_plugins = ["pytester"]

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
BOT = """
    import pytest
    from testing.async_bot import bot

    @pytest.mark.wsreplay("dup.parquet")
    @pytest.mark.parametrize("careful", [False, True], ids=["naive", "careful"])
    def test_one_order_is_one_order(wsreplay, careful):
        wsreplay.play(lambda: bot(wsreplay.urls, careful=careful))
        wsreplay.assert_no("duplicate-order")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of somebody's, with a capture."""
    (pytester.path / "dup.parquet").write_bytes((SAMPLES / "reya-duplicate-order.parquet").read_bytes())
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-p", "no:cacheprovider", "--strict-markers", *options)


def test_a_bot_that_makes_a_duplicate_fails_and_its_careful_twin_passes(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_bot=BOT)
    result = run(suite)
    result.assert_outcomes(failed=1, passed=1)
    folder = next((suite.path / ".wsreplay" / "test_bot.py").iterdir())
    (capture,) = folder.glob("*.parquet")
    (report,) = folder.glob("*.html")
    assert folder.name.startswith("test_one_order_is_one_order-naive-"), "and nothing of the one that passed"
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: duplicate-order happened:",
            "E         duplicate-order (proven): Two orders where one was wanted: *",
            f"E           events 6, 7, 8, 11, 12: wsreplay show '{capture.relative_to(suite.path)}#6'",
            "*- wsreplay -*",
            f"capture {capture.relative_to(suite.path)}",
            f"report  {report.relative_to(suite.path)}",
            "#11 duplicate-order: Two orders *",
        ]
    )
    with wsreplay.open(capture) as opened:
        assert {"duplicate-order"} <= {incident.kind for incident in opened.incidents()}
    assert "<html" in report.read_text()


def test_once_mended_nothing_is_left(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_bot=BOT)
    run(suite)
    assert (suite.path / ".wsreplay").is_dir()
    suite.makepyfile(test_bot=BOT.replace("careful=careful", "careful=True"))
    run(suite).assert_outcomes(passed=2)
    assert not (suite.path / ".wsreplay").exists()


def test_captures_are_kept_where_one_wants_them(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_bot=BOT)
    run(suite, "--wsreplay-keep", "out/failed", "-k", "naive")
    assert len(list((suite.path / "out" / "failed").rglob("*.parquet"))) == 1
    assert not (suite.path / ".wsreplay").exists()


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("def test_it(wsreplay): ...", "*the fixture wsreplay needs a mark that names a venue: @pytest.mark.wsreplay*"),
        (
            '@pytest.mark.wsreplay("dub.parquet")\ndef test_it(wsreplay): ...',
            "*there is no capture dub.parquet beside the test or below the root; did you mean dup.parquet?*",
        ),
        (
            '@pytest.mark.wsreplay("new.parquet", upstream="ws://127.0.0.1:1")\ndef test_it(wsreplay): ...',
            "*there is no capture new.parquet *record it with --wsreplay-record*",
        ),
        (
            '@pytest.mark.wsreplay(venue="reya")\ndef test_it(wsreplay): wsreplay.assert_no()',
            "*UserError: nothing was run: give the session a bot with .run(*",
        ),
        (
            '@pytest.mark.wsreplay(venue="reya")\ndef test_it(wsreplay): wsreplay.assert_no_unmatched()',
            "*UserError: nothing can be unmatched here: no capture is served*",
        ),
    ],
)
def test_wrong_use_is_told_with_the_way_out(suite: pytest.Pytester, test: str, told: str) -> None:
    suite.makepyfile(test_bot=f"import pytest\n{test}")
    result = run(suite)
    assert result.ret == 1
    result.stdout.fnmatch_lines([told])


def test_other_hosts_are_blocked_while_a_test_has_the_fixture_and_told_if_it_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_bot="""
        import socket
        import pytest

        def dial():
            socket.create_connection(("192.0.2.7", 443), timeout=0.01)

        @pytest.mark.wsreplay(venue="reya")
        def test_with(wsreplay):
            dial()

        def test_without():
            with pytest.raises(OSError):
                dial()
        """
    )
    result = run(suite)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["E*HostBlockedError: 192.0.2.7 is not this machine*", "blocked: 192.0.2.7 was asked for"]
    )
    allowed = run(suite, "--wsreplay-allow-host", "192.0.2.7")
    allowed.stdout.no_fnmatch_line("*HostBlockedError*")


def test_a_failure_before_anybody_came_says_so(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_bot="""
        import pytest

        @pytest.mark.wsreplay(venue="reya")
        def test_it(wsreplay):
            assert False
        """
    )
    run(suite).stdout.fnmatch_lines(["*- wsreplay -*", "no bot was run, and nobody asked for the address"])
    assert not list((suite.path / ".wsreplay").rglob("*.parquet"))


def test_what_a_crashed_client_did_is_kept_as_well(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_bot="""
        import pytest
        from testing.async_bot import bot

        @pytest.mark.wsreplay("dup.parquet")
        def test_it(wsreplay):
            async def crashes():
                await bot(wsreplay.urls)
                raise LookupError("in the bot")
            wsreplay.play(crashes)
        """
    )
    result = run(suite)
    result.stdout.fnmatch_lines(["E*LookupError: in the bot", "capture .wsreplay/test_bot.py/test_it/*.parquet"])


def test_the_mark_and_the_options_are_explained(suite: pytest.Pytester) -> None:
    run(suite, "--markers").stdout.fnmatch_lines(["@pytest.mark.wsreplay(capture=None, *"])
    run(suite, "--help").stdout.fnmatch_lines(
        ["*--wsreplay-keep=DIR*", "*--wsreplay-record*", "*--wsreplay-allow-host=HOST*"]
    )


def test_the_mark_says_all_that_it_takes(suite: pytest.Pytester) -> None:
    from wsreplay.testing.marks import _NAMES

    signature = next(line for line in run(suite, "--markers").outlines if line.startswith("@pytest.mark.wsreplay("))
    assert [name for name in _NAMES if f"{name}=" not in signature] == []


def test_it_costs_nothing_where_it_is_not_used() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import wsreplay.testing.plugin; "
        "print('\\n'.join(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["wsreplay", "wsreplay.testing", "wsreplay.testing.plugin"]


def test_what_a_fixture_of_the_test_did_before_it_failed_is_kept_as_well(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_bot="""
        import pytest
        from testing.async_bot import bot

        @pytest.fixture
        def traded(wsreplay):
            wsreplay.play(lambda: bot(wsreplay.urls))
            wsreplay.assert_no("duplicate-order")

        @pytest.mark.wsreplay("dup.parquet")
        def test_it(traded): ...
        """
    )
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["capture .wsreplay/test_bot.py/test_it/*.parquet"])


def test_an_expected_failure_leaves_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_bot=BOT.replace("@pytest.mark.wsreplay", "@pytest.mark.xfail\n    @pytest.mark.wsreplay"))
    run(suite).assert_outcomes(xfailed=1, xpassed=1)
    assert not (suite.path / ".wsreplay").exists()


def test_a_plugin_that_is_left_out_is_out(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_bot="def test_it(wsreplay): ...")
    run(suite, "-p", "no:wsreplay").stdout.fnmatch_lines(["E*fixture 'wsreplay' not found"])
