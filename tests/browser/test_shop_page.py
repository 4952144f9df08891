"""A visitor buys on a phone, a cashier takes the money by keyboard, a gate admits each once."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gate import DESK, PHONE, Gate, chromium
from tests.browser.looks import AXE, serious, too_wide, wrong_language
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.http, pytest.mark.timeout(300)]

SHOP = "/e/tea-expo/"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=5) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def person(server: ServerTree, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == role)
    return found


def well_made(page: Page, language: str) -> None:
    """Nothing that a program can see is wrong with a page."""
    assert [*serious(page), *too_wide(page), *wrong_language(page, language)] == []


class Keys:
    """A cashier who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, selector: str) -> None:
        """Go from field to field until one has the keyboard."""
        for _ in range(60):
            if self.page.locator(f"{selector}:focus").count():
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"the keyboard does not come to {selector}")

    def types(self, text: str) -> None:
        """Write over what stands in the field."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, selector: str) -> None:
        self.to(selector)
        self.page.keyboard.press("Enter")


def order_two(page: Page, server: ServerTree) -> str:
    """Order two tickets in Chinese; the number that the page shows."""
    page.goto(server.url + SHOP)
    well_made(page, "zh")
    page.locator(".offers input").first.fill("2")
    page.locator("#name").fill("欧阳娜娜")
    page.locator("#phone").fill("138 0013 8000")
    page.get_by_role("button", name="查看合计").click()
    expect(page.locator(".total")).to_contain_text("¥160.00")
    well_made(page, "zh")
    page.get_by_role("button", name="提交订单").click()
    expect(page.locator(".order-state")).to_contain_text("待付款")
    well_made(page, "zh")
    return page.locator(".code .number").inner_text().replace(" ", "")


def take_cash(page: Page, number: str) -> None:
    """Open the shift, find the order by its number, take what is due."""
    keys = Keys(page)
    keys.press("nav a[href='/desk/sales/']")
    keys.press("main a[href='/desk/sales/shift/']")
    keys.to("[name=amount]")
    keys.types("200")
    keys.press("button[value=open]")
    expect(page.locator("button[value=end]")).to_be_visible()
    well_made(page, "en")
    keys.press("nav a[href='/desk/sales/']")
    expect(page.locator("[name=q]")).to_be_focused()
    keys.types(number)
    page.keyboard.press("Enter")
    expect(page.locator("main tbody tr")).to_have_count(1)
    well_made(page, "en")
    keys.press("main tbody th a")
    expect(page.locator("[name=amount]")).to_have_value("160.00")
    expect(page.locator("[name=amount]")).to_be_focused()
    well_made(page, "en")
    keys.press("button[value=cash]")
    expect(page.locator(".issued li")).to_have_count(2)
    well_made(page, "en")


def serials(page: Page, where: str) -> list[str]:
    """Open each ticket of the order and return the serials that their pages show."""
    found = []
    for place in range(2):
        page.goto(where)
        page.locator(".tickets a").nth(place).click()
        well_made(page, "zh")
        serial = page.get_by_text(re.compile(r"\d{4} \d{4} \d{4} \d\d|\d{14}")).last
        found.append(re.sub(r"\D", "", serial.inner_text())[-14:])
    return found


def test_a_visitor_orders_a_cashier_takes_cash_and_a_gate_admits_each_ticket_once(
    browser: Browser, server: ServerTree
) -> None:
    phone = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN", has_touch=True
    )
    phone.add_init_script(path=AXE)
    visitor, said = phone.new_page(), list[str]()
    visitor.on("console", lambda message: said.append(message.text))
    visitor.on("pageerror", lambda error: said.append(str(error)))
    number = order_two(visitor, server)
    order = visitor.url

    counter = Gate(browser, server.url, size=DESK)
    counter.page.context.add_init_script(path=AXE)
    counter.sign_in(person(server, "cashier"))
    take_cash(counter.page, number)

    visitor.reload()
    expect(visitor.locator(".order-state")).to_contain_text("已付款")
    expect(visitor.locator(".tickets a")).to_have_count(2)
    well_made(visitor, "zh")
    found = serials(visitor, order)
    assert len(set(found)) == 2

    gate = Gate(browser, server.url)
    gate.sign_in(person(server, "steward"))
    gate.stand_at("north-1")
    for serial in found:
        gate.scan(serial)
        gate.sees("admit")
        gate.reads("who", "欧阳娜娜")
        gate.scan(serial)
        gate.sees("warn")
    assert gate.inside() == 2
    assert said + counter.said + gate.said == []
