"""Pictures that are nearly the same, turned or not, among those that a reader may see.

What that means, and what not, stands in `enrichers.perceptual_hash`.

Hints come from the hashes in memory, and each is judged by the table: whether the row is still there, and how far its
hash is. Which cases may be read is asked before anything is cut, so no copy in another's case can stand in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.urls import reverse

from cases.access import readable_cases
from enrichment.models import PictureHash
from enrichment.near_duplicates import METHODS, WITHIN
from enrichment.picture_index import PICTURES, near_among
from enrichment.readers import adds_to
from evidence.models import Enrichment, ItemState
from evidence.queries import visible_everywhere
from ledger.actors import Actor

SHOWN = 50

_AT_ONCE = 200
"""Hints that are looked at together."""

UPRIGHT = "upright"

Variants = Mapping[str, Mapping[str, str]]
"""Of each method the hash of each way in which the picture can lie, in hexadecimal."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small picture that a tool made of an item: its SHA-256, where it is, its size in pixels."""

    sha256: str
    address: str
    width: int | None
    height: int | None


@dataclass(frozen=True, kw_only=True)
class NearDuplicate:
    """A picture whose hash differs in few bits from that of this one, turned as `turned` says.

    `distance` is in bits of 256, by PDQ where both have it, else by pHash. `turned`: mirrored swaps left and right,
    then degrees clockwise. `exact`: their files are the same byte for byte. `earlier`: it was submitted before this
    one, which does not say that it was made before it.
    """

    item: UUID
    case: UUID
    title: str
    retracted: bool
    graphic: bool
    exact: bool
    distance: int
    method: str
    turned: str
    thumbnail: Thumbnail | None
    submitted_at: datetime
    earlier: bool


@dataclass(frozen=True)
class _Judged:
    distance: int
    turned: str
    method: str


def near_duplicates(row: ItemState, *, by: Actor) -> list[NearDuplicate]:
    """List the pictures that are nearly the same, the likest first."""
    own = dict(PictureHash.objects.filter(item=row.item).values_list("method", "event"))
    if not own:
        return []
    variants = _variants(row.item, own)
    cases = list(readable_cases(by).values_list("id", flat=True))
    # Where the caller only adds, their own items are few, and are compared one by one.
    theirs = ItemState.objects.now().filter(case__in=adds_to(by), submitter=by.user).values("item")
    hashes = {method: list(each.values()) for method, each in variants.items()}
    hints = dict.fromkeys(
        [*PICTURES.near(hashes, cases), *near_among(hashes, PictureHash.objects.filter(item__in=theirs))]
    )
    hints.pop(row.item, None)
    found: list[NearDuplicate] = []
    left = iter(hints)
    while len(found) < SHOWN and (some := list(islice(left, _AT_ONCE))):
        found += _judged(row, variants, some, by=by)
    return sorted(found, key=lambda each: (each.distance, each.submitted_at, each.item))[:SHOWN]


def _variants(item: UUID, own: Mapping[str, UUID]) -> dict[str, dict[str, str]]:
    """Read the hashes of all eight ways out of the results that the rows follow from."""
    outputs: dict[UUID, Any] = dict(
        Enrichment.objects.filter(pk__in=own.values(), item=item).values_list("pk", "output")
    )
    return {
        each["method"]: {UPRIGHT: each["hash"], **each["turned"]}
        for output in outputs.values()
        for each in output["hashes"]
        if each["method"] in own
    }


def _judged(row: ItemState, variants: Variants, items: list[UUID], *, by: Actor) -> Iterator[NearDuplicate]:
    hashes: dict[UUID, dict[str, str]] = {}
    for item, method, hash_ in PictureHash.objects.filter(item__in=items).values_list("item", "method", "hash"):
        hashes.setdefault(item, {})[method] = hash_
    near = {item: judged for item, of_item in hashes.items() if (judged := judge(variants, of_item))}
    visible = list(visible_everywhere(by).filter(item__in=near))
    thumbnails = _thumbnails(visible)
    for other in visible:
        judged = near[other.item]
        yield NearDuplicate(
            item=other.item,
            case=other.case_id,
            title=str(other),
            retracted=other.status == "retracted",
            graphic=bool(other.state["said"].get("graphic")),
            exact=bool(row.sha256) and other.sha256 == row.sha256,
            distance=judged.distance,
            method=judged.method,
            turned=judged.turned,
            thumbnail=thumbnails.get(other.item),
            submitted_at=other.submitted_at,
            earlier=(other.submitted_at, other.item) < (row.submitted_at, row.item),
        )


def judge(variants: Variants, hashes: Mapping[str, str]) -> _Judged | None:
    """Say how far a picture is from another one's hashes, and how it must be turned; None where it is too far."""
    method = next((each for each in METHODS if each in variants and each in hashes), None)
    if method is None:
        return None
    other = int(hashes[method], 16)
    # Of several ways that are as near, the first is the one with the least turning.
    far = {turned: (int(own, 16) ^ other).bit_count() for turned, own in variants[method].items()}
    turned = min(far, key=lambda each: far[each])
    return _Judged(far[turned], turned, method) if far[turned] <= WITHIN else None


def _thumbnails(rows: list[ItemState]) -> dict[UUID, Thumbnail]:
    cases = {row.item: row.case_id for row in rows}
    results = Enrichment.objects.filter(item__in=cases).exclude(derivatives=[]).order_by("version", "seq")
    return {
        item: Thumbnail(
            sha256=each["sha256"],
            address=reverse("evidence-derivative", args=[cases[item], item, each["sha256"]]),
            width=each["width"],
            height=each["height"],
        )
        for item, made in results.values_list("item", "derivatives")
        for each in made
        if each["name"] == "thumb"
    }
