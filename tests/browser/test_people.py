"""What people do on the page: sign in with a wallet, say what to run, and operate."""

import pytest
from playwright.async_api import expect

from models.values import show_bytes
from tests.browser.site import ADMIN, Site
from tests.browser.visitor import Visitor
from tests.effects.marketplace import RENTER
from tests.integration.graphql_api.wallets import Wallet

pytestmark = pytest.mark.long

STRANGER = Wallet(9)
UNPAID = "0x" + "ab" * 32


async def test_a_renter_signs_in_and_sees_their_jobs(site: Site, visitor: Visitor) -> None:
    """The session outlives a reload, is in no place that a script can read, and ends when it is signed out of."""
    job_id = await site.open_job()
    await visitor.sign_in(Wallet(RENTER))
    await visitor.sees_row(job_id, "RTX 4090")

    await visitor.page.reload()
    await visitor.sees_row(job_id, "RTX 4090")
    kept = await visitor.page.evaluate("document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])")
    await visitor.press("Sign out")

    await expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert (kept, visitor.complaints) == ("[{},{}]", [])


async def test_a_spec_is_shown_to_its_renter_only(site: Site, visitor: Visitor) -> None:
    """Who created the job reads what it runs; before, it only says that there is something to read."""
    job_id = await site.open_job()
    await visitor.go(f"/jobs/{job_id}")
    await visitor.sees("Known to its renter, its provider and admins.")

    await visitor.sign_in(Wallet(RENTER))
    await visitor.go(f"/jobs/{job_id}")

    await expect(visitor.page.get_by_text("Image", exact=True)).to_be_visible()


async def test_a_spec_is_handed_in(visitor: Visitor) -> None:
    """Before the job is on chain; a job id that is none is told so, in the API's words."""
    await visitor.sign_in(STRANGER)
    await visitor.page.get_by_label("Docker image").fill("registry.example/render:1")
    await visitor.page.get_by_label("Job id", exact=True).fill("0x12")
    await visitor.press("Hand in")
    await visitor.sees("64 hex digits")

    await visitor.page.get_by_label("Job id", exact=True).fill(UNPAID)
    await visitor.press("Hand in")

    await visitor.sees("Handed in. It is sent once the job is final on BSC.")


async def test_who_declines_is_told(visitor: Visitor) -> None:
    """What the wallet says is shown, and the button can be pressed again."""
    await visitor.page.add_init_script(
        "window.ethereum = { request: () => Promise.reject({ code: 4001, message: 'The person said no.' }) }"
    )
    await visitor.go("/account")
    await visitor.press("Sign in with a wallet")

    await visitor.sees("The person said no.")
    await expect(visitor.page.get_by_role("button", name="Sign in with a wallet")).to_be_enabled()


async def test_an_admin_operates(site: Site, visitor: Visitor) -> None:
    """A reindex is asked for and comes to its end; credits pause and go on; a retry that cannot be is refused."""
    await visitor.sign_in(ADMIN)
    await visitor.page.get_by_role("link", name="Operate").click()

    await visitor.page.get_by_label("From block").fill("2")
    await visitor.press("Reindex")
    await visitor.sees("nothing differed")
    await visitor.press("Pause credits")
    await visitor.sees("Credits are paused.")
    await visitor.press("Go on with credits")
    await visitor.sees("Credits go on.")
    await site.marketplace.market.ask("update checkpoints set paused_reason = 'a fork' where chain = 'opbnb'")
    await visitor.press("Resume opBNB")
    await visitor.sees("Told its indexer to go on.")
    await expect(visitor.page.get_by_role("button", name="Resume opBNB")).to_have_count(0)
    await visitor.page.get_by_label("Job id", exact=True).fill(UNPAID)
    await visitor.press("Hand it out again")

    await expect(visitor.page.locator(".told.bad").last).not_to_be_empty()
    assert visitor.complaints == []


async def test_others_may_not_operate(visitor: Visitor) -> None:
    """There is no way there, and who knows the address is told who may."""
    await visitor.sign_in(STRANGER)

    await expect(visitor.page.get_by_role("link", name="Operate")).to_have_count(0)
    await visitor.go("/admin")
    await visitor.sees("For admins only")


async def test_search_leads_to_what_it_finds(site: Site, visitor: Visitor) -> None:
    """A slash leads to the field; a single hit is gone to, several are listed, nothing is said in words."""
    job_id = await site.open_job()
    provider = show_bytes(site.marketplace.market.provider(7))
    await visitor.go()
    await visitor.sees_row(job_id, "RTX 4090")

    await visitor.page.keyboard.press("/")
    await visitor.page.keyboard.type(job_id.upper().replace("0X", ""))
    await visitor.page.keyboard.press("Enter")
    await visitor.sees("Timeline")
    await visitor.go(f"/search?q={provider}")
    await expect(visitor.page.get_by_role("heading", name="L4")).to_be_visible()
    await visitor.go("/search?q=0x12")

    await visitor.sees("Nothing found")


async def test_providers_are_filtered(visitor: Visitor) -> None:
    """By what a renter needs; the filter is in the address, so that it can be sent to somebody."""
    await visitor.go("/providers")
    await expect(visitor.page.locator("tbody tr")).to_have_count(3)

    await visitor.page.get_by_label("Memory").select_option("24")
    await expect(visitor.page.locator("tbody tr")).to_have_count(2)
    await visitor.page.reload()

    await expect(visitor.page.locator("tbody tr")).to_have_count(2)
    assert "memory=24" in visitor.page.url
