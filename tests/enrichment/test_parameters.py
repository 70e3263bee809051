"""Parameters that people may set: strictly judged, and part of what a job reads only where one was changed."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from enrichment import registry, sandbox
from enrichment.domain import Enricher, Limits
from enrichment.enrichers.position import Reach
from enrichment.parameters import adjusted, bounded, choice, declared, read, switched, written
from enrichment.reactions import digest_of
from evidence.domain import EvidenceSubmitted, Kind, Place

VOSTOCHNY = EvidenceSubmitted(kind=Kind.SIGHTING, place=Place(lat=42.74, lon=133.08))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Every:
    """One parameter of each sort."""

    far: float = bounded(2.0, least=0.5, most=10, unit="m", says="How far.")
    many: int = bounded(3, least=1, most=9, says="How many.")
    how: str = choice("fast", of=("fast", "slow"), says="How.")
    languages: tuple[str, ...] = choice(("en",), of=("en", "ru", "ko"), most=2, says="Which.")
    deep: bool = switched(False, says="Whether.")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("far", 0.4, "A number from 0.5 to 10 m."),
        ("far", 11, "A number from 0.5 to 10 m."),
        ("far", True, "A number from 0.5 to 10 m."),
        ("far", "2", "A number from 0.5 to 10 m."),
        ("far", float("nan"), "A number from 0.5 to 10 m."),
        ("many", 2.0, "A whole number from 1 to 9."),
        ("many", 10**400, "A whole number from 1 to 9."),
        ("many", None, "A whole number from 1 to 9."),
        ("how", "neither", "One of fast, slow."),
        ("how", ["fast"], "One of fast, slow."),
        ("languages", "en", "A list of 1 to 2."),
        ("languages", [], "A list of 1 to 2."),
        ("languages", ["en"] * 100_000, "A list of 1 to 2."),
        ("languages", ["en", "en"], "Each once, of en, ru, ko."),
        ("languages", ["en", {"a": 1}], "Each once, of en, ru, ko."),
        ("deep", 1, "True or false."),
        ("unheard", 1, "It has no such parameter."),
    ],
)
def test_what_can_not_be_meant_is_named_and_left_at_its_default(name: str, value: Any, said: str) -> None:
    assert read(Every, {name: value}) == (Every(), {name: said})


def test_what_is_set_is_held_and_the_rest_is_at_its_default() -> None:
    instance, faults = read(Every, {"far": 3, "languages": ["ru", "ko"], "deep": True, "how": "slow"})
    assert faults == {}
    assert instance == Every(far=3.0, languages=("ru", "ko"), deep=True, how="slow")
    assert written(instance) == {"far": 3.0, "many": 3, "how": "slow", "languages": ["ru", "ko"], "deep": True}
    assert adjusted(instance) == {"far": 3.0, "how": "slow", "languages": ["ru", "ko"], "deep": True}


def test_an_enricher_without_parameters_has_none_to_set() -> None:
    assert read(None, {"far": 1}) == (None, {"far": "It has no such parameter."})
    assert (written(None), adjusted(None), declared(None)) == ({}, {}, [])


@pytest.mark.parametrize(
    "enricher", [each for each in registry.installed().values() if each.adjustable], ids=lambda each: each.name
)
def test_every_parameter_of_an_enricher_is_explained_and_its_default_is_one_that_could_be_set(
    enricher: Enricher,
) -> None:
    kind = enricher.adjustable
    assert kind is not None
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not (inspect.getdoc(kind) or "").startswith(f"{kind.__name__}(")
    assert all(each.bounds.says.endswith(".") for each in declared(kind))
    assert read(kind, written(kind())) == (kind(), {})
    assert not {each.name for each in declared(kind)} & enricher.parameters.keys()


def test_the_input_digest_covers_parameters_only_where_one_is_not_at_its_default() -> None:
    position = registry.installed()["position"]
    usual = digest_of(position, VOSTOCHNY, {})
    # As it was before anything could be set.
    assert usual == "bf8b6affcb27f207c8347de369976da8c653bfd0781ae39368ddf8810dd194a1"
    assert digest_of(position, VOSTOCHNY, {"within_m": 50_000.0, "most": 5}) == usual
    nearer = digest_of(position, VOSTOCHNY, {"within_m": 20_000, "most": 5})
    assert nearer != usual
    assert digest_of(position, VOSTOCHNY, {"most": 5, "within_m": 20_000.0}) == nearer
    assert digest_of(position, VOSTOCHNY, {"most": 6}) not in {usual, nearer}


def test_an_enricher_in_the_sandbox_gets_what_was_set() -> None:
    fields = {"place": {"lat": 42.74, "lon": 133.08}}
    found: list[Any] = []
    for values in ({}, {"most": 2}, {"within_m": 10_000.0}):
        with sandbox.run(
            "enrichment.enrichers.position",
            kind="sighting",
            fields=fields,
            original=None,
            limits=Limits(),
            adjusted=values,
        ) as outcome:
            assert isinstance(outcome, sandbox.Done), outcome
            found.append(outcome.output)
    usual, fewer, nearer = found
    assert fewer["ports"] == usual["ports"][:2] != usual["ports"]
    assert nearer["ports"] == [port for port in usual["ports"] if port["distance_km"] <= 10] != usual["ports"]
    # Which port is nearest, and whose land it is, is judged by all around, whatever is told.
    for each in (fewer, nearer):
        assert (each["nearest_port"], each["on"]) == (usual["nearest_port"], usual["on"])
    assert Reach().most == 5
