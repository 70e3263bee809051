"""Forms about one item of evidence, other than its own fields."""

from __future__ import annotations

from typing import Any

from django import forms

from evidence.domain import Credibility, EvidenceGraded, EvidenceLinked, Relation, Reliability
from evidence.rules import RELATION_WORDS
from workspace.forms.base import Form, SeenForm, line, lines

RELIABILITY = {
    Reliability.A: "completely reliable",
    Reliability.B: "usually reliable",
    Reliability.C: "fairly reliable",
    Reliability.D: "not usually reliable",
    Reliability.E: "unreliable",
    Reliability.F: "can not be judged",
}
CREDIBILITY = {
    Credibility.CONFIRMED: "confirmed by others",
    Credibility.PROBABLE: "probably true",
    Credibility.POSSIBLE: "possibly true",
    Credibility.DOUBTFUL: "doubtful",
    Credibility.IMPROBABLE: "improbable",
    Credibility.UNKNOWN: "can not be judged",
}
"""The words of the Admiralty code (NATO AJP-2.1, annex on grading)."""


def grade_words(reliability: str, credibility: str) -> str:
    """Write a grade out: source first, information second."""
    return f"source {RELIABILITY[Reliability(reliability)]}, information {CREDIBILITY[Credibility(credibility)]}"


class Grade(SeenForm):
    """One choice out of the thirty-six of the matrix."""

    grade = forms.ChoiceField(
        label="Grade",
        choices=[(f"{row}{column}", grade_words(row, column)) for row in Reliability for column in Credibility],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the thirty-six."},
    )
    reason = lines("Reason", rows=2)

    def arguments(self) -> dict[str, Any]:
        asked = self.cleaned_data
        graded = EvidenceGraded(
            reliability=Reliability(asked["grade"][0]),
            credibility=Credibility(asked["grade"][1]),
            reason=asked["reason"],
        )
        return {"graded": graded, "seen": asked["seen"]}

    def matrix(self) -> list[dict[str, Any]]:
        """Lay the choices out: a row for each reliability."""
        chosen = self["grade"].value()
        return [
            {
                "letter": row.value,
                "words": words,
                "cells": [
                    {
                        "value": f"{row}{column}",
                        "words": grade_words(row, column),
                        "checked": chosen == f"{row}{column}",
                    }
                    for column in Credibility
                ],
            }
            for row, words in RELIABILITY.items()
        ]

    def columns(self) -> list[dict[str, str]]:
        return [{"digit": column.value, "words": words} for column, words in CREDIBILITY.items()]


class Retract(SeenForm):
    reason = lines("Reason", required=True, rows=2, help_text="The item stays visible, marked as retracted.")


class Link(SeenForm):
    relation = forms.ChoiceField(
        label="This item", choices=[(each.value, RELATION_WORDS[each][0]) for each in Relation]
    )
    target = forms.UUIDField(
        label="Which item",
        help_text="Begin to type a title, or paste the item's id.",
        widget=forms.TextInput(attrs={"list": "items-of-case", "autocomplete": "off"}),
        error_messages={"invalid": "Choose an item of this case, or paste its id."},
    )
    note = line("Note")

    def arguments(self) -> dict[str, Any]:
        asked = self.cleaned_data
        linked = EvidenceLinked(relation=Relation(asked["relation"]), target=asked["target"], note=asked["note"])
        return {"linked": linked, "seen": asked["seen"]}


class AddTag(SeenForm):
    tag = line("Tag", required=True, most=60)


class RemoveTag(SeenForm):
    tag = forms.CharField(max_length=60, widget=forms.HiddenInput)


class Comment(Form):
    text = lines("Comment", required=True, rows=3)


class Retry(Form):
    job = forms.UUIDField(widget=forms.HiddenInput)

    def arguments(self) -> dict[str, Any]:
        return {"job_id": self.cleaned_data["job"]}
