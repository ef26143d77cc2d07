"""Pictures of the gallery in a real Chromium, and what the browser complained about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, Request, sync_playwright

PAGES = ("home", "inbox", "stock", "transfers", "campaigns", "agents", "components", "alerts",
         "sign-in", "404")  # fmt: skip
WIDTHS = {"phone": (390, 844), "desk": (1440, 900)}
ARGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
        "--disable-component-update", "--disable-sync"]  # fmt: skip


def chromium() -> str | None:
    """Where this machine's Chromium is."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def launch(playwright: object) -> Browser:
    """Debian's Chromium, without its outside calls."""
    args = [*ARGS, "--no-sandbox"] if os.geteuid() == 0 else ARGS
    return playwright.chromium.launch(executable_path=chromium(), args=args)


def listen(page: Page, label: str, complaints: list[str]) -> None:
    """Collect console errors (CSP violations are among them), page errors and failed requests."""
    page.on("console", lambda m: complaints.append(f"{label}: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(f"{label}: {e}"))

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # leaving a page ends what it had asked for
            complaints.append(f"{label}: failed {request.url}")

    page.on("requestfailed", failed)


def settle(page: Page) -> None:
    """Wait for fonts and for every chart to be drawn."""
    page.evaluate("document.fonts.ready")
    page.evaluate("""async () => {
        for (const chart of document.querySelectorAll('[data-chart]')) {
            chart.scrollIntoView();
            for (let i = 0; i < 40 && !chart.querySelector('canvas'); i++)
                await new Promise(r => setTimeout(r, 50));
        }
        scrollTo(0, 0);
        await new Promise(r => setTimeout(r, 400));
    }""")


def take(address: str, folder: Path, wanted: Sequence[str] = ()) -> list[str]:
    """Every page at both widths in both themes (English) and in Hindi (light); returns complaints."""
    complaints: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for device, (width, height) in WIDTHS.items():
            for look, language in (("light", "en"), ("dark", "en"), ("light", "hi")):
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=look,
                    locale=f"{language}-IN",
                    has_touch=device == "phone",
                    device_scale_factor=1,
                )
                for name in wanted or PAGES:
                    page = context.new_page()
                    label = f"{name}-{device}-{look}-{language}"
                    listen(page, label, complaints)
                    page.goto(f"{address}/{name}/")
                    settle(page)
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if wide > 0:
                        complaints.append(f"{label}: {wide} px wider than the screen")
                    page.screenshot(path=folder / f"{label}.png", full_page=True)
                    page.close()
                context.close()
        browser.close()
    return complaints
