"""Stored event types only grow: this list is frozen, and code that breaks it fails here."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from ledger import codec, events
from ledger.events import UnknownEvent, decode, event, shapes, upcasts

FROZEN = Path(__file__).with_name("event_shapes.json")
OURS = ("case.", "evidence.", "enrichment.", "custody.", "finding.", "log.", "redaction.", "event.")


def as_listed() -> dict[str, Any]:
    """Write down every type's fields, in their order, with types and defaults."""
    listed = {}
    for shape in shapes():
        if not shape.name.startswith(OURS):
            continue
        fields = []
        for field in dataclasses.fields(shape.cls):
            default: Any = "required"
            if field.default is not dataclasses.MISSING:
                default = codec.to_plain(field.default)
            elif field.default_factory is not dataclasses.MISSING:
                default = codec.to_plain(field.default_factory())
            fields.append([field.name, str(field.type), default])
        listed[shape.type] = {"fields": fields, "personal": sorted(shape.personal)}
    return listed


def test_every_stored_type_still_has_the_fields_it_was_stored_with() -> None:
    frozen = json.loads(FROZEN.read_text())
    now = json.loads(json.dumps(as_listed()))
    for type_, shape in frozen.items():
        assert type_ in now, f"{type_} was removed: events of it are stored, and need it or an upcast"
        known = len(shape["fields"])
        assert now[type_]["fields"][:known] == shape["fields"], f"{type_} changed: make a new version instead"
        for name, _, default in now[type_]["fields"][known:]:
            assert default != "required", f"{type_}.{name} is new and needs a default"


def test_every_type_is_in_the_frozen_list() -> None:
    missing = sorted(set(as_listed()) - set(json.loads(FROZEN.read_text())))
    assert missing == [], f"freeze them: add what `python -m tests.ledger.freeze` prints to {FROZEN.name}"


def test_every_type_says_which_fields_may_hold_personal_data() -> None:
    """Free text is where names end up: each such field is either declared, or known to hold none."""
    impersonal = {
        "language", "stated_at", "when", "observed", "enricher", "tool", "input_digest", "phase", "flag", "found_by",
        "reliability", "credibility", "head_hash", "format",
        "old_origin", "old_key", "old_root", "new_origin", "new_key", "sha256", "key", "checkpoint", "playbook",
            "rule", "digest", "at",
    }  # fmt: skip
    for shape in shapes():
        if shape.name.startswith(OURS):
            texts = {field.name for field in dataclasses.fields(shape.cls) if field.type == "str"}
            undeclared = texts - shape.personal - impersonal
            assert undeclared == set(), f"{shape.type}: is {', '.join(undeclared)} personal data?"


@event("test.measured", version=2)
@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """A length was measured, in metres; version 1 gave feet."""

    metres: float

    def apply(self, state: Any) -> Any:
        return state


@upcasts("test.measured/1")
def feet_to_metres(values: dict[str, Any]) -> dict[str, Any]:
    return {"metres": values["feet"] * 0.3048}


def test_an_old_version_is_upcast_when_it_is_read() -> None:
    assert decode("test.measured/1", {"feet": 10}) == Measured(metres=3.048)


def test_a_type_that_no_code_knows_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"test\.unheard/1"):
        decode("test.unheard/1", {})


def test_a_name_and_version_is_given_only_once() -> None:
    with pytest.raises(ValueError, match="is taken"):
        event("test.measured", version=2)(Measured)
    assert events.shape_of(Measured).type == "test.measured/2"
