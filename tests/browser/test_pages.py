"""The sandbox's pages in a real browser, as a person sees them after a run."""

from __future__ import annotations

from urllib.parse import urldefrag, urlsplit

import pytest
import requests

from .conftest import ADA

PAGES = (
    "/",
    "/users",
    "/users/59",
    "/events",
    "/lists",
    "/lists/302",
    "/journeys",
    "/catalogs",
    "/catalogs/products",
    "/fields",
    "/requests",
    "/limits",
)


def test_from_a_user_to_its_changes_and_its_list(browser, shop):
    browser.open(shop)
    assert "59 users" in browser.text("header")
    browser.click(ADA)
    shown = browser.shows("userId C-1")
    assert ('home {"city":"Oslo"}' in shown, '"free" "gold"' in shown) == (True, True)
    browser.click("VIP")
    browser.shows("3 members")
    browser.click(ADA)
    browser.shows(ADA, "h1")


def test_users_are_searched_and_turned_over(browser, shop):
    browser.open(shop)
    browser.click("Older")
    assert ADA not in browser.shows("user02@shop.com")
    browser.fill("input[name=q]", "ADA.\n")
    assert "user" not in browser.shows(ADA, "table").replace("userId", "")
    browser.fill("input[name=q]", "zzz\n")
    browser.shows("No user matches.")


def test_events_and_what_a_user_chose_are_shown(browser, shop):
    browser.open(shop)
    browser.click("Events")
    shown = browser.shows("Order Placed", "table")
    assert ("order-1" in shown, "p-1" in shown, "order-2" in shown) == (True, True, False)
    browser.click(ADA)
    shown = browser.shows("Unsubscribed message types")
    assert ("Order Placed order-1" in shown, '"total":9.5' in shown) == (True, True)


def test_journeys_that_would_have_started_lead_to_their_requests(browser, shop):
    browser.open(shop)
    browser.click("Journeys")
    shown = browser.shows("list subscribe: VIP off none 0 0", "table")
    assert "Win back event: Order Placed enabled 1 per user, 1 at the same time 1 0" in shown
    browser.click(ADA)
    shown = browser.shows("Journeys that would have started")
    assert ("Win back event Order Placed with id order-1" in shown, "Upgrade profile update" in shown) == (True, True)
    browser.run("[...document.links].find(link => link.closest('td')?.dataset.label === 'Request').click()")
    browser.shows("trackBulk", "h1")


def test_a_catalog_shows_its_types_and_items(browser, shop):
    browser.open(shop)
    browser.click("Catalogs")
    browser.shows("price double", "table")
    browser.click("products")
    assert "price double" in browser.shows('origin {"garden":"Halmari"}')
    browser.fill("input[name=q]", "sku-52\n")
    browser.shows("sku-52")
    assert "sku-51" not in browser.shows("55 items")


def test_a_refused_request_is_found_and_shown_with_its_reply(browser, shop):
    browser.open(shop)
    browser.click("Requests")
    browser.shows("Last requests")
    browser.fill("input[name=path]", "users/update")
    browser.fill("select[name=status]", "400")
    browser.press("form button")
    browser.arrives("status=400")
    browser.click("POST /api/users/update")
    assert '"expectedType": "string"' in browser.shows('"plan": 7')
    browser.click("Earlier")
    browser.shows('"plan": "gold"')


def test_faults_that_are_on_are_told(browser, shop):
    browser.open(shop)
    browser.click("faults are on")
    assert "POST /api/users/bulkUpdate" in browser.shows("429:0.05")


def test_no_link_is_broken_and_nothing_complains(browser, shop):
    left, seen = [shop + "/"], set()
    while left:
        url = left.pop()
        assert requests.get(url, timeout=10).status_code == 200, url
        browser.open(url)
        assert browser.text("h1")
        assert browser.complaints() == [], url
        seen.add(url)
        inside = {urldefrag(link).url for link in browser.links() if link.startswith(shop)}
        left += inside - seen - set(left)
    assert {f"{shop}{page}" for page in PAGES} <= seen
    assert len({urlsplit(url).path for url in seen}) > 70


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_narrow_screen(browser, shop, path):
    browser.open(shop + path)
    browser.resize(390)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(CUT_OFF) == []


CUT_OFF = """
return [...document.querySelectorAll("td")].filter(cell => cell.offsetParent).filter(cell => {
  const box = cell.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < 0 || cell.scrollWidth > cell.clientWidth + 1;
}).map(cell => cell.innerText);
"""


@pytest.mark.parametrize("path", PAGES)
def test_pages_can_be_read_in_the_dark(browser, shop, path):
    """The contrast of every text with what is behind it is at least 4.5, in both schemes (WCAG 1.4.3)."""
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        browser.open(shop + path)
        assert browser.run(f"return matchMedia('(prefers-color-scheme: {scheme})').matches")
        assert browser.run(LOW_CONTRAST) == [], scheme


LOW_CONTRAST = """
const parse = text => { const [r, g, b, a = 1] = text.match(/[0-9.]+/g).map(Number); return {rgb: [r, g, b], a}; };
const light = ({rgb}) => {
  const [r, g, b] = rgb.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = node => {
  for (; node; node = node.parentElement) {
    const color = parse(getComputedStyle(node).backgroundColor);
    if (color.a > 0.99) return color;
  }
  return {rgb: [255, 255, 255]};
};
const low = [];
for (const node of document.querySelectorAll("body *")) {
  if (![...node.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
  if (!node.offsetParent) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) low.push(node.tagName + ": " + node.innerText.slice(0, 40));
}
return low;
"""
