"""The components in a real Chromium: what they do, and that the browser has nothing to complain of."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.dashboard.gallery import shots

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shots.chromium(), reason="no Chromium on this machine (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    environment = {**os.environ, "PORT": "0"}
    command = [sys.executable, "-m", "tests.dashboard.gallery"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        yield child.stdout.readline().strip()
        child.terminate()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = shots.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def desk(chromium: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    page = context.new_page()
    shots.listen(page, "desk", complaints)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def phone(chromium: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, base_url=address
    )
    page = context.new_page()
    shots.listen(page, "phone", complaints)
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("language", ["en", "hi"])
def test_no_page_is_wider_than_a_small_phone_and_nothing_breaks_the_csp(phone, language):
    phone.set_extra_http_headers({"Accept-Language": language})
    for name in shots.PAGES:
        phone.goto(f"/{name}/")
        shots.settle(phone)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_every_control_is_large_enough_for_a_thumb(phone):
    for name in ("home", "inbox", "stock", "components"):
        phone.goto(f"/{name}/")
        small = phone.evaluate("""() => [...document.querySelectorAll(
            'button, .btn, select, input:not([type=hidden], [type=checkbox]), .tabbar__tab, .tabs__tab')]
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 40)
            .map(e => e.outerHTML.slice(0, 80))""")
        assert small == [], name


def test_the_first_view_stays_under_200_kilobytes_without_charts(phone):
    sizes: dict[str, int] = {}

    def weigh(response):
        body = response.body()
        packed = body if response.url.endswith("woff2") else gzip.compress(body)
        sizes[response.url.rsplit("/", 1)[-1] or "page"] = len(packed)

    phone.on("response", weigh)
    phone.goto("/components/")
    phone.wait_for_load_state("networkidle")
    assert "echarts.min.js" not in sizes, "a page without charts must not load the library"
    assert "noto-sans-devanagari.woff2" not in sizes, "English must not load the Hindi font"
    assert sum(sizes.values()) < 200_000, sizes
    assert len(sizes) > 10


def test_stop_asks_first_and_says_what_will_happen(desk):
    desk.goto("/home/")
    desk.get_by_role("button", name="Stop everything").click()
    dialog = desk.get_by_role("dialog", name="Stop everything?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("nothing more leaves the building")
    with desk.expect_request(lambda r: r.method == "POST" and r.url.endswith("/stop/")) as stopped:
        dialog.get_by_label("Why?").fill("stock count")
        dialog.get_by_role("button", name="Stop everything").click()
    assert "reason=stock" in stopped.value.post_data


def test_keep_running_closes_the_dialog_and_posts_nothing(desk):
    desk.goto("/home/")
    posts = []
    desk.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    desk.get_by_role("button", name="Stop everything").click()
    desk.get_by_role("button", name="Keep running").click()
    expect(desk.get_by_role("dialog")).to_have_count(0)
    assert posts == []


def test_a_halted_house_says_so_and_offers_to_start_again(desk):
    desk.goto("/home/?halted")
    expect(desk.get_by_role("alert")).to_contain_text("Everything is stopped.")
    expect(desk.get_by_role("button", name="Stop everything")).to_have_count(0)
    expect(desk.get_by_role("button", name="Start again")).to_be_visible()


def test_the_theme_is_kept_on_the_device_and_wins_over_the_system(desk):
    desk.emulate_media(color_scheme="light")
    desk.goto("/components/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = desk.evaluate(ground)
    desk.locator(".menu__open").click()
    desk.get_by_role("button", name="Dark").click()
    dark = desk.evaluate(ground)
    assert dark != light
    desk.reload()
    assert desk.evaluate(ground) == dark
    desk.locator(".menu__open").click()
    expect(desk.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    desk.get_by_role("button", name="Device").click()
    assert desk.evaluate(ground) == light


def test_the_language_switch_turns_the_page_to_hindi_and_loads_its_font(desk):
    desk.goto("/home/")
    desk.locator(".menu__open").click()
    with desk.expect_response(lambda r: "devanagari" in r.url):
        desk.get_by_role("button", name="हिन्दी").click()
    expect(desk.locator("html")).to_have_attribute("lang", "hi")
    expect(desk.get_by_role("button", name="सब रोकें")).to_be_visible()


def test_j_and_k_walk_the_inbox_and_a_single_key_answers(desk):
    desk.goto("/inbox/")
    titles = desk.locator(".inbox-item")
    desk.keyboard.press("j")  # the first is current when the page opens
    expect(titles.nth(1)).to_contain_class("is-current")
    desk.keyboard.press("k")
    expect(titles.nth(0)).to_contain_class("is-current")
    desk.keyboard.press("x")
    expect(titles.nth(0).get_by_role("checkbox")).to_be_checked()
    desk.keyboard.press("r")
    expect(desk.get_by_role("dialog", name="Reject action 42?")).to_be_visible()


def test_keys_are_silent_while_someone_types_or_turned_them_off(desk):
    desk.goto("/stock/")
    desk.get_by_role("searchbox").fill("?")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    desk.goto("/inbox/")
    desk.keyboard.press("?")
    dialog = desk.get_by_role("dialog", name="Keyboard")
    dialog.get_by_label("Use single keys on this device").uncheck()
    dialog.get_by_role("button", name="Close").click()
    desk.keyboard.press("r")
    expect(desk.get_by_role("dialog")).to_have_count(0)


def test_the_bulk_bar_adds_up_what_is_ticked(desk):
    desk.goto("/inbox/")
    bar = desk.locator("[data-bulk-bar]")
    expect(bar).to_contain_text("2 selected")
    expect(bar).to_contain_text("₹96,199.50")
    expect(bar).to_contain_text("1,224 pieces")
    desk.locator("[data-bulk-item]").nth(0).check()
    expect(bar).to_contain_text("₹1,83,489.50")
    desk.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()


def test_the_undo_window_counts_down_and_closes(desk):
    desk.clock.install()
    desk.goto("/components/")
    undo = desk.locator("[data-undo]")
    expect(undo.locator("[data-undo-left]")).to_contain_text("left")
    expect(undo.get_by_role("button", name="Undo")).to_be_visible()
    desk.clock.fast_forward("30:00")
    expect(undo).to_contain_text("The undo window has closed")
    expect(undo.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_way_out_opens_into_components_that_add_up(desk):
    desk.goto("/inbox/")
    way = desk.locator(".way", has_text="Discount")
    way.locator("summary").click()
    figures = [float(row.get_attribute("value")) for row in way.locator(".sum data").all()]
    assert round(sum(figures[:-1]), 2) == figures[-1] == 74759.50


def test_a_chart_is_drawn_and_its_numbers_can_be_read(desk):
    desk.goto("/stock/")
    shots.settle(desk)
    drawn = desk.locator(".chart canvas").first.evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
    )
    assert drawn
    desk.locator(".chart__canvas").scroll_into_view_if_needed()
    box = desk.locator(".chart__canvas").bounding_box()
    desk.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desk.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2)
    expect(desk.locator(".chart-tip")).to_contain_text("₹18,000")
    desk.get_by_text("Show the numbers").click()
    expect(desk.get_by_role("row", name="Nashik").last).to_contain_text("₹4,65,000.00")


def test_a_chart_that_cannot_load_leaves_its_numbers_open(desk, complaints):
    desk.route("**/echarts.min.js", lambda route: route.abort())
    desk.goto("/stock/")
    desk.locator(".chart").scroll_into_view_if_needed()
    expect(desk.locator(".chart details")).to_have_attribute("open", "")
    desk.wait_for_timeout(100)
    assert complaints
    complaints.clear()


def test_typing_in_the_search_asks_for_the_part_only_and_keeps_the_link(desk):
    desk.goto("/stock/?sort=-value")
    with desk.expect_request(lambda r: "q=zivola" in r.url) as asked:
        desk.get_by_role("searchbox").press_sequentially("zivola")
    assert asked.value.headers["hx-request"] == "true"
    assert "sort=-value" in asked.value.url
    desk.wait_for_url("**/stock/?*q=zivola*")
    expect(desk.locator("#positions")).to_have_count(1)
    expect(desk.get_by_role("searchbox")).to_be_focused()


def test_sorting_turns_round_and_is_told_to_screen_readers(desk):
    desk.goto("/stock/")
    heads = desk.get_by_role("columnheader", name="Value")
    heads.get_by_role("link").click()
    expect(heads).to_have_attribute("aria-sort", "descending")
    heads.get_by_role("link").click()
    expect(heads).to_have_attribute("aria-sort", "ascending")


def test_everything_is_under_more_on_a_phone(phone):
    phone.goto("/home/")
    phone.get_by_role("link", name="More").tap()
    sheet = phone.get_by_role("dialog", name="All pages")
    expect(sheet.get_by_role("link")).to_have_count(10)
    phone.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_a_tab_press_reaches_the_skip_link_first(desk):
    desk.goto("/home/")
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Skip to the content")).to_be_focused()
    desk.keyboard.press("Enter")
    assert desk.evaluate("document.activeElement.id") == "main"


def test_a_request_that_never_arrives_is_told_in_a_toast(desk, complaints):
    desk.goto("/stock/")
    desk.route("**/stock/?*", lambda route: route.abort())
    desk.get_by_role("columnheader", name="Value").get_by_role("link").click()
    expect(desk.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    complaints.clear()
