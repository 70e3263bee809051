"""Run every check and every test, stage by stage: what `make test` does.

    python tests/run.py            all stages
    python tests/run.py --quick    the everyday part: SQLite, without browsers and process kills
    python tests/run.py --only lint

What a machine cannot run is named; with CI=true that is a failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from osint.embedded import CannotStart, running_postgresql  # noqa: E402 (the path is set above)

CI = os.environ.get("CI") == "true"
BIN = Path(sys.executable).parent
# Two cores are what every machine has.
WORKERS = os.environ.get("TEST_WORKERS", "2")
# mypy judges these strictly; the rest follows from the tests.
STRICT = ["ledger", "verifier"]
# Of findings all but what speaks HTTP: the framework's own classes are not typed so far.
HTTP = {"views.py", "serializers.py", "urls.py"}
EVERYDAY = "not browser and not processes and not slow"
# The processes' tests bring a SQLite data folder of their own: once is enough.
ON_POSTGRESQL = "not browser and not processes"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(kw_only=True)
class Stage:
    """One step: its group (what --only names), its sentence, its command, and what it adds around it."""

    group: str
    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    postgresql: bool = False


def stages(*, quick: bool, extra: Sequence[str]) -> Iterator[Stage]:
    """List the stages in their order: the quick to fail first."""

    def tool(name: str, *words: str) -> list[str]:
        return [str(BIN / name), *words]

    def tests(marks: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            WORKERS,
            "--dist",
            "loadfile",
            "-q",
            "-m",
            marks,
            *extra,
        ]

    yield Stage(group="lint", name="style (ruff)", command=tool("ruff", "check", "."))
    yield Stage(group="lint", name="format (ruff)", command=tool("ruff", "format", "--check", "."))
    yield Stage(group="lint", name="imports (import-linter)", command=tool("lint-imports"))
    domains = [str(path.relative_to(REPOSITORY)) for path in sorted(REPOSITORY.glob("*/domain.py"))]
    findings = [
        str(path.relative_to(REPOSITORY))
        for path in sorted(REPOSITORY.glob("analysis/**/*.py"))
        if path.name not in HTTP and "migrations" not in path.parts
    ]
    yield Stage(group="types", name="types (mypy)", command=tool("mypy", *STRICT, *sorted({*domains, *findings})))
    migrations = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    yield Stage(group="lint", name="migrations are complete", command=migrations)
    marks = EVERYDAY if quick else ""
    yield Stage(group="sqlite", name="tests on SQLite", command=tests(marks), environment={"DATABASE_URL": ""})
    if not quick:
        command = [*tests(ON_POSTGRESQL), "--of-database"]
        yield Stage(group="postgresql", name="tests on PostgreSQL", command=command, postgresql=True)


def missing() -> Iterator[str]:
    """Name what this machine lacks for some of the tests."""
    if not (REPOSITORY.parent / "shared").is_dir():
        yield "the folder of real data, shared/ beside the repository"
    if not any(shutil.which(name) for name in CHROMIUM):
        yield "a browser (Debian's chromium)"


@contextmanager
def surroundings(stage: Stage) -> Iterator[dict[str, str]]:
    """Give the environment a stage runs in, and the database it needs."""
    environment = {**os.environ, **stage.environment}
    with ExitStack() as stack:
        # A start of the checks alone (makemigrations) must not make the user's own data folder.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="waterline-checks-"))
        environment.setdefault("OSINT_DATA_DIR", folder)
        if stage.postgresql:
            environment["DATABASE_URL"] = stack.enter_context(running_postgresql())
        yield environment


def run(stage: Stage) -> bool | str:
    """Run one stage; give whether it passed, or why it cannot run here."""
    print(f"\n== {stage.name}", flush=True)
    try:
        with surroundings(stage) as environment:
            done = subprocess.run(stage.command, cwd=REPOSITORY, env=environment, check=False)
    except CannotStart as error:
        return str(error)
    return done.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages and close with a table of what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the everyday part only")
    parser.add_argument("--only", metavar="GROUP", help="lint, types, sqlite or postgresql")
    parser.add_argument("extra", nargs="*", help="more words for pytest")
    options = parser.parse_args(arguments)
    report, failed = [], []
    for stage in stages(quick=options.quick, extra=options.extra):
        if options.only not in {None, stage.group}:
            continue
        begin = time.monotonic()
        outcome = run(stage)
        word = {True: "passed", False: "FAILED"}.get(outcome, "cannot run here")
        report.append(f"{word:<16} {time.monotonic() - begin:7.1f} s  {stage.name}")
        if outcome is False or (CI and outcome is not True):
            failed.append(stage.name)
        if isinstance(outcome, str):
            report.append(f"                   because: {outcome}")
    lacking = [] if options.only or options.quick else list(missing())
    if CI:
        failed += lacking
    print("\n" + "\n".join(report))
    for what in lacking:
        print(f"not on this machine: {what}")
    print("Everything passed." if not failed else f"FAILED: {'; '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
