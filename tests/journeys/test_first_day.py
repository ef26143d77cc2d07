"""A new distributor's first day in a real Chromium: files in, reconciled, what is missing, live."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from vyapar.kernel.gstin import check_character

pytestmark = [pytest.mark.stack, pytest.mark.browser]
_STEM = "27AAPFN7777F1Z"
_PATIENCE = 60_000


def books(today: date) -> dict[str, str]:
    """What a small firm's books hold, as files in the order in which they go in."""
    made, ends = today - timedelta(days=40), today + timedelta(days=200)
    sales = [
        f"T{n},R{1 + n % 2},{'TEA-1' if n % 3 else 'BIS-1'},{n + 1},18.50,"
        f"{today - timedelta(days=n + 1)}T11:00:00+05:30"
        for n in range(12)
    ]
    return {
        "territories.csv": f"code,name,gstin\nPUNE,Pune,{_STEM}{check_character(_STEM)}\n",
        "locations.csv": "code,name,kind,territory,pincode\nGD-1,Pune godown,godown,PUNE,411001\n",
        "skus.csv": "sku,name,brand,hsn,mrp,trade_price,cost,case_pack\n"
        "BIS-1,Glucose biscuits,Namuna,19053100,20.00,18.50,14.00,24\n"
        "TEA-1,Leaf tea,Namuna,09024020,145.00,134.00,102.00,12\n",
        "retailers.csv": "retailer_id,name,territory,pincode\n"
        "R1,Shop One,PUNE,411002\nR2,Shop Two,PUNE,411004\n",
        "stock.csv": "sku,batch,location,quantity,mrp,expiry_date,manufacture_date\n"
        f"BIS-1,B1,GD-1,480,20.00,{ends},{made}\nTEA-1,B1,GD-1,240,145.00,{ends},{made}\n",
        "sales.csv": "transaction_id,retailer_id,sku,quantity,unit_price,timestamp\n"
        + "\n".join(sales)
        + "\n",
    }


@pytest.fixture(scope="module")
def page(house, chromium) -> Any:
    """The owner of a distributor that was opened a moment ago, signed in."""
    said = house.manage(
        "open_distributor", "--name", "newco", "--title", "Newco Traders", "--email", "owner@newco.example"
    )
    base = f"http://newco.localhost:{house.port}"
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=base)
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto("/sign-in")
    page.fill("input[name=username]", "owner")
    page.fill("input[name=password]", said.split()[-1])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/")
    yield page
    context.close()


def take_in(page: Any, file: Path) -> None:
    """Upload a file, have it checked as it is suggested, import it, and wait until it adds up."""
    page.goto("/data")
    page.set_input_files("input[type=file]", str(file))
    page.click("form[action='/data/upload'] button[type=submit]")
    page.click("button[name=check]")
    page.click("main button:has-text('Import it')")
    page.wait_for_selector(".page-head .badge:has-text('Reconciled')")


def test_a_new_distributor_is_led_from_its_first_file_to_going_live(page: Any, tmp_path: Path) -> None:
    assert page.inner_text("[aria-current=step] a") == "Connect a feed or upload a file"
    for name, text in books(date.today()).items():
        (tmp_path / name).write_text(text)
        take_in(page, tmp_path / name)
        if name == "territories.csv":
            page.goto("/data/readiness")
            assert page.query_selector("#lack-stock")
            assert page.query_selector("[data-dialog-open=live-dialog]") is None, "blockers stand"
    page.goto("/")
    assert page.locator(".onboarding__step--done").count() == 4
    page.click("[aria-current=step] .btn")
    page.wait_for_url("**/data/readiness")  # whole, so that its buttons open dialogs
    page.click("[data-dialog-open=live-dialog]")
    page.click("#live-dialog button[type=submit]")
    page.wait_for_selector("[data-dialog-open=observe-dialog]")
    page.goto("/")
    assert page.query_selector("#onboarding") is None
    assert "Live" in page.inner_text(".page-head")
    page.goto("/trail")
    assert "WentLive" in page.content()
