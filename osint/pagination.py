"""Pages of a list: by cursor, so that nothing is skipped or shown twice while others append."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as FrameworkPagination
from rest_framework.response import Response

from ledger.errors import Invalid


class CursorPagination(FrameworkPagination):
    """`{"next", "previous", "results"}`; `page_size` up to 200; the view names the order.

    The first field of the order tells all rows apart. Rows with the same value would be counted off from the first of
    them, and the framework counts no further than 1,000: a list with more of them would never end.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering: tuple[str, ...] = view.ordering
        # Asked for right before the cursor is read.
        self._field: Field[Any, Any] = queryset.model._meta.get_field(ordering[0].lstrip("-"))
        return ordering

    def get_page_size(self, request: Any) -> int:
        """Read how many are wanted.

        :raises Invalid: it is no number, or out of range.
        """
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= self.max_page_size):
            said = f"A whole number from 1 to {self.max_page_size}."
            raise Invalid("page_size can not be read.", errors={"page_size": [said]})
        return int(text)

    def decode_cursor(self, request: Any) -> Cursor | None:
        """Read where to go on; the position in it must be one of the list's own kind.

        :raises Invalid: somebody changed the cursor, or took it from another list.
        """
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                _require_position(self._field, cursor.position)
        except (NotFound, ValidationError, OverflowError) as error:
            said = "Take the address of `next` or `previous` as it came."
            raise Invalid("The cursor can not be read.", errors={"cursor": [said]}) from error
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe both parameters, with the range of the second."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        parameters[-1]["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters


def _require_position(field: Field[Any, Any], text: str) -> None:
    value = field.to_python(text)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValidationError("A position in time has its zone.")
        # Near the ends of the calendar there is no such instant in UTC.
        value.astimezone(UTC)
