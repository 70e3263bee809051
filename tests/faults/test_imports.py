"""Cases that come back: from one kind of database into the other, and through imports that are killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cases.models import Case
from exchange.restore import CaseHere, import_bundle
from ledger import keys
from ledger.models import Event
from ledger.sequence import sequence
from ledger.verify import verify
from osint.embedded import running_postgresql
from tests.exchange.conftest import export, lose_everything, make_case
from tests.faults.fail_points import killed_before_step
from tests.site import NOT_INHERITED, REPOSITORY
from verifier import verify as verifier

STRIDE = 5


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_killed_at_any_step_leaves_all_of_the_case_or_nothing(
    alice: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/lost")
    left = export(make_case(alice, title="Tankers"), tmp_path / "bundle.zip")
    events = len(left.events())
    lose_everything(log_folder)
    step, killed, finished = 0, 0, False
    while not finished:
        step += STRIDE
        finished = killed_before_step(step, lambda _: _bring(left.path, left.key)).finished
        killed += not finished
        there = Event.objects.count()
        assert there in {0, events + 1}
        assert Case.objects.exists() == bool(there)
        assert verify().faults == []
        if there:
            with pytest.raises(CaseHere):
                import_bundle(left.path, key=left.key)
            finished = True
    assert killed > 5
    while sequence():
        pass
    call_command("sequence", "--once")
    call_command("verify", "--files")
    call_command("rebuild", "--check")


def _bring(path: Path, key: str) -> None:
    import_bundle(path, key=key)


@pytest.mark.slow
@pytest.mark.processes
def test_the_sample_goes_from_sqlite_to_postgresql_and_back(tmp_path: Path) -> None:
    with running_postgresql() as url:
        first = System(tmp_path / "first")
        second = System(tmp_path / "second", DATABASE_URL=url)
        third = System(tmp_path / "third")
        bundle = tmp_path / "first.zip"
        first.manage("sample")
        case = first.python("from cases.models import Case; print(Case.objects.get().pk)")
        first.manage("export", case, "--out", str(bundle))
        was = first.events(case)
        for source, system in ((first, second), (second, third)):
            said = system.manage("import", str(bundle), "--key", source.key())
            assert said.startswith(f"Case {case}: ")
            assert system.events(case)[: len(was)] == was
            system.manage("sequence", "--once")
            assert "all hold" in system.manage("verify", "--files")
            system.manage("rebuild", "--check")
            bundle = system.folder / "again.zip"
            system.manage("export", case, "--out", str(bundle))
            assert verifier.main([str(bundle), "--key", system.key()]) == 0
            was = system.events(case)


class System:
    """An installation without its servers: a database, a data folder and a key."""

    def __init__(self, folder: Path, **environment: str) -> None:
        inherited: Mapping[str, str] = {name: each for name, each in os.environ.items() if name not in NOT_INHERITED}
        self.folder = folder
        self.environment = {**inherited, "OSINT_DATA_DIR": str(folder), "OSINT_LOG_LEVEL": "error", **environment}
        self.environment["OSINT_DATABASE_POOL"] = "0"
        self.manage("migrate")
        self.manage("keys", "init")

    def manage(self, *words: str) -> str:
        return self._run(str(REPOSITORY / "manage.py"), *words)

    def python(self, code: str) -> str:
        return self._run("-c", f"import django; django.setup()\n{code}").strip()

    def key(self) -> str:
        return self.manage("keys", "show").splitlines()[-1]

    def events(self, case: str) -> list[str]:
        code = f"from ledger.read import read\nfor e in read('{case}'): print(e.hash, *sorted(e.disclosures), e.at)"
        return re.findall(r"^[0-9a-f]{64} .*$", self.python(code), re.MULTILINE)

    def _run(self, *words: str) -> str:
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "osint.settings"}
        command = [sys.executable, *words]
        done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout
