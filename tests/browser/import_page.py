"""What somebody who imports a list does on its pages, in a browser."""

import base64

from playwright.sync_api import Page

DROP = """([name, body]) => {
    const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
    const dropped = new DataTransfer();
    dropped.items.add(new File([bytes], name));
    const told = { dataTransfer: dropped, bubbles: true, cancelable: true };
    document.querySelector("[data-zone] label").dispatchEvent(new DragEvent("drop", told));
}"""


def drop(page: Page, name: str, body: bytes) -> None:
    """Drop a file on the page, as from a folder of the desktop."""
    page.evaluate(DROP, [name, base64.b64encode(body).decode()])


def press(page: Page, act: str) -> None:
    """Press the button of an act: check, run, undo and so on."""
    page.locator(f"form[action$='/{act}/'] button").first.click()
