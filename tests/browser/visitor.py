"""Somebody in front of the page: a tab that tells what it complained of, and whom else it asked."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.integration.graphql_api.wallets import Wallet

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SEEN_WITHIN_SECONDS = 30.0
SERIOUS = {"serious", "critical"}
DESK = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}

# EIP-1193, as wallets inject it; the key stays with the test.
INJECTED = """window.ethereum = { request: ({ method, params }) => window.askWallet(method, params ?? []) };"""

expect.set_options(timeout=1000 * SEEN_WITHIN_SECONDS)


def find_chromium() -> str:
    """Return where the browser is: CHROMIUM_BIN, or the first on PATH."""
    found = os.environ.get("CHROMIUM_BIN") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium on PATH: `apt-get install chromium`, or name one in CHROMIUM_BIN"
    return found


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Keep a browser for as long as the block lasts."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium())
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One tab; `complaints` are errors of its console, `asked` the hosts it asked, `loads` counts whole pages."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.loads = 0
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: self.asked.add(urlsplit(socket.url).netloc))
        page.on("load", lambda _: self._loaded())

    async def go(self, path: str = "/") -> None:
        """Open a view by its address."""
        await self.page.goto(self.url + path)

    async def sees(self, *texts: str) -> None:
        """Return when all of these texts are on the page."""
        for text in texts:
            await expect(self.page.get_by_text(text, exact=False).first).to_be_visible()

    async def sees_row(self, job_id: str, text: str) -> None:
        """Return when the row of a job says something."""
        await expect(self.page.locator(f"[data-job='{job_id}']").first).to_contain_text(text)

    async def press(self, name: str) -> None:
        """Press a button by its name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def bring(self, wallet: Wallet) -> None:
        """Have a wallet in the browser, on the next page that is opened."""

        async def ask(method: str, parameters: list[Any]) -> Any:
            match method:
                case "eth_requestAccounts":
                    return [wallet.address.lower()]
                case "eth_chainId":
                    return hex(56)
                case "personal_sign":
                    return wallet.sign(bytes.fromhex(parameters[0][2:]).decode())
            raise AssertionError(f"the page asked the wallet for {method}")

        await self.page.expose_function("askWallet", ask)
        await self.page.add_init_script(INJECTED)

    async def sign_in(self, wallet: Wallet) -> None:
        """Sign in with a wallet."""
        await self.bring(wallet)
        await self.go("/account")
        await self.press("Sign in with a wallet")
        await expect(self.page.get_by_role("heading", name="My jobs")).to_be_visible()

    async def barriers(self) -> list[str]:
        """Return what axe finds serious, each with the first place of it."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate("axe.run()")
        return [
            f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"] if each["impact"] in SERIOUS
        ]

    def _loaded(self) -> None:
        self.loads += 1


@asynccontextmanager
async def visiting(browser: Browser, url: str, *, scheme: Any = "light", size: Any = DESK) -> AsyncIterator[Visitor]:
    """Let somebody look for as long as the block lasts."""
    context = await browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    try:
        yield Visitor(await context.new_page(), url)
    finally:
        await context.close()
