"""How a list of evidence can be narrowed. Filters combine with AND; one given several times with OR."""

from __future__ import annotations

import math
import re
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiTypes, extend_schema_field

from cases.domain import Sensitivity
from cases.filters import AnyOf
from cases.folding import folded
from evidence.domain import ItemStatus, Kind
from evidence.models import Enrichment, ItemState, ItemTag
from evidence.queries import waiting_items
from evidence.search import matching
from evidence.when import InvalidWhen, parse
from ledger.errors import Invalid

States = QuerySet[ItemState]

_SHA256 = re.compile("[0-9a-fA-F]{64}")


class EvidenceFilter(django_filters.FilterSet):
    """The filters of an evidence list; `as_of` picks the moment and is read before them."""

    kind = AnyOf(Kind)
    status = AnyOf(ItemStatus)
    tag = django_filters.CharFilter(method="by_tag", help_text="Items that carry this tag.")
    grade = django_filters.CharFilter(method="by_grade", help_text="Admiralty code: B2, or B, or 2.")
    when_from = django_filters.CharFilter(method="by_time_from", help_text="Happened then or later (EDTF).")
    when_to = django_filters.CharFilter(method="by_time_to", help_text="Happened then or earlier (EDTF).")
    bbox = django_filters.CharFilter(
        method="by_box",
        help_text="west,south,east,north in degrees; west may be greater, across the antimeridian.",
    )
    source = django_filters.CharFilter(method="by_source", help_text="A part of the source's name, in any case.")
    text = django_filters.CharFilter(method="by_text", help_text="Every word; the last may be unfinished.")
    external_id = django_filters.CharFilter()
    sha256 = django_filters.CharFilter(method="by_file", help_text="64 hexadecimal digits.")
    sensitivity = AnyOf(Sensitivity)
    flagged = extend_schema_field(OpenApiTypes.BOOL)(
        django_filters.TypedChoiceFilter(
            choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true"
        )
    )
    enrichment = django_filters.ChoiceFilter(
        choices=[(each, each) for each in ("done", "failed", "waiting")], method="by_enrichment"
    )
    as_of = django_filters.CharFilter(method="picked_before", help_text="An event's seq, or an instant with its zone.")

    class Meta:
        model = ItemState
        fields: list[str] = []

    def by_tag(self, states: States, name: str, tag: str) -> States:
        tagged = ItemTag.objects.filter(case=_case(self), tag=tag)
        as_of = getattr(self.request, "as_of", None)
        if as_of is None:
            tagged = tagged.filter(until_seq__isnull=True)
        else:
            tagged = tagged.filter(Q(until_seq__isnull=True) | Q(until_seq__gt=as_of), from_seq__lte=as_of)
        return states.filter(item__in=tagged.values("item"))

    def by_grade(self, states: States, name: str, grade: str) -> States:
        letters = [each for each in grade.upper() if each in "ABCDEF"]
        digits = [each for each in grade if each in "123456"]
        if len(letters) + len(digits) != len(grade) or len(letters) > 1 or len(digits) > 1:
            raise Invalid("The grade can not be read.", errors={"grade": ["A to F, 1 to 6, or both: B2."]})
        if letters:
            states = states.filter(reliability=letters[0])
        return states.filter(credibility=digits[0]) if digits else states

    def by_time_from(self, states: States, name: str, text: str) -> States:
        earliest = _when(name, text).earliest
        ends_later = Q(latest__gte=earliest) if earliest else Q(latest__isnull=False)
        return states.filter(ends_later | Q(earliest__isnull=False, latest__isnull=True))

    def by_time_to(self, states: States, name: str, text: str) -> States:
        latest = _when(name, text).latest
        begins_earlier = Q(earliest__lte=latest) if latest else Q(earliest__isnull=False)
        return states.filter(begins_earlier | Q(earliest__isnull=True, latest__isnull=False))

    def by_box(self, states: States, name: str, text: str) -> States:
        west, south, east, north = _box(text)
        inside = Q(lon__gte=west, lon__lte=east) if west <= east else Q(lon__gte=west) | Q(lon__lte=east)
        return states.filter(inside, lat__gte=south, lat__lte=north)

    def by_source(self, states: States, name: str, text: str) -> States:
        return states.filter(source_folded__contains=folded(text))

    def by_text(self, states: States, name: str, text: str) -> States:
        return states.filter(item__in=matching(text))

    def by_file(self, states: States, name: str, text: str) -> States:
        if not _SHA256.fullmatch(text):
            raise Invalid("The digest can not be read.", errors={"sha256": ["64 hexadecimal digits."]})
        return states.filter(sha256=text.lower())

    def by_enrichment(self, states: States, name: str, status: str) -> States:
        if status == "waiting":
            waiting = Q()
            for source in waiting_items:
                waiting |= Q(item__in=source())
            return states.filter(waiting) if waiting else states.none()
        results = Enrichment.objects.filter(case=_case(self)).newest(as_of=getattr(self.request, "as_of", None))
        return states.filter(item__in=results.filter(status=status).values("item"))

    def picked_before(self, states: States, name: str, text: str) -> States:
        return states


def _case(filters: EvidenceFilter) -> Any:
    return filters.request.resolver_match.kwargs["case_id"]


def _when(name: str, text: str) -> Any:
    try:
        return parse(text)
    except InvalidWhen as error:
        raise Invalid("A time can not be read.", errors={name: [str(error)]}) from error


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid("The box can not be read.", errors={"bbox": ["west,south,east,north in degrees."]})
    return west, south, east, north
