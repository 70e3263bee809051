"""Forms about erasures: what is to go and why; and the second person's answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django import forms

from evidence.erasure.domain import NewErasure, OfEvent, OfItem, WhatGoes
from evidence.erasure.rules import OtherList
from ledger.errors import DomainError
from ledger.redaction import GROUND_WORDS, Ground
from workspace.forms.base import Form, line, lines

GROUNDS = [("", "choose one"), *((each.value, words) for each, words in GROUND_WORDS.items())]


class ListForm(Form):
    """A form about an exact list, which may be another one by the time it is sent."""

    def refuse(self, refusal: DomainError) -> None:
        if isinstance(refusal, OtherList):
            self.add_error(None, refusal.detail)
        else:
            super().refuse(refusal)


class Erase(ListForm):
    """What is to go. What stands to choose from is that of one item, or of the case itself."""

    fields_ = forms.MultipleChoiceField(label="Fields", required=False, widget=forms.CheckboxSelectMultiple)
    events = forms.MultipleChoiceField(
        label="What was said about it later",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What tools read out of a field that goes, and corrections that set it, go by themselves.",
    )
    bytes = forms.BooleanField(
        label="The bytes of the file, and what was made of them",
        required=False,
        help_text="That there was a file, with its name and SHA-256, stays unless the field goes as well.",
    )
    texts = lines(
        "Every field of the case in which this stands",
        rows=2,
        help_text="A name, say; one a line, at least four characters. It is looked for everywhere, and not kept.",
    )
    ground = forms.ChoiceField(label="Ground", choices=GROUNDS, required=False)
    reason = lines("Reason", rows=2, help_text="It stays, so it must not repeat what goes, nor name anybody.")
    fingerprint = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)

    def __init__(
        self,
        *args: Any,
        item: UUID | None,
        fields: list[tuple[str, str]],
        events: list[tuple[str, str]],
        sha256: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.item, self.sha256 = item, sha256
        self.fields["fields_"].choices = fields  # type: ignore[attr-defined]
        self.fields["events"].choices = events  # type: ignore[attr-defined]
        for name, there in (("fields_", fields), ("events", events), ("bytes", sha256)):
            if not there:
                del self.fields[name]

    def what_goes(self) -> WhatGoes:
        """Read what is to go."""
        return WhatGoes(**self._what())

    def wanted(self) -> NewErasure:
        """Read what is to go, and why."""
        asked = self.cleaned_data
        why = {"ground": Ground(asked["ground"]), "reason": asked["reason"], "fingerprint": asked["fingerprint"]}
        return NewErasure(**self._what(), **why)

    def require_why(self) -> bool:
        """Say whether ground and reason are there, beside the fields where they are not."""
        for name in ("ground", "reason"):
            if not self.cleaned_data.get(name):
                self.add_error(name, "This field is required.")
        return not self.errors

    def _what(self) -> dict[str, Any]:
        asked = self.cleaned_data
        named: dict[UUID, list[str]] = defaultdict(list)
        for each in asked.get("events", ()):
            event, _, name = each.partition(":")
            named[UUID(event)].append(name)
        fields = tuple(asked.get("fields_", ()))
        return {
            "items": (OfItem(item=self.item, fields=fields),) if self.item and fields else (),
            "events": tuple(OfEvent(event=event, fields=tuple(names)) for event, names in named.items()),
            "texts": tuple(each.strip() for each in asked["texts"].splitlines() if each.strip()),
            "files": (self.sha256,) if asked.get("bytes") else (),
        }

    def field_of(self, path: str) -> str | None:
        """Find the field for one of the command's."""
        own = {"items": "fields_", "events": "events", "texts": "texts", "files": "bytes"}.get(path, path)
        return own if own in self.fields else None


class Confirm(ListForm):
    redaction = forms.UUIDField(widget=forms.HiddenInput)
    fingerprint = forms.CharField(widget=forms.HiddenInput, max_length=64)


class Decline(Form):
    redaction = forms.UUIDField(widget=forms.HiddenInput)
    reason = line("Reason", required=True)
