"""Putting whatever comes through all enrichers of its kind, and what must hold of the outcome whatever it was."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from enrichment import registry, sandbox
from enrichment.domain import Limits
from enrichment.sandbox import Done, Failed

HOSTILE = Path(__file__).parent / "hostile"
LIMITS = Limits()
MOST_MEMORY = 512_000_000
REPORT = "application/json"
"""The only other thing that is made: nothing that a browser is shown."""
SIDE = 1280
"""Pixels of the longer side of the largest picture that is made to be shown."""

Answers = Mapping[str, Mapping[str, Any]]


class Misbehaved(AssertionError):
    """An input did what none may do; the text says what."""


def examine(kind: str, fields: Mapping[str, Any], original: Path | None = None) -> Answers:
    """Run all enrichers on one input; give the answer of each by its name.

    :raises Misbehaved: a process died or hit a limit, one gave neither a result nor a reason, or the original changed.
    """
    [answers] = examine_all(kind, [fields], original)
    return answers


def examine_all(kind: str, inputs: Sequence[Mapping[str, Any]], original: Path | None = None) -> list[Answers]:
    """Run all enrichers on several inputs, one after the other in one child; `bytes` of one are a file of its own."""
    before = _digest(original)
    modules = [registry.module_of(enricher) for enricher in registry.of_kind(kind)]
    given = {"inputs": inputs, "modules": modules}
    with sandbox.run("every", kind=kind, fields=given, original=original, limits=LIMITS, code=HOSTILE) as outcome:
        answers = _answers(outcome)
        for made in outcome.made if isinstance(outcome, Done) else ():
            if made.media_type == REPORT:
                continue
            with Image.open(made.path, formats=["WEBP"]) as shown:
                _hold(max(shown.size) <= SIDE, f"{made.name} is larger than {SIDE} pixels")
    _hold(len(answers) == len(inputs), "one of the inputs was left out")
    names = {module.rpartition(".")[2] for module in modules}
    _hold(all(set(of_one) == names for of_one in answers), "one of the enrichers said nothing")
    _hold(_digest(original) == before, "the original was changed")
    return answers


def _answers(outcome: Done | Failed) -> list[Answers]:
    _hold(outcome.cpu_seconds < LIMITS.cpu_seconds, f"it took {outcome.cpu_seconds:.1f} s of processor time")
    _hold(outcome.peak_bytes < MOST_MEMORY, f"it took {outcome.peak_bytes:,} bytes of memory")
    if isinstance(outcome, Failed):
        raise Misbehaved(outcome.reason)
    answers: list[Answers] = outcome.output["answers"]
    for name, answer in ((name, answer) for of_one in answers for name, answer in of_one.items()):
        _hold("output" in answer or bool(answer["failure"]["reason"]), f"{name} gives neither a result nor a reason")
    return answers


def _digest(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Misbehaved(otherwise)
