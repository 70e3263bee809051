"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = (
    "osint",
    "workspace",
    "exchange",
    "analysis",
    "enrichment",
    "evidence",
    "cases",
    "ledger",
    "verifier",
)
LONGEST_FILE = 400
# What such names gather has no one reason to change.
NAMES_THAT_SAY_NOTHING = {"utils.py", "helpers.py", "services.py", "signals.py", "common.py", "misc.py"}


def own_files(*folders: str, ending: str = ".py") -> Iterator[Path]:
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob(f"*{ending}")):
            if "migrations" not in path.parts and "__pycache__" not in path.parts:
                yield path


def test_imports_point_down_the_house() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_verifier_needs_the_standard_library_alone() -> None:
    for path in own_files("verifier"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"verifier"}
            assert not foreign, f"{path.name} imports {', '.join(sorted(foreign))}"


def test_no_file_is_longer_than_a_reader_bears_without_saying_why() -> None:
    too_long = [
        f"{path.relative_to(REPOSITORY)}: {len(lines)} lines"
        for path in own_files(*ROOMS, "tests", "benchmarks")
        if len(lines := path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
        and not any(line.startswith("# Long because") for line in lines[:10])
    ]
    assert not too_long, "split it, or begin it with '# Long because …': " + "; ".join(too_long)


def test_every_file_is_named_for_what_it_holds() -> None:
    vague = [str(path.relative_to(REPOSITORY)) for path in own_files(*ROOMS) if path.name in NAMES_THAT_SAY_NOTHING]
    assert not vague


def test_no_comment_puts_work_off() -> None:
    put_off = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in own_files(*ROOMS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if put_off.search(line)
    ]
    assert not found


def test_nothing_is_caught_and_dropped() -> None:
    """A bare `except:` or `except Exception: pass` hides the one bug that matters."""
    found = []
    for path in own_files(*ROOMS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            if broad and all(isinstance(step, ast.Pass | ast.Continue) for step in node.body):
                found.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
    assert not found


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_host(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(i|-index-url|-extra-index-url|f|-find-links|-trusted-host)\b", text, re.MULTILINE)
    for requirement in re.findall(r"^[A-Za-z0-9].*(?:\n\s+.*)*", text, re.MULTILINE):
        assert "==" in requirement, requirement
        assert "--hash=sha256:" in requirement, requirement


def test_every_command_and_variable_of_the_compose_file_exists() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    composed = yaml.safe_load(text)
    services = composed["services"]
    known = "\n".join(path.read_text(encoding="utf-8") for path in own_files("osint"))
    for service in services.values():
        for variable in service.get("environment", {}):
            if variable.startswith(("OSINT_", "DATABASE_", "REDIS_")):
                assert f'"{variable.removesuffix("_FILE")}"' in known, variable
        for dependency in service.get("depends_on", {}):
            assert dependency in services
        for secret in service.get("secrets", []):
            assert secret in composed["secrets"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in composed["volumes"]
    lasting = {name for name, service in services.items() if service["restart"] != "no"}
    assert lasting == {"database", "broker", "storage", "web", "worker", "beat", "log"}
    assert all("healthcheck" in services[name] for name in lasting)


def test_every_django_command_of_the_compose_file_exists() -> None:
    from django.core.management import get_commands

    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    named = re.findall(r"manage\.py (\w+)", text)
    assert named
    assert set(named) <= set(get_commands())


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target}:.*## \S", text, re.MULTILINE), target
