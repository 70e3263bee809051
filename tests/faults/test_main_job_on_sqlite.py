"""The main job on the embedded database, and what a hand in its file changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.hands import flipped
from tests.faults.main_job import MainJob, assert_named
from tests.site import Site, running_site

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of this module's own: it is stopped and changed by hand."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


class TestMainJob(MainJob):
    # 0x01 makes another letter of it; 0x80 makes bytes that are no text at all.
    @pytest.mark.parametrize("bit", [0x01, 0x80])
    @pytest.mark.parametrize("part", ["payload", "envelope"])
    def test_one_byte_of_the_event_changed_in_the_file_is_named(
        self, site: Site, position_event: dict[str, Any], part: str, bit: int
    ) -> None:
        [output] = [text for text in position_event["disclosures"] if '"output"' in text]
        text = (output if part == "payload" else position_event["envelope"][:60]).encode()
        with flipped(site.database, text, at=len(text) // 2, bit=bit):
            assert_named(site, position_event)
