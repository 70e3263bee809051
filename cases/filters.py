"""How a list of cases can be narrowed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from cases.domain import Sensitivity, Status
from cases.folding import folded
from cases.models import Case


class Choices(forms.MultipleChoiceField):
    """Empty choices do not count: a page's form sends one for "any"."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if each]


class AnyOf(django_filters.MultipleChoiceFilter):
    """One of the values of an enumeration; given several times, any of them."""

    field_class = Choices

    def __init__(self, values: type[StrEnum], **options: Any) -> None:
        super().__init__(choices=[(each.value, each.value) for each in values], **options)


class CaseFilter(django_filters.FilterSet):
    status = AnyOf(Status)
    sensitivity = AnyOf(Sensitivity)
    title = django_filters.CharFilter(method="by_title", help_text="A part of the title, in any case.")

    class Meta:
        model = Case
        fields = ["status", "sensitivity", "title"]

    def by_title(self, cases: QuerySet[Case], name: str, text: str) -> QuerySet[Case]:
        return cases.filter(title_folded__contains=folded(text))
