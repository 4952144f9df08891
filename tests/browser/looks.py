"""What is wrong with how a page looks, as far as a program can tell: by axe-core and by measure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).resolve().parents[2] / "terminal/node_modules/axe-core/axe.min.js"
# A photographer has time: a run of hours is not ended by a machine that others keep busy.
PATIENCE_MS: Final = 180_000
GRAVE: Final = ("serious", "critical")
# What passes is not described one by one, which takes longer than finding what does not.
_JUDGE: Final = "() => axe.run(document, { resultTypes: ['violations'] })"
# A page that scrolls sideways, and whatever sticks out of it.
_WIDE: Final = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clips = (one) => getComputedStyle(one).overflowX !== "visible";
  const inside = (one) => one === null || one === document.body
    || (!clips(one) && inside(one.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > width + 0.5 && inside(one.parentElement))
    .slice(0, 3)
    .map((one) => `${one.tagName.toLowerCase()}.${one.className} ${one.textContent.slice(0, 30)}`)
    .concat(document.documentElement.scrollWidth + " px");
}"""


def serious(page: Page) -> list[str]:
    """Return what axe calls serious or worse, as rule, place and summary.

    The page's context must have been given axe by `add_init_script(path=AXE)`, because the policy
    of our pages lets no further script in.
    """
    result: dict[str, Any] = page.locator("body").evaluate(_JUDGE)
    return [
        f"{rule['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for rule in result["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """Return what makes the page scroll sideways, nothing if it does not."""
    found: Sequence[str] = page.locator("body").evaluate(_WIDE)
    return [f"wider than the screen: {one}" for one in found]


def fits(page: Page) -> None:
    """Nothing is wider than the window. A click may be on its way to a page without a body yet."""
    measured = page.locator("body").evaluate(
        "() => [document.documentElement.scrollWidth, innerWidth]"
    )
    assert measured[0] <= measured[1], page.url


def wrong_language(page: Page, language: str) -> list[str]:
    """Return whether the page says that it speaks another language than was asked for.

    Args:
        page: A page that is open.
        language: The beginning of the tag it should have: en or zh.
    """
    tag = page.locator("html").get_attribute("lang") or "none"
    chinese = page.evaluate("() => /[\\u4e00-\\u9fff]/.test(document.body.innerText)")
    if not tag.startswith(language):
        return [f"speaks {tag} instead of {language}"]
    return (
        ["says that it speaks Chinese and has no word of it"]
        if language == "zh" and not chinese
        else []
    )
