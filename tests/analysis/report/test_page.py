"""The page in a real browser: it draws, zooms, links, prints no error, and obeys no payload."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import capture, event
from cli.story import handshake
from playwright.sync_api import Browser, Page, sync_playwright

from wsreplay.analysis.report import write_report
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))
CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
EVIL = '</script><script>window.owned = 1</script><img src=x onerror="window.owned = 1">\u202e${window.owned = 1}'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Shown:
    """A report on the screen, and what the browser complained of."""

    def __init__(self, browser: Browser, source: Path, folder: Path, **context: Any) -> None:
        out = folder / "it.html"
        with Capture.open(source) as opened:
            write_report(opened, out)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page: Page = browser.new_page(**({"viewport": {"width": 1200, "height": 900}} | context))
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(out.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]")
        self.drawn()

    def drawn(self) -> None:
        """Wait until the browser has drawn what was asked for so far."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def window(self) -> str:
        """What the timeline says that it shows."""
        self.drawn()
        return str(self.page.text_content("#window"))

    def inked(self, canvas: str) -> int:
        """How many pixels of a canvas hold anything."""
        script = """(id) => { const c = document.getElementById(id);
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
        return int(self.page.evaluate(script, canvas))


@needs_chromium
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_sample_is_drawn_without_a_complaint_and_without_the_network(
    browser: Browser, sample: Path, scheme: str, tmp_path: Path
) -> None:
    shown = Shown(browser, sample, tmp_path, color_scheme=scheme)
    assert shown.inked("timeline") > 2_000
    assert shown.inked("overview") > 100
    assert shown.page.locator("#story li").count() > 1
    assert shown.complaints == []
    assert [url for url in shown.asked if not url.startswith("file:")] == []


@pytest.fixture
def duplicate(browser: Browser, tmp_path: Path) -> Shown:
    (sample,) = (each for each in SAMPLES if each.stem == "reya-duplicate-order")
    return Shown(browser, sample, tmp_path)


@needs_chromium
def test_it_zooms_from_the_whole_to_microseconds_and_back(duplicate: Shown) -> None:
    page = duplicate.page
    page.click("[data-zoom=all]")
    whole = duplicate.window()
    assert whole.endswith("s in view")
    page.mouse.move(*_middle(page))
    for _ in range(60):
        page.mouse.wheel(0, -240)
    assert duplicate.window().endswith("· 1.00 µs in view")
    page.dblclick("#timeline", position={"x": 400, "y": 60})
    assert duplicate.window() == whole
    page.focus("#timeline")
    page.keyboard.press("+")
    closer = duplicate.window()
    assert closer != whole
    page.keyboard.press("ArrowRight")
    assert duplicate.window() != closer
    page.keyboard.press("0")
    assert duplicate.window() == whole


@needs_chromium
def test_it_is_moved_by_hand(duplicate: Shown) -> None:
    page = duplicate.page
    page.click("[data-zoom=in]")
    before = duplicate.window()
    x, y = _middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y, steps=4)
    page.mouse.up()
    assert duplicate.window() != before


@needs_chromium
def test_an_incident_leads_to_its_evidence(duplicate: Shown) -> None:
    page = duplicate.page
    before = duplicate.window()
    page.locator("#kind-duplicate-order .link", has_text="show all").click()
    assert duplicate.window() != before
    assert "Two orders where one was wanted" in str(page.text_content("#detail"))
    page.locator("#kind-duplicate-order .link").first.click()
    assert "#6" in str(page.text_content("#detail strong"))
    assert "createOrder" in str(page.text_content("#detail pre"))
    assert "wsreplay show reya-duplicate-order.parquet#6" in str(page.text_content("#detail"))
    assert duplicate.complaints == []


@needs_chromium
def test_a_badge_names_its_kind_and_a_row_leads_to_its_order(duplicate: Shown) -> None:
    page = duplicate.page
    page.locator(".badge", has_text="duplicate-order").click()
    page.locator("#orders tbody tr").nth(1).click()
    assert "late" in str(page.text_content("#detail"))


@needs_chromium
def test_a_table_sorts_by_its_headings(duplicate: Shown) -> None:
    page = duplicate.page
    heading = page.locator("#orders th", has_text="after")
    heading.click()
    first = page.locator("#orders tbody tr td:last-child").first
    quick = first.text_content()
    heading.click()
    assert first.text_content() != quick


@needs_chromium
def test_the_address_of_an_event_opens_there(duplicate: Shown) -> None:
    duplicate.page.goto(duplicate.page.url + "#11")
    duplicate.page.reload()
    duplicate.page.wait_for_selector("html[data-ready=yes]")
    assert "#11" in str(duplicate.page.text_content("#detail strong"))


@needs_chromium
def test_hostile_payloads_are_text(browser: Browser, tmp_path: Path) -> None:
    fields: dict[str, Any] = dict.fromkeys(
        ("op", "symbol", "key", "channel", "client_order_id", "order_id", "status"), EVIL
    )
    said = json.dumps({"summary": EVIL, "advice": EVIL, "evidence": [2]})
    path = capture(
        tmp_path,
        event(1, kind="open", sender="client", conn=1, text=handshake(url=EVIL)),
        event(2, conn=1, sender="client", role="request", intent=EVIL, text=EVIL, **fields),
        event(3, conn=1, role="reply", reply_to=2, latency_ns=5, error_code=EVIL, text=EVIL),
        event(3, 1, conn=1, of_seq=2, outcome="rejected", resolved_by="reply", error_code=EVIL),
        event(3, 2, kind="incident", sender="proxy", op=EVIL, status="proven", text=said, conn=1),
        event(4, conn=1, kind="close", text=None, close_code=1000, close_reason=EVIL),
        event(5, conn=1, kind="fault", sender="proxy", text=json.dumps({"fault": EVIL})),
        ended=EVIL,
    )
    path = path.rename(path.with_name("<b>evil<b>.parquet"))
    shown = Shown(browser, path, tmp_path)
    shown.page.locator("#incidents .link").first.click()
    shown.page.locator("#orders tbody tr").first.click()
    shown.page.hover("#timeline", position={"x": 300, "y": 60})
    assert shown.page.evaluate("window.owned") is None
    assert shown.complaints == []
    assert "<img src=x" in str(shown.page.text_content("#story"))


def _lines(count: int) -> list[Event]:
    rows = []
    for conn in range(1, count + 1):
        at = 3 * conn
        rows += [
            event(at, kind="open", sender="client", conn=conn, text=handshake()),
            event(at + 1, conn=conn, role="push", op="update"),
            event(at + 2, conn=conn, kind="end", text=None, ended_by="rst"),
        ]
    return rows


@needs_chromium
def test_of_very_many_connections_those_where_something_went_wrong_are_drawn(browser: Browser, tmp_path: Path) -> None:
    wrong = event(3 * 950, 1, kind="incident", sender="proxy", op="late", status="proven", text="{}", conn=950)
    path = capture(tmp_path, *sorted([*_lines(1000), wrong], key=lambda row: (row.seq, row.part)))
    shown = Shown(browser, path, tmp_path, device_scale_factor=2)
    assert shown.page.evaluate("document.getElementById('timeline').height") < 32_000
    assert shown.inked("timeline") > 2_000
    assert "800 connections on which nothing went wrong are not drawn" in str(shown.page.text_content("#footer"))
    shown.page.locator("#incidents .link", has_text="show all").click()
    assert shown.complaints == []


@needs_chromium
def test_the_story_can_be_walked_with_the_keyboard(duplicate: Shown) -> None:
    before = duplicate.window()
    duplicate.page.locator("#story li").nth(1).focus()
    duplicate.page.keyboard.press("Enter")
    assert duplicate.window() != before


@needs_chromium
def test_it_prints_dark_on_white_whatever_the_screen_shows(duplicate: Shown) -> None:
    duplicate.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    duplicate.page.emulate_media(media="print")
    assert duplicate.page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(29, 33, 38)"


@needs_chromium
def test_it_prints(duplicate: Shown) -> None:
    pdf = duplicate.page.pdf()
    assert pdf[:5] == b"%PDF-"
    assert len(pdf) > 20_000
    assert duplicate.complaints == []


def _middle(page: Page) -> tuple[float, float]:
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    return box["x"] + 400, box["y"] + 60
