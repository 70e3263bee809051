"""The whole way in a real browser, on a real site with its worker: from the door to a proven case."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.run import CHROMIUM
from tests.site import Site, running_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = os.environ.get("PICTURES", "")
"""A folder for pictures of the pages; `make pictures` names the one in docs/."""

SHOWN = {"dark": {"evidence", "item-image"}, "small": {"evidence"}}
"""Which pages are pictured in other looks than the light one."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def passwords(site: Site) -> dict[str, str]:
    """The passwords of the sample's accounts, as they were shown at the first start."""
    log = site.log.read_text()
    return {name: re.findall(rf"^\s+{name}\s+(\S+)$", log, re.MULTILINE)[0] for name in ("lead", "reviewer", "viewer")}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        because = "no browser on this machine (Debian's chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(because)
        pytest.skip(because)
    with sync_playwright() as playwright:
        # Continuous integration runs as root, where Chromium's own sandbox does not start.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if os.getuid() == 0 else [])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own; whatever the browser complains of is a fault."""

    def __init__(self, chromium: Browser, site: Site, **options: Any) -> None:
        self.address = f"http://127.0.0.1:{site.port}"
        self.context: BrowserContext = chromium.new_context(**options)
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        # The browser itself notes each answer that is no success; those that a test provokes are known.
        if not any(f"status of {status}" in message.text for status in self.expected):
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, name: str, password: str) -> None:
        self.go("/")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def open_sample(self) -> None:
        self.page.get_by_role("link", name="Tankers at Vostochny (sample)").click()

    def leave(self) -> None:
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def lead(chromium: Browser, site: Site, passwords: dict[str, str]) -> Iterator[Person]:
    person = Person(chromium, site)
    person.sign_in("lead", passwords["lead"])
    yield person
    person.leave()


def test_a_newcomer_comes_from_the_door_to_a_verified_case(
    chromium: Browser, site: Site, passwords: dict[str, str], shared: Path
) -> None:
    person = Person(chromium, site)
    page = person.page
    person.sign_in("lead", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    person.sign_in("lead", passwords["lead"])

    page.get_by_role("link", name="Open a case").click()
    page.get_by_label("Title").fill("First case")
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", name="No evidence yet")).to_be_visible()

    photograph = shared / "data/exif-samples/jpg/Kodak_CX7530.jpg"
    page.get_by_role("link", name="Add image").click()
    page.get_by_label("Drag a picture in").set_input_files(photograph)
    expect(page.locator("[data-chosen]")).to_contain_text("SHA-256")
    page.get_by_label("Title").fill("A photograph with a position")
    page.get_by_role("button", name="Record it").click()
    # The tools' results appear by themselves: the page looks again while they are at work.
    expect(page.get_by_role("img", name="Preview of A photograph with a position")).to_be_visible()
    expect(page.locator("#tools")).to_contain_text("-0.3713")
    expect(page.locator("#tools")).to_contain_text("36.056417")

    page.get_by_label("B2: source usually reliable").check()
    page.get_by_role("button", name="Grade", exact=True).click()
    expect(page.get_by_text("source usually reliable, information probably true")).to_be_visible()

    page.get_by_role("textbox", name="Comment").fill("The position is that of the square.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".said")).to_contain_text("The position is that of the square.")

    page.get_by_role("link", name="Evidence", exact=True).click()
    page.get_by_role("link", name="Add statement").click()
    page.get_by_label("What was said").fill("Something was delivered.")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("The evidence is recorded.")).to_be_visible()

    page.get_by_role("link", name="Evidence", exact=True).click()
    page.get_by_role("link", name="Add sighting").click()
    page.get_by_label("Kind", exact=True).fill("ship")
    page.get_by_label("looked, not there").check()
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("The evidence is recorded.")).to_be_visible()
    page.get_by_text("Retract the item").click()
    page.get_by_label("Reason").last.fill("The wrong berth.")
    page.get_by_role("button", name="Retract", exact=True).click()
    expect(page.get_by_role("heading", name="Retracted")).to_be_visible()

    page.get_by_role("link", name="Ledger").click()
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text(re.compile(r"All \d+ events hold"))).to_be_visible()
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator(".history")).to_contain_text("retracted the item")
    person.leave()


def test_a_case_is_exported_and_checked_by_somebody_with_nothing_but_python(lead: Person, tmp_path: Path) -> None:
    lead.open_sample()
    page = lead.page
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("By sensitivity").select_option("green")
    page.get_by_text("By field", exact=True).first.click()
    page.get_by_label("speaker", exact=True).check()
    page.get_by_role("button", name="Count what would be withheld").click()
    expect(page.locator("#preview")).to_contain_text(re.compile(r"\d+ fields in \d+ of \d+ events would be withheld"))
    expect(page.get_by_label("speaker", exact=True)).to_be_checked()
    page.get_by_role("button", name="Export the case").click()
    # The page follows the work by itself.
    link = page.get_by_role("link", name="Download the bundle").first
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as downloading:
        link.click()
    bundle = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(bundle)
    key = page.locator("[aria-labelledby=check-h] code").first.inner_text()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="verify.py").click()
    downloading.value.save_as(tmp_path / "verify.py")
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(bundle), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WITHHELD" in done.stdout
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator(".history")).to_contain_text("took the bundle of an export away")


def test_a_picture_is_dragged_in(lead: Person, tmp_path: Path) -> None:
    lead.open_sample()
    page = lead.page
    page.get_by_role("link", name="Add image").click()
    page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array([1, 2, 3])], "dragged.png", { type: "image/png" }));
            const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
            document.querySelector("[data-drop]").dispatchEvent(drop);
        }"""
    )
    expect(page.locator("[data-chosen]")).to_contain_text(
        "dragged.png, 3 bytes, SHA-256 039058c6f2c0cb492c533b0a4d14ef"
    )


def test_the_second_of_two_editors_hears_of_the_first_and_loses_nothing(
    chromium: Browser, site: Site, passwords: dict[str, str], lead: Person
) -> None:
    lead.open_sample()
    lead.page.get_by_role("link", name="Add statement").click()
    lead.page.get_by_label("What was said").fill("Twelve thousand troops.")
    lead.page.get_by_label("Title").fill("Troops")
    lead.page.get_by_role("button", name="Record it").click()
    item = lead.page.url.removeprefix(lead.address)
    lead.go(f"{item}correct/")

    other = Person(chromium, site)
    other.sign_in("lead", passwords["lead"])
    other.go(f"{item}correct/")
    other.page.get_by_label("Title").fill("Troops, an estimate")
    other.page.get_by_label("Why it is corrected").fill("It is an estimate.")
    other.page.get_by_role("button", name="Record the correction").click()
    expect(other.page.get_by_role("heading", name="Troops, an estimate")).to_be_visible()
    other.leave()

    lead.expected.add(412)
    lead.page.get_by_label("Speaker", exact=True).fill("An official")
    lead.page.get_by_label("Why it is corrected").fill("Named later.")
    lead.page.get_by_role("button", name="Record the correction").click()
    expect(lead.page.get_by_role("alert")).to_contain_text("Changed meanwhile")
    expect(lead.page.get_by_label("Title")).to_have_value("Troops, an estimate")
    expect(lead.page.get_by_label("Speaker", exact=True)).to_have_value("An official")
    lead.page.get_by_role("button", name="Record the correction").click()
    expect(lead.page.get_by_role("heading", name="Troops, an estimate")).to_be_visible()
    expect(lead.page.locator(".chain")).to_contain_text("An official")


def test_what_one_asks_to_erase_another_one_confirms(
    chromium: Browser, site: Site, passwords: dict[str, str], lead: Person
) -> None:
    lead.open_sample()
    page = lead.page
    page.get_by_role("link", name="Add statement").click()
    page.get_by_label("What was said").fill("Ji-woo Zelenograd saw it.")
    page.get_by_label("Title").fill("A witness to be forgotten")
    page.get_by_role("button", name="Record it").click()
    item = page.url.removeprefix(lead.address)
    # The list that is seen is the one that goes: not while a tool is at work.
    expect(page.locator("[data-waits]")).to_have_count(0, timeout=60_000)
    page.get_by_role("link", name="Erase…").click()
    page.get_by_label("text: Ji-woo Zelenograd saw it.").check()
    page.get_by_role("button", name="Show what would go").click()
    expect(page.locator("#preview")).to_contain_text("This would go: 3 fields")
    page.get_by_label("Ground").select_option("data_subject")
    page.get_by_label("Reason").fill("Asked for by letter.")
    page.get_by_role("button", name="Ask for this erasure").click()
    expect(page.get_by_text("You asked for it yourself")).to_be_visible()

    second = Person(chromium, site)
    second.sign_in("reviewer", passwords["reviewer"])
    second.go(page.url.removeprefix(lead.address))
    expect(second.page.get_by_text("Ji-woo Zelenograd saw it.")).to_be_visible()
    second.page.get_by_role("button", name="Erase it for good").click()
    expect(second.page.get_by_text("It is erased, for good.")).to_be_visible()
    second.go(item)
    expect(second.page.get_by_text("3 parts of this item were erased for good")).to_be_visible()
    expect(second.page.get_by_text("Zelenograd")).to_have_count(0)
    second.leave()


def test_hostile_texts_are_inert_on_every_page(lead: Person, site: Site, shared: Path) -> None:
    strings = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    hostile = [text for text in strings if "\0" not in text and text.strip() and len(text) < 400][:400]
    with site.client() as client:
        case = client.post("/api/v1/cases/", json={"title": "<img src=x onerror=alert(1)>"}).json()["id"]
        lines = "\n".join(
            json.dumps(
                {
                    "kind": "statement",
                    "title": " ".join(text.split())[:200],
                    "text": text,
                    "speaker": {"name": text},
                    "source": {"name": text, "url": "javascript:alert(1)"},
                    "place": {"name": text},
                }
            )
            for text in hostile
        )
        kind = {"Content-Type": "application/x-ndjson"}
        answer = client.post(f"/api/v1/cases/{case}/evidence/batch/", content=lines.encode(), headers=kind)
        results = [json.loads(line) for line in answer.text.splitlines()]
        taken = [each["id"] for each in results if each.get("id")]
        assert len(taken) > 350, results[:3]
    # Each page of the list, the history and the search; and the items whose texts are made for browsers.
    for path in (f"/admin/cases/{case}/", f"/admin/cases/{case}/history/", "/admin/search/?q=script", "/admin/"):
        lead.go(path)
        while (older := lead.page.get_by_role("link", name="Older")).count():
            older.click()
    for item in taken[::20]:
        lead.go(f"/admin/cases/{case}/evidence/{item}/")
        assert lead.page.evaluate("document.querySelectorAll('main script, main iframe, main object').length") == 0
        assert lead.page.evaluate("document.querySelectorAll('main a[href^=\"javascript\"]').length") == 0


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 320)], ids=["light", "dark", "small"]
)
def test_no_page_is_wider_than_the_window(
    chromium: Browser, site: Site, passwords: dict[str, str], scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 860}
    person = Person(chromium, site, color_scheme=scheme, viewport=viewport)
    person.sign_in("reviewer" if width < 400 else "lead", passwords["reviewer" if width < 400 else "lead"])
    person.open_sample()
    case = person.page.url.removeprefix(person.address)
    sizes = {}
    for name, path in _main_pages(person, case).items():
        person.go(path)
        expect(person.page.locator("[data-waits]")).to_have_count(0, timeout=60_000)
        sizes[name] = person.page.evaluate("document.documentElement.scrollWidth")
        look = scheme if width > 400 else "small"
        if PICTURES and name in SHOWN.get(look, {name}):
            person.page.screenshot(path=Path(PICTURES) / f"{name}-{look}.png")
    assert sizes == dict.fromkeys(sizes, width)
    person.leave()


def _main_pages(person: Person, case: str) -> dict[str, str]:
    """Name the main pages, with an item of each kind."""
    found = {"cases": "/admin/", "evidence": case, "history": f"{case}history/", "ledger": f"{case}ledger/"}
    found |= {"erasures": f"{case}erasures/"}
    found |= {"team": f"{case}team/", "about": f"{case}settings/", "comments": f"{case}comments/"}
    found |= {"export": f"{case}exports/", "findings": f"{case}findings/", "runs": f"{case}runs/"}
    if person.page.get_by_role("link", name="Add statement").count():
        found["add-image"] = f"{case}evidence/new/image/"
    for kind in ("image", "statement", "sighting"):
        person.go(f"{case}?kind={kind}")
        href = person.page.locator(".items .what a").first.get_attribute("href")
        assert href is not None
        found[f"item-{kind}"] = href
    return found
