"""What is done in the shop, at the box office and with prices before a page is photographed."""

from typing import Final

from playwright.sync_api import Page, expect
from screenshot_places import Opened

SHOP: Final = "/e/tea-expo/"


def chosen(page: Page, _opened: Opened) -> None:
    """Choose two tickets and look at the total."""
    page.locator(".offers input").first.fill("2")
    page.locator("#name").fill("欧阳娜娜")
    page.locator("#email").fill("nana@example.org")
    page.locator("main button.main").click()
    expect(page.locator(".total")).to_be_visible()


def without_a_name(page: Page, opened: Opened) -> None:
    """Order without saying who."""
    chosen(page, opened)
    page.locator("#name").fill("")
    page.locator("#email").fill("nana@")
    # The browser itself would not send such an address.
    page.locator("form.buy").evaluate("form => { form.noValidate = true; }")
    page.locator("main button.main").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def ordered(page: Page, opened: Opened) -> None:
    """Order two tickets."""
    chosen(page, opened)
    page.locator("main button.main").click()
    expect(page.locator(".code .number")).to_be_visible()


def paid(page: Page, opened: Opened) -> None:
    """Order two tickets and pay them at the counter."""
    ordered(page, opened)
    number = page.locator(".code .number").inner_text()
    with opened.visit("cashier", "en-GB") as context:
        counter = context.new_page()
        _pay(counter, opened, number)
    page.reload()
    expect(page.locator(".tickets a")).to_have_count(2)


def _pay(counter: Page, opened: Opened, number: str) -> None:
    with_shift(counter, opened)
    counter.goto(f"{opened.url}/desk/sales/?q={number.replace(' ', '')}")
    counter.locator("main tbody th a").click()
    counter.locator("button[value=cash]").click()
    expect(counter.locator(".issued li")).to_have_count(2)


def with_shift(page: Page, opened: Opened) -> None:
    """Open a shift if none is open."""
    page.goto(f"{opened.url}/desk/sales/shift/")
    if page.locator("button[value=open]").count():
        page.locator("[name=amount]").fill("500")
        page.locator("button[value=open]").click()
        expect(page.locator("button[value=end]")).to_be_visible()


def without_shift(page: Page, opened: Opened) -> None:
    """End the shift if one is open."""
    if page.locator("button[value=end]").count():
        page.locator("[name=amount]").first.fill("500")
        page.locator("button[value=end]").click()
        page.goto(f"{opened.url}/desk/sales/shift/")


def sold(page: Page, opened: Opened) -> None:
    """Sell two tickets, not paid yet."""
    with_shift(page, opened)
    page.goto(f"{opened.url}/desk/sales/sell{SHOP.removeprefix('/e')}")
    page.locator("main input[type=number]").first.fill("2")
    page.locator("main button.main").click()
    expect(page.locator("button[value=cash]")).to_be_visible()


def sold_and_paid(page: Page, opened: Opened) -> None:
    """Sell two tickets for cash."""
    sold(page, opened)
    page.locator("button[value=cash]").click()
    expect(page.locator(".issued li")).to_have_count(2)


def more_than_due(page: Page, opened: Opened) -> None:
    """Take more money than is due."""
    sold(page, opened)
    page.locator("[name=amount]").fill("200")
    page.locator("button[value=cash]").click()
    expect(page.locator(".issued li")).to_have_count(2)


def two_prices(page: Page, _opened: Opened) -> None:
    """Add a price."""
    page.locator("button[value=more]").click()
    page.locator("details.rare summary").last.click()
    expect(page.locator("[name=form-1-amount]")).to_be_visible()
