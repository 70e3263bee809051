"""What the documents say is true: the first steps run as they are written, and nothing is left out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site import REPOSITORY, running_site

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
ROOMS = ("osint", "workspace", "exchange", "analysis", "enrichment", "evidence", "cases", "ledger")


@pytest.mark.processes
@pytest.mark.slow
def test_the_first_steps_of_the_readme_run_as_they_are_written(tmp_path: Path, shared: Path) -> None:
    [block] = re.findall(r"<!-- tests run this block.*?```sh\n(.*?)```", README, re.DOTALL)
    photograph = shared / "data/exif-samples/jpg/mobile/HMD_Nokia_8.3_5G.jpg"
    with running_site(tmp_path) as site:
        script = (
            block.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{site.port}")
            .replace(".venv/bin/python", sys.executable)
            .replace("photo.jpg", str(photograph))
            .replace("case.zip", str(tmp_path / "case.zip"))
        )
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=REPOSITORY,
            env=site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert '"title": "The harbour"' in done.stdout
    assert '"type":"evidence.corrected/1"' in done.stdout.replace(" ", "")
    assert "This bundle holds." in done.stdout
    assert "all hold" in done.stdout


def test_the_readme_names_every_setting() -> None:
    settings = (REPOSITORY / "osint" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings))
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    assert named == read


def test_the_readme_names_every_command_and_its_options() -> None:
    own = {path.stem for room in ROOMS for path in (REPOSITORY / room / "management" / "commands").glob("[a-z]*.py")}
    for name in own:
        rows = [line for line in README.splitlines() if line.startswith(f"| `manage.py {name}")]
        assert len(rows) == 1, name
        options = set(re.findall(r"--[a-z-]+", rows[0]))
        told = subprocess.run(
            [sys.executable, "manage.py", name, "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        assert options <= set(re.findall(r"--[a-z-]+", told.stdout)), name


def test_the_readme_names_every_target_that_a_user_needs() -> None:
    for target in ("run", "test", "test-quick", "bench", "accuracy"):
        assert f"`make {target}`" in README, target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_link_leads_nowhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if not link.startswith(("https://", "mailto:")):
            assert (document.parent / link).exists(), link


def test_every_file_that_a_document_names_exists() -> None:
    for document in DOCUMENTS:
        for name in re.findall(r"`((?:[a-z_]+/)+[\w.-]*)`", document.read_text(encoding="utf-8")):
            places = (REPOSITORY, document.parent, REPOSITORY / "enrichment")
            made = name.startswith(("var/", "static/", "files/", "keys/", "anchor/"))
            assert made or any((place / name).exists() for place in places), f"{document.name}: {name}"
