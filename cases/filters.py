"""How a list of cases can be narrowed."""

from __future__ import annotations

import django_filters

from cases.domain import Sensitivity, Status
from cases.models import Case


class CaseFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=[(each.value, each.value) for each in Status])
    sensitivity = django_filters.MultipleChoiceFilter(choices=[(each.value, each.value) for each in Sensitivity])
    title = django_filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Case
        fields = ["status", "sensitivity", "title"]
