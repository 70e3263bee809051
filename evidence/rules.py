"""What is decided about evidence: each function returns events, or refuses in a sentence that names the field.

What is impossible is refused; what is only doubtful is kept and flagged. Evidence is never refused for being ugly.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from cases.rules import NothingChanges, required_text, tag_name
from evidence.domain import (
    EvidenceCommented,
    EvidenceCorrected,
    EvidenceFlagged,
    EvidenceGraded,
    EvidenceLinked,
    EvidenceRetracted,
    EvidenceSubmitted,
    EvidenceTagged,
    EvidenceUntagged,
    Grade,
    Item,
    ItemStatus,
    Kind,
    Place,
    Relation,
    Subject,
)
from evidence.names import NUL_SIGN
from evidence.when import InvalidWhen, When, parse
from ledger import codec
from ledger.errors import Conflict, Invalid

LINE = 500
"""The longest a one-line field may be, in characters."""

TEXT = 1_000_000
"""The longest a statement may be, in characters."""

LINKS, ITEMS = 100, 1000
"""The most links of an attribution chain; the most items that one is derived from, or stands on."""

TAGS = 100
"""The most tags that an item may carry."""

HALF_WAY_ROUND = 20_040_000
"""Metres: half the circumference of the Earth (WGS 84), rounded up. No position is further off."""

OWNED = frozenset({"kind", "submitter", "file"})
"""Fields that only the submission sets."""

_OF_KIND: dict[Kind, frozenset[str]] = {
    Kind.IMAGE: frozenset({"file"}),
    Kind.STATEMENT: frozenset({"text", "language", "speaker", "attribution", "stated_at"}),
    Kind.SIGHTING: frozenset({"subject", "activity", "observed", "draught_m", "draught_error_m", "basis", "observer"}),
}
_NEEDED = {Kind.IMAGE: "file", Kind.STATEMENT: "text", Kind.SIGHTING: "subject"}

Errors = dict[str, list[str]]


class ItemRetracted(Conflict):
    """A retracted item is only read."""

    code = "item-retracted"
    title = "The item is retracted"


def submit(said: EvidenceSubmitted, *, now: datetime) -> list[Any]:
    """Decide on a submission: the event, and a flag for each thing that is doubtful about it.

    :raises Invalid: a field is impossible, missing, or belongs to another kind of evidence.
    """
    errors = _impossible(said)
    if errors:
        raise Invalid("The evidence can not be recorded as it was sent.", errors=errors)
    said = replace(said, tags=_tag_names(said.tags))
    return [said, *_doubtful(said, now)]


def correct(item: Item, *, changes: Mapping[str, Any], reason: str, now: datetime) -> list[Any]:
    """Decide on new values for named fields.

    :raises Invalid: a field is not known, is not for correction, or the new value is impossible.
    """
    _not_retracted(item)
    if not changes:
        raise Invalid("A correction names at least one field.", errors={"changes": ["This field is required."]})
    known = {field.name for field in fields(EvidenceSubmitted)} - OWNED
    unknown = sorted(set(changes) - known)
    if unknown:
        said = "This field is not known, or can not be corrected."
        raise Invalid("A field can not be corrected.", errors={f"changes.{name}": [said] for name in unknown})
    corrected = EvidenceCorrected(changes=dict(changes), reason=required_text("reason", reason))
    try:
        after = corrected.apply(item)
    except codec.ShapeError as error:
        raise Invalid("A new value can not be read.", errors=_under_changes(error.errors)) from error
    if errors := _impossible(after.said, erased=item.erased):
        raise Invalid("The correction can not be recorded as it was sent.", errors=_under_changes(errors))
    if "tags" in changes:
        corrected = replace(corrected, changes={**changes, "tags": list(_tag_names(after.said.tags))})
        after = corrected.apply(item)
    if after.said == item.said:
        raise NothingChanges("The fields have these values already.")
    return [corrected, *_doubtful(after.said, now)]


def grade(item: Item, *, graded: EvidenceGraded) -> EvidenceGraded:
    _not_retracted(item)
    if item.grade == Grade(reliability=graded.reliability, credibility=graded.credibility, reason=graded.reason):
        raise NothingChanges("The item has this grade already.")
    return graded


def retract(item: Item, *, reason: str) -> EvidenceRetracted:
    _not_retracted(item)
    return EvidenceRetracted(reason=required_text("reason", reason))


def link(item: Item, *, linked: EvidenceLinked, to_itself: bool) -> EvidenceLinked:
    _not_retracted(item)
    if to_itself:
        raise Invalid("An item is not linked to itself.", errors={"target": ["This is the same item."]})
    return linked


def tag(item: Item, *, tag: str) -> EvidenceTagged:
    _not_retracted(item)
    tagged = EvidenceTagged(tag=tag_name(tag))
    if tagged.apply(item) == item:
        raise NothingChanges(f"The item is tagged {tagged.tag!r} already.")
    if len(item.said.tags) >= TAGS:
        raise Invalid("The item has too many tags.", errors={"tag": [f"An item carries at most {TAGS} tags."]})
    return tagged


def untag(item: Item, *, tag: str) -> EvidenceUntagged:
    _not_retracted(item)
    untagged = EvidenceUntagged(tag=tag_name(tag))
    if untagged.apply(item) == item:
        raise NothingChanges(f"The item is not tagged {untagged.tag!r}.")
    return untagged


def comment(*, text: str) -> EvidenceCommented:
    return EvidenceCommented(text=required_text("text", text))


RELATION_WORDS = {
    Relation.SUPPORTS: ("supports", "is supported by"),
    Relation.CONTRADICTS: ("contradicts", "is contradicted by"),
    Relation.SAME_AS: ("is the same as", "is the same as"),
    Relation.DEPICTS: ("depicts", "is depicted in"),
    Relation.DERIVED_FROM: ("is derived from", "is the origin of"),
}
"""How a link reads from its item, and from its target."""


def _not_retracted(item: Item) -> None:
    if item.status is ItemStatus.RETRACTED:
        raise ItemRetracted("This item was retracted: it stays readable and is not changed any more.")


def _under_changes(errors: Errors) -> Errors:
    return {f"changes.{path}" if path else "changes": said for path, said in errors.items()}


# --- impossible ------------------------------------------------------------------------------------------------------


def _impossible(said: EvidenceSubmitted, *, erased: Collection[str] = ()) -> Errors:
    errors = {**_of_another_kind(said, erased), **_bad_times(said), **_bad_lengths(said)}
    if said.place:
        errors |= _bad_place(said.place)
    if said.subject:
        errors |= _bad_numbers("subject", said.subject, ("length_m", "beam_m", "design_draught_m", "deadweight_t"))
    errors |= _bad_numbers("", said, ("draught_m", "draught_error_m"))
    return {**errors, **_bad_tags(said.tags), **_bad_lists(said)}


def _bad_lists(said: EvidenceSubmitted) -> Errors:
    """Bound every list: one request must not keep all others waiting."""
    errors: Errors = {}
    if len(said.attribution) > LINKS:
        errors["attribution"] = [f"At most {LINKS} links."]
    for name, items in (("derived_from", said.derived_from), ("basis", said.basis)):
        if len(items) > ITEMS:
            errors[name] = [f"At most {ITEMS} items."]
        elif len(set(items)) < len(items):
            errors[name] = ["An item is named twice."]
    return errors


def _bad_tags(tags: tuple[str, ...]) -> Errors:
    try:
        names = _tag_names(tags)
    except Invalid as refusal:
        return {"tags": refusal.errors["tag"]}
    return {"tags": [f"An item carries at most {TAGS} tags."]} if len(names) > TAGS else {}


def _tag_names(tags: Iterable[str]) -> tuple[str, ...]:
    """Write tags as `tag` and `untag` do, each once."""
    return tuple(dict.fromkeys(map(tag_name, tags)))


def _of_another_kind(said: EvidenceSubmitted, erased: Collection[str]) -> Errors:
    errors: Errors = {}
    given = codec.to_values(said)
    for kind, names in _OF_KIND.items():
        if kind is not said.kind:
            errors |= {name: [f"Only for a {kind}, not for a {said.kind}."] for name in names & set(given)}
    needed = _NEEDED[said.kind]
    value = given.get(needed)
    if needed not in erased and (value is None or (isinstance(value, str) and not value.strip())):
        errors[needed] = [f"Evidence of the kind {said.kind} needs this field."]
    if said.subject and not any((said.subject.name, said.subject.imo, said.subject.mmsi, said.subject.kind)):
        errors["subject"] = ["Say what was sighted: a name, an IMO number, an MMSI or at least a kind."]
    return errors


def _bad_times(said: EvidenceSubmitted) -> Errors:
    errors: Errors = {}
    for path, text in _times(said).items():
        try:
            parse(text)
        except InvalidWhen as error:
            errors[path] = [str(error)]
    return errors


def _times(said: EvidenceSubmitted) -> dict[str, str]:
    times = {
        "when": said.when,
        "stated_at": said.stated_at,
        "source.published_at": said.source.published_at if said.source else "",
        "collection.at": said.collection.at if said.collection else "",
    }
    return {path: text for path, text in times.items() if text}


def _bad_lengths(said: EvidenceSubmitted) -> Errors:
    errors: Errors = {}
    for path, text in _texts("", codec.to_values(said)):
        limit = TEXT if path in {"text", "collection.notes", "subject.notes"} else LINE
        # A file's name is evidence and kept as it came, however long.
        if len(text) > limit and not path.startswith("file."):
            errors[path] = [f"At most {limit} characters."]
    return errors


def _texts(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, Mapping):
        return [found for key, each in value.items() for found in _texts(f"{path}.{key}".lstrip("."), each)]
    if isinstance(value, (list, tuple)):
        return [found for n, each in enumerate(value) for found in _texts(f"{path}.{n}", each)]
    return []


def _bad_place(place: Place) -> Errors:
    errors: Errors = {}
    if (place.lat is None) != (place.lon is None):
        errors["place"] = ["A position needs both lat and lon."]
    if place.lat is not None and not -90 <= place.lat <= 90:
        errors["place.lat"] = ["A latitude lies between -90 and 90 degrees."]
        if abs(place.lat) <= 180 and place.lon is not None and abs(place.lon) <= 90:
            errors["place.lat"].append("It may be the longitude: are the two swapped?")
    if place.lon is not None and not -180 <= place.lon <= 180:
        errors["place.lon"] = ["A longitude lies between -180 and 180 degrees."]
    if place.radius_m is not None and not 0 <= place.radius_m <= HALF_WAY_ROUND:
        errors["place.radius_m"] = ["A radius lies between 0 and half the way round the Earth, in metres."]
    return errors


def _bad_numbers(path: str, part: EvidenceSubmitted | Subject, names: tuple[str, ...]) -> Errors:
    prefix = f"{path}." if path else ""
    return {
        f"{prefix}{name}": ["A number of at least 0."]
        for name in names
        if (value := getattr(part, name)) is not None and not (math.isfinite(value) and value >= 0)
    }


# --- doubtful --------------------------------------------------------------------------------------------------------


def _doubtful(said: EvidenceSubmitted, now: datetime) -> list[EvidenceFlagged]:
    flags = _doubtful_file(said)
    if said.place and said.place.lat == 0 and said.place.lon == 0:
        flags.append(_flag("null_island", "The position is 0, 0: most often a missing value, not a place."))
    for path, text in _times(said).items():
        when = parse(text)
        if when.earliest and when.earliest > now:
            flags.append(_flag("in_the_future", f"{path} says {text}, which had not come yet."))
        elif "/" not in text and _is_year_1_or_9999(when):
            flags.append(_flag("doubtful_year", f"{path} says {text}: most often a missing value."))
        if when.zone == "unknown":
            flags.append(_flag("zone_unknown", f"{path} says {text}: a local time, and nothing says where."))
    return flags


def _doubtful_file(said: EvidenceSubmitted) -> list[EvidenceFlagged]:
    if said.file and NUL_SIGN in said.file.name + said.file.media_type:
        return [_flag("name_held_nul", f"The file's name or type held a NUL byte, written here as {NUL_SIGN}.")]
    return []


def _flag(flag: str, detail: str) -> EvidenceFlagged:
    return EvidenceFlagged(flag=flag, detail=detail, found_by="submission")


def _is_year_1_or_9999(when: When) -> bool:
    return bool((when.earliest and when.earliest.year <= 1) or (when.latest and when.latest.year >= 9999))
