"""The pages in a real Chromium, on a phone and on a desk, as people use them."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser]
PAGES = (
    "/",
    "/inbox",
    "/stock",
    "/stock/pivot",
    "/stock/pivot?basis=outlets&rows=outlet",
    "/outlets",
    "/forecast",
    "/forecast/overrides/new",
    "/forecast/outliers",
    "/forecast/corrections",
    "/forecast/corrections/new",
    "/transfers",
    "/campaigns",
    "/compliance",
    "/alerts",
    "/agents",
    "/trail",
    "/settings",
    "/data/exports",
    "/settings/channels",
    "/settings/registrations",
    "/alerts/preferences",
    "/settings/webhooks",
    "/settings/takeout",
)


@pytest.fixture(scope="module", params=[390, 1440], ids=["phone", "desk"])
def page(request, chromium, house):
    """The owner's browser, signed in through the form."""
    context = chromium.new_context(viewport={"width": request.param, "height": 900})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    account = house.accounts()["owner"]
    page.goto(f"{house.base}/sign-in")
    page.fill("input[name=username]", account["username"])
    page.fill("input[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.base}/", timeout=60_000)
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_fits_the_screen_and_breaks_no_policy(page, house, path):
    answer = page.goto(f"{house.base}{path}")
    assert answer.status == 200
    assert page.inner_text("h1").strip()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), "scrolls sideways"
    assert page.complaints == []


def test_the_stop_button_stops_and_lets_go_on(page, house):
    page.goto(f"{house.base}/")
    page.click(".topbar__stop button")
    page.click("#stop-dialog button[type=submit]")
    page.wait_for_load_state()
    page.goto(f"{house.base}/agents")
    assert "Stopped" in page.inner_text("main")
    page.click("main button:has-text('Start again')")
    page.wait_for_load_state()
    page.goto(f"{house.base}/agents")
    assert page.query_selector("main button:has-text('Start again')") is None


def test_an_action_is_read_and_its_life_is_shown(page, house, owner):
    action = wait_for(lambda: owner.get("/api/v1/actions").json()["results"], "an action")[0]
    page.goto(f"{house.base}/inbox/{action['actionId']}")
    assert action["title"] in page.inner_text("h1")
    assert page.query_selector(".timeline__entry")
