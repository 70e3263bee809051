"""Pages of a list: by cursor, so that nothing is skipped or shown twice while others append."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination as FrameworkPagination
from rest_framework.response import Response


class CursorPagination(FrameworkPagination):
    """`{"next", "previous", "results"}`; `page_size` up to 200; the view names the order."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering: tuple[str, ...] = view.ordering
        return ordering

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})
