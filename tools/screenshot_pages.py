"""Which pages of the desk are photographed, as whom: one line each.

A page that wants an id is reached from another by `follow`: a selector that is clicked there. What
must be done on a page before it is worth a picture is `act`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from playwright.sync_api import Page, expect
from screenshot_places import CAREFUL, Opened, Place
from screenshot_sales import (
    SHOP,
    chosen,
    more_than_due,
    ordered,
    paid,
    sold,
    sold_and_paid,
    two_prices,
    with_shift,
    without_a_name,
    without_shift,
)

Act = Callable[[Page, Opened], None]
"""Done on an open page of a server."""


THEN: Final = " then "
"""Between two selectors that are clicked one after the other."""


class Shot(NamedTuple):
    """One page: its name in the pictures' names, its address, the role of who looks ("" nobody).

    `refusal` is the number of the answer if the page is one that refuses; the browser tells of it.
    """

    name: str
    url: str
    role: str
    follow: str = ""
    act: Act | None = None
    place: Place = Place.desk
    refusal: int = 0


def scan(page: Page, code: str, face: str) -> None:
    """Type a code as a scanner does, on the page of a browser's own gate."""
    expect(page.locator("[data-link]")).to_have_attribute("data-state", "connected")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("[data-verdict]")).to_have_attribute("data-state", face)


def _admitted(page: Page, opened: Opened) -> None:
    scan(page, opened.ticket()["code"], "admit")


def _used(page: Page, opened: Opened) -> None:
    code = opened.ticket()["code"]
    scan(page, code, "admit")
    scan(page, code, "warn")


def _unknown(page: Page, _opened: Opened) -> None:
    scan(page, "ZZZZZZZZZZZZZZZZ", "refuse")


LIST: Final = """reference,name,phone,备注
P-1,𠮷田一郎,138 0013 8000,VIP
P-2,阿卜杜热西提·买买提,,
P-3,O'Neil,call me,
P-4,#N/A,,
"""
"""Four guests, two of them with something wrong."""


def _press(page: Page, act: str) -> None:
    page.locator(f"form[action$='/{act}/'] button.main").first.click()


def _columns(page: Page, _opened: Opened) -> None:
    page.locator("#event").select_option("tea-expo")
    file = {"name": "客人.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    page.locator("#list").set_input_files(file)  # type: ignore[arg-type]
    page.locator("form[data-drop] button.main").click()
    expect(page.locator(".preview")).to_be_visible()
    page.locator("#product").select_option(index=1)


def _checked(page: Page, opened: Opened) -> None:
    _columns(page, opened)
    _press(page, "check")
    expect(page.locator("[data-rejected]")).to_have_text("2")


def _imported(page: Page, opened: Opened) -> None:
    _checked(page, opened)
    _press(page, "run")
    expect(page.locator(".rejects > li")).to_have_count(2)


def _looked(page: Page, _opened: Opened) -> None:
    # The script shows what is chosen by itself.
    expect(page.locator(".previews img").first).to_be_visible()


def _printed(page: Page, opened: Opened) -> None:
    page.goto(page.url.partition("/desk/")[0] + "/desk/tickets/")
    page.locator("input[name=ticket]").nth(0).check()
    page.locator("input[name=ticket]").nth(1).check()
    page.locator("button[formaction$='/paper/']").click()
    _looked(page, opened)
    page.locator("button[name=do][value=print]").click()
    page.wait_for_load_state()


def _ticked(page: Page, _opened: Opened) -> None:
    for place in range(3):
        page.locator("input[name=ticket]").nth(place).check()
    page.locator("form[action$='/acts/'] button").first.click()
    page.wait_for_load_state()


def _acted(page: Page, opened: Opened) -> None:
    _ticked(page, opened)
    page.locator("input[name=what]").first.check()
    page.locator("input[name=why]").fill("pictures")
    page.locator("main .form button.main").click()
    # Until it is done the page looks again by itself.
    expect(page.locator("progress")).to_have_attribute("value", "3")


def _quota(page: Page, _opened: Opened) -> None:
    for company in ("Höhenweg 茶业", "Oak & Son"):
        page.locator("form[method=post] [name=company]").fill(company)
        page.locator("form[method=post] [name=product]").select_option(index=1)
        page.locator("form[method=post] [name=count]").fill("20")
        page.locator("main form[method=post] button.main").click()
        expect(page.locator("main tbody")).to_contain_text(company)


def _invited(page: Page, _opened: Opened) -> None:
    page.locator("#name").fill("欧阳娜娜")
    page.locator("input[value=steward]").check()
    page.locator("main button.main").click()
    expect(page.locator("#address")).to_be_visible()


def _joining(page: Page, opened: Opened) -> None:
    _invited(page, opened)
    address = page.locator("#address").input_value()
    page.goto(page.url.partition("/desk/")[0] + "/join/" + address.partition("/join/")[2])


def _forgot(page: Page, _opened: Opened) -> None:
    page.locator("form[action$='/password-link/'] button").click()
    address = page.locator("#address").input_value()
    page.goto(
        page.url.partition("/desk/")[0] + "/new-password/" + address.partition("/new-password/")[2]
    )


def _factor(page: Page, opened: Opened) -> None:
    opened.confirm(page, "finance")
    expect(page.locator(".qr")).to_be_visible()


def _asked_for_code(page: Page, opened: Opened) -> None:
    opened.cookies(CAREFUL)  # has the second factor from then on
    page.locator("#username").fill(CAREFUL)
    page.locator("#password").fill(opened.passwords[CAREFUL])
    page.locator("main button.main").click()
    expect(page.locator("#code")).to_be_focused()


def _with_second_factor(page: Page, opened: Opened) -> None:
    opened.cookies(CAREFUL)
    page.reload()


def _codes_asked(page: Page, opened: Opened) -> None:
    opened.confirm(page, CAREFUL)
    expect(page.locator("main form button")).to_be_visible()


def _codes_made(page: Page, opened: Opened) -> None:
    _codes_asked(page, opened)
    page.locator("main form button.main").click()
    expect(page.locator(".codes li")).to_have_count(10)


def _codes_gone(page: Page, opened: Opened) -> None:
    _codes_made(page, opened)
    page.reload()
    expect(page.locator(".empty")).to_be_visible()


def _first_run(page: Page, opened: Opened) -> None:
    page.goto(opened.first_run)
    expect(page.locator("#organiser")).to_be_focused()


def _first_run_twice(page: Page, opened: Opened) -> None:
    _first_run(page, opened)
    for field, text in (("organiser", "东湖会展"), ("name", "Lin Yue"), ("username", "lin yue")):
        page.locator(f"#{field}").fill(text)
    page.locator("#password").fill("lake-stone-9")
    page.locator("#password-again").fill("lake-stone-8")
    page.locator("main button.main").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def _blocked_elsewhere(page: Page, _opened: Opened) -> None:
    page.locator("input[name=what]").first.check()
    page.locator("input[name=why]").fill("pictures")
    page.locator(".doing button.main").click()
    expect(page.locator("form[action$='/wish/'] #why")).to_be_visible()


def _wished(page: Page, opened: Opened) -> None:
    _blocked_elsewhere(page, opened)
    page.locator("form[action$='/wish/'] #why").fill("pictures")
    page.locator("form[action$='/wish/'] button.main").click()
    page.goto(f"{opened.url}/desk/venues/")


def _alone(page: Page, opened: Opened) -> None:
    page.locator("#why").fill("burnt")
    page.locator("#second").fill("manager")
    page.locator("#password").fill(opened.passwords["manager"])
    page.locator("main form button.danger").click()
    expect(page.locator(".trouble")).to_be_visible()


def _listed(page: Page, _opened: Opened) -> None:
    page.locator(".door button.main").first.click()
    page.wait_for_load_state()


def _guest(page: Page, opened: Opened) -> None:
    page.goto(opened.ticket()["page_url"])


def _code_of_a_host(page: Page, _opened: Opened) -> None:
    page.locator("#name").fill("hall-3")
    page.keyboard.press("Enter")
    expect(page.locator(".command")).to_be_visible()


PRICES: Final = f"main .box a, main h3 a, main h2 a{THEN}main a[href$='/prices/']"
VENUES: Final = "/desk/venues/"
LEASE: Final = "a.terminal[href*='/leases/']"
BREAK: Final = "a[href$='/break/']"

SHOTS: Final = (
    Shot("enrol", "/enrol", ""),
    Shot("sign-in", "/", ""),
    Shot("sign-in-code", "/", "", act=_asked_for_code),
    Shot("sign-in-nobody-yet", "/", "", place=Place.empty),
    Shot("first-run", "/", "", act=_first_run, place=Place.empty),
    Shot("first-run-wrong", "/", "", act=_first_run_twice, place=Place.empty, refusal=422),
    Shot("first-run-over", "/first-run/?code=0", "", refusal=410),
    Shot("not-found", "/desk/nowhere/", "manager", refusal=404),
    Shot("start", "/", "manager"),
    Shot("today", "/desk/today/", "manager"),
    Shot("today-finance", "/desk/today/", "finance"),
    Shot("tickets", "/desk/tickets/", "manager"),
    Shot("tickets-cashier", "/desk/tickets/", "cashier"),
    Shot("ticket", "/desk/tickets/", "manager", follow="main table a"),
    Shot(
        "ticket-holder",
        "/desk/tickets/",
        "manager",
        follow=f"main table a{THEN}a[href$='/holder/']",
    ),
    Shot("ticket-page", "/enrol", "", act=_guest),
    Shot("shop", SHOP, ""),
    Shot("shop-total", SHOP, "", act=chosen),
    Shot("shop-wrong", SHOP, "", act=without_a_name, refusal=422),
    Shot("order", SHOP, "", act=ordered),
    Shot("order-paid", SHOP, "", act=paid),
    Shot("order-nowhere", "/o/nowhere", "", refusal=404),
    Shot("sales-shift-closed", "/desk/sales/shift/", "cashier", act=without_shift),
    Shot("sales-shift", "/desk/sales/shift/", "cashier", act=with_shift),
    Shot("sales", "/desk/sales/", "cashier"),
    Shot("sales-finance", "/desk/sales/", "finance"),
    Shot("sales-sell", f"/desk/sales/sell{SHOP.removeprefix('/e')}", "cashier"),
    Shot("sales-order", "/desk/sales/", "cashier", act=sold),
    Shot("sales-order-paid", "/desk/sales/", "cashier", act=sold_and_paid),
    Shot("sales-order-more", "/desk/sales/", "cashier", act=more_than_due),
    Shot("tickets-ticked", "/desk/tickets/", "manager", act=_ticked),
    Shot("tickets-act", "/desk/tickets/", "manager", act=_acted),
    Shot("tickets-hand-out", "/desk/tickets/hand-out/", "manager"),
    Shot("tickets-quotas", "/desk/tickets/quotas/", "manager", act=_quota),
    Shot("people", "/desk/people/", "manager"),
    Shot(
        "people-one",
        "/desk/tickets/",
        "manager",
        follow=f"main table a{THEN}main a[href*='/people/']",
    ),
    Shot("import", "/desk/import/", "manager"),
    Shot("import-columns", "/desk/import/", "manager", act=_columns),
    Shot("import-checked", "/desk/import/", "manager", act=_checked),
    Shot("import-done", "/desk/import/", "manager", act=_imported),
    Shot("paper", "/desk/paper/", "manager"),
    Shot("paper-looked", "/desk/paper/", "manager", act=_looked),
    Shot("paper-print", "/desk/paper/", "manager", act=_printed),
    Shot("reports", "/desk/reports/", "manager"),
    Shot("set-up", "/desk/set-up/", "manager"),
    Shot("set-up-organisers", "/desk/set-up/organisers/", "manager"),
    Shot("set-up-organiser", "/desk/set-up/organisers/", "manager", follow="main table a"),
    Shot("set-up-sites", "/desk/set-up/sites/", "manager"),
    Shot("set-up-site-new", "/desk/set-up/sites/new/", "manager"),
    Shot(
        "set-up-plan",
        "/desk/set-up/sites/",
        "manager",
        follow=f"main table a{THEN}main a[href$='/plan/']",
    ),
    Shot("set-up-zones", "/desk/set-up/zones/", "manager"),
    Shot("set-up-events", "/desk/set-up/events/", "manager"),
    Shot("set-up-event", "/desk/set-up/events/", "manager", follow="main table a"),
    Shot(
        "set-up-clone",
        "/desk/set-up/events/",
        "manager",
        follow=f"main table a{THEN}main a[href$='/clone/']",
    ),
    Shot("set-up-lanes", "/desk/set-up/lanes/", "manager"),
    Shot("set-up-lane-new", "/desk/set-up/lanes/new/", "manager"),
    Shot("set-up-sessions", "/desk/set-up/sessions/", "manager"),
    Shot("set-up-session", "/desk/set-up/sessions/", "manager", follow="main table a"),
    Shot("set-up-many-sessions", "/desk/set-up/many-sessions/", "manager"),
    Shot("set-up-rules", "/desk/set-up/rules/", "manager"),
    Shot("set-up-rules-version", "/desk/set-up/rules/", "manager", follow="main table a"),
    Shot("set-up-rules-regulator", "/desk/set-up/rules/", "regulator"),
    Shot("set-up-gates", "/desk/set-up/gates/", "manager"),
    Shot("set-up-gate", "/desk/set-up/gates/", "manager", follow="main table a"),
    Shot("set-up-products", "/desk/set-up/products/", "manager"),
    Shot(
        "set-up-product",
        "/desk/set-up/products/",
        "manager",
        follow="main .box a, main h3 a, main h2 a",
    ),
    Shot("set-up-prices", "/desk/set-up/products/", "manager", follow=PRICES),
    Shot("set-up-prices-two", "/desk/set-up/products/", "manager", follow=PRICES, act=two_prices),
    Shot("set-up-product-new", "/desk/set-up/products/new/", "manager"),
    Shot("set-up-product-kinds", "/desk/set-up/products/new/", "manager", follow=".kinds a"),
    Shot(
        "set-up-product-form",
        "/desk/set-up/products/new/",
        "manager",
        follow=f".kinds a{THEN}.kinds a",
    ),
    Shot("terminals", "/desk/terminals/", "manager"),
    Shot("terminal-new", "/desk/new-terminal/", "manager"),
    Shot("terminal-one", "/desk/terminals/north-1/", "manager"),
    Shot("terminal-revoke", "/desk/terminals/north-2/revoke/", "manager"),
    Shot("terminal-pair", "/desk/terminals/cave-1/pair/", "manager"),
    Shot("venues", "/desk/venues/", "manager"),
    Shot("venue-join", "/desk/venues/join/", "manager"),
    Shot("venue-code", "/desk/venues/join/", "manager", act=_code_of_a_host),
    Shot("venue-give", "/desk/venues/give/", "manager"),
    Shot("venues-leased", "/desk/venues/", "manager", place=Place.centre),
    Shot("venues-supervisor", "/desk/venues/", "supervisor", place=Place.centre),
    Shot("venue-give-leased", "/desk/venues/give/", "manager", place=Place.centre),
    Shot("venue-withdraw", VENUES, "manager", "a[href$='/withdraw/']", place=Place.centre),
    Shot("venue-lease", VENUES, "manager", LEASE, place=Place.centre),
    Shot("venue-lease-supervisor", VENUES, "supervisor", LEASE, place=Place.centre),
    Shot("venue-break", VENUES, "manager", f"{LEASE}{THEN}{BREAK}", place=Place.centre),
    Shot(
        "venue-break-alone",
        VENUES,
        "manager",
        f"{LEASE}{THEN}{BREAK}",
        act=_alone,
        place=Place.centre,
        refusal=422,
    ),
    Shot(
        "ticket-wish",
        "/desk/tickets/",
        "manager",
        "main table a",
        act=_blocked_elsewhere,
        place=Place.centre,
        refusal=409,
    ),
    Shot(
        "venues-wished",
        "/desk/tickets/",
        "manager",
        "main table a",
        act=_wished,
        place=Place.centre,
        refusal=409,
    ),
    Shot("host-start", "/", "manager", place=Place.host),
    Shot("host-venues", VENUES, "manager", place=Place.host),
    Shot("host-lease", VENUES, "manager", LEASE, place=Place.host),
    Shot("host-return", VENUES, "manager", f"{LEASE}{THEN}a[href$='/return/']", place=Place.host),
    Shot("doors", "/desk/doors/", "manager"),
    Shot("door-list", "/desk/doors/", "manager", act=_listed),
    Shot("door-key-in", "/desk/doors/north/key-in/", "manager"),
    Shot("staff", "/desk/staff/", "manager"),
    Shot("staff-new", "/desk/new-staff/", "manager"),
    Shot("staff-one", "/desk/staff/steward/", "manager"),
    Shot("invite", "/desk/invitations/new/", "manager"),
    Shot("staff-link", "/desk/invitations/new/", "manager", act=_invited),
    Shot("join", "/desk/invitations/new/", "manager", act=_joining),
    Shot("new-password", "/desk/staff/steward/", "manager", act=_forgot),
    Shot("roles", "/desk/roles/", "manager"),
    Shot("account", "/desk/account/", "cashier"),
    Shot("account-confirm", "/desk/account/second-factor/", "cashier"),
    Shot("account-factor", "/desk/account/second-factor/", "finance", act=_factor),
    Shot("account-second", "/desk/account/", CAREFUL),
    Shot("account-confirm-code", "/desk/account/confirm-code/", CAREFUL),
    Shot("account-factor-off", "/desk/account/second-factor/off/", CAREFUL, act=_codes_asked),
    Shot("account-codes-new", "/desk/account/recovery-codes/new/", CAREFUL, act=_codes_asked),
    Shot("account-codes", "/desk/account/recovery-codes/new/", CAREFUL, act=_codes_made),
    Shot("account-codes-gone", "/desk/account/recovery-codes/new/", CAREFUL, act=_codes_gone),
    Shot("staff-one-second", f"/desk/staff/{CAREFUL}/", "manager", act=_with_second_factor),
    Shot("not-permitted", "/desk/audit/", "finance", refusal=403),
    Shot("audit", "/desk/audit/", "manager"),
    Shot("no-gates", "/", "regulator"),
    Shot("scan", "/scan/north-1/", "steward"),
    Shot("scan-admitted", "/scan/north-1/", "steward", act=_admitted),
    Shot("scan-used", "/scan/north-1/", "steward", act=_used),
    Shot("scan-unknown", "/scan/north-1/", "steward", act=_unknown),
)
