"""The page of a picture shows those that are nearly the same beside it, and covers what is graphic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import commands as cases
from enrichment import likenesses
from enrichment.picture_index import PictureIndex
from tests.enrichment.hashed import add
from tests.workspace.conftest import Browser, World

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likenesses, "PICTURES", PictureIndex())


def test_a_picture_is_shown_beside_its_near_duplicates(
    world: World, browser: Browser, alice: Any, shared: Path
) -> None:
    folder = shared / "data/pdq-bridge-mods/images"
    one = add(world.case, world.by, folder / "aaa-orig.jpg", title="The bridge")
    second = cases.open_case(title="Trains", by=world.by).stream
    other = add(second, world.by, folder / "shrink-a-lot.jpg", title=HOSTILE)
    page = browser(alice).get(world.item(one)).content.decode()
    [_, section] = page.split("Nearly the same picture")
    assert f"/admin/cases/{second}/evidence/{other}/" in section
    assert "16 of 256 bits differ" in section
    assert "in another case" in section
    assert "&lt;script&gt;" in section
    assert HOSTILE not in section
    assert "Nearly the same" not in browser(alice).get(world.item(world.image)).content.decode()


def test_what_is_graphic_is_covered_beside_a_picture(world: World, browser: Browser, alice: Any, shared: Path) -> None:
    folder = shared / "data/pdq-bridge-mods/images"
    one = add(world.case, world.by, folder / "aaa-orig.jpg")
    covered = add(world.case, world.by, folder / "shrink-a-lot.jpg", graphic=True)
    for item, times in ((one, 1), (covered, 1)):
        page = browser(alice).get(world.item(item)).content.decode()
        [_, section] = page.split("Nearly the same picture")
        assert section.split("</ul>")[0].count("Graphic content, covered</span>") == times


def test_a_picture_as_it_once_was_is_compared_with_nothing(
    world: World, browser: Browser, alice: Any, shared: Path
) -> None:
    folder = shared / "data/pdq-bridge-mods/images"
    one, _ = (add(world.case, world.by, folder / name) for name in ("aaa-orig.jpg", "shrink-a-lot.jpg"))
    page = browser(alice).get(world.item(one, "?as_of=100")).content.decode()
    assert "Nearly the same picture" not in page
