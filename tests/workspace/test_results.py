"""What tools found, and what an item is beside others, as a person reads it on the item's page."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind, Place, Subject
from tests.enrichment.jobs import submit_picture, work
from tests.enrichment.test_hostile_files import jpeg as noise
from tests.workspace.conftest import Browser, World
from workspace.facts import flat, given, tree


def text_of(page: Any) -> str:
    """The words of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def submit(world: World, **said: Any) -> Any:
    return evidence.submit_evidence(case_id=world.case, said=EvidenceSubmitted(**said), by=world.by).item


def test_rows_of_the_same_fields_are_a_table() -> None:
    node = tree(
        {
            "ports": [
                {"name": "Vostochnyy", "distance_km": 1.1, "locode": ""},
                {"name": "Nakhodka", "distance_km": 17.4, "locode": ""},
            ]
        }
    )
    [ports] = node.parts
    assert ports.columns == ["name", "distance (km)"]
    assert ports.rows == [["Vostochnyy", "1.1"], ["Nakhodka", "17.4"]]
    assert node.leaves == 4


def test_fields_stand_in_one_order_however_the_database_gives_them() -> None:
    row = {"zone": "UTC", "radius_m": 5, "name": "Vostochnyy", "altitude_m": 2}
    backwards = dict(reversed(row.items()))
    assert [node.label for node in tree(row).parts] == ["name", "within", "altitude", "zone"]
    assert tree(backwards) == tree(row)
    assert tree([backwards]) == tree([row])
    assert list(flat(backwards)) == list(flat(row))
    assert given(backwards) == given(row)


def test_a_list_with_parts_inside_stays_a_tree() -> None:
    [node] = tree({"parts": [{"a": {"b": 1}}]}).parts
    assert (node.rows, len(node.parts)) == ([], 1)


def test_ports_stand_in_a_table_with_their_distances(world: World, browser: Browser, alice: Any) -> None:
    work(world.case)
    page = browser(alice).get(world.item(world.sighting))
    words = text_of(page)
    assert "distance (km)" in words
    assert "Vostochnyy 1.1 Russia RUVYP" in words
    assert "Nakhodka 17.4 Russia RUNJK" in words
    assert "not installed: the World Port Index has no berths" in words


def test_marks_of_a_fingerprint_are_left_to_machines(world: World, browser: Browser, alice: Any) -> None:
    work(world.case)
    words = text_of(browser(alice).get(world.item(world.statement)))
    assert "winnowing/4-5" in words
    assert "marks" not in words
    assert "43 times" in words


def test_a_copy_is_shown_with_a_link_to_it(world: World, browser: Browser, alice: Any) -> None:
    copy = submit(world, kind=Kind.STATEMENT, title="The same <b>again</b>", text="A DOZEN tankers docked 43 times")
    work(world.case)
    page = browser(alice).get(world.item(world.statement))
    assert f'href="{world.item(copy)}"' in page.content.decode()
    assert "the same words" in text_of(page)
    assert "(after this one)" in text_of(page)
    assert "<b>again</b>" not in page.content.decode()
    assert "(before this one)" in text_of(browser(alice).get(world.item(copy)))


def test_one_ship_in_two_places_is_shown_on_both_pages(world: World, browser: Browser, alice: Any) -> None:
    def see(when: str, lat: float) -> Any:
        subject, place = Subject(name="Angara", imo="9179842"), Place(lat=lat, lon=133.08, radius_m=500)
        return submit(world, kind=Kind.SIGHTING, title=f"Seen at {lat}", subject=subject, place=place, when=when)

    here, there = see("2024-05-03T10:00Z", 42.74), see("2024-05-03T11:00Z", 40.0)
    for one, other in ((here, there), (there, here)):
        page = browser(alice).get(world.item(one))
        assert f'href="{world.item(other)}"' in page.content.decode()
        assert "IMO 9179842" in text_of(page)
        assert "kn at least" in text_of(page)


def test_an_item_like_no_other_says_nothing_of_it(world: World, browser: Browser, alice: Any) -> None:
    work(world.case)
    assert "Beside other evidence" not in text_of(browser(alice).get(world.item(world.statement)))


def jpeg(world: World, folder: Path, **said: Any) -> Any:
    path = folder / "scene.jpg"
    path.write_bytes(noise(size=64))
    item = submit_picture(world.case, world.by, path, **said)
    # Once to learn what the file is, and once for those who read such files.
    for _ in range(2):
        work(world.case)
    return item


def test_what_a_tool_drew_is_shown_under_its_result(world: World, browser: Browser, alice: Any, tmp_path: Path) -> None:
    item = jpeg(world, tmp_path, title="The <b>bridge</b>")
    person = browser(alice)
    page = person.get(world.item(item)).content.decode()
    _, _, drawn = page.partition('<ul class="drawn">')
    found = re.search(r'<a href="([^"]+)"><img src="\1" alt="([^"]+)"', drawn.partition("</ul>")[0])
    assert found
    assert found[2] == "Error levels of The &lt;b&gt;bridge&lt;/b&gt;"
    with closing(person.get(found[1])) as shown:
        assert shown["Content-Type"] == "image/webp"
        assert b"".join(shown.streaming_content).startswith(b"RIFF")
    # The preview stands above, and is not shown twice.
    assert page.count('<ul class="drawn">') == 1
    assert "Graphic content" not in page


def test_what_a_tool_drew_of_graphic_content_is_covered(
    world: World, browser: Browser, alice: Any, tmp_path: Path
) -> None:
    page = browser(alice).get(world.item(jpeg(world, tmp_path, title="The bridge", graphic=True))).content.decode()
    before, _, _ = page.partition('<ul class="drawn">')
    assert before.rindex('<details class="cover">') > before.rindex("</details>")
