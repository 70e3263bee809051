"""The page of one item of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from cases.access import Permission, may
from cases.models import Comment
from enrichment.commands import retry
from enrichment.comparisons import beside
from evidence import commands, queries
from evidence.models import Custody, ErasedPart, ItemState, Look
from evidence.projections import state_of
from workspace import board, history, results
from workspace.answers import show
from workspace.facts import given, moment
from workspace.forms import items as forms
from workspace.forms.base import Form
from workspace.frame import Frame, frame
from workspace.intentions import Intention, outcome
from workspace.people import names_of
from workspace.relations import relations, titles_of

HISTORY = 100
AGAIN = "Waterline-Again"
"""The header by which an open page asks for its newest parts: the same view of the item, not another one."""
CHOICES = 300
"""How many of the newest items are offered when items are linked; any other is named by its id."""

ACTIONS = {
    "grade": Intention(forms.Grade, commands.grade, Permission.GRADE, "Graded."),
    "retract": Intention(forms.Retract, commands.retract, Permission.EDIT, "Retracted; it stays visible as such."),
    "link": Intention(forms.Link, commands.link, Permission.EDIT, "Linked."),
    "tag": Intention(forms.AddTag, commands.tag, Permission.EDIT, "Tagged."),
    "untag": Intention(forms.RemoveTag, commands.untag, Permission.EDIT, "The tag is off."),
    "comment": Intention(forms.Comment, commands.comment, Permission.COMMENT, "Commented."),
}
RETRY = {"retry": Intention(forms.Retry, retry, Permission.EDIT, "It waits to be tried again.")}


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, case_id: UUID, item: UUID) -> HttpResponse:
    """Show all about an item, note that it was viewed, and carry out what is asked of it."""
    around = frame(request, case_id)
    moment_asked = request.GET.get("as_of", "").strip() if request.method != "POST" else ""
    as_of = queries.moment(case_id, moment_asked) if moment_asked else None
    row = queries.item_row(case_id, item, by=around.by, as_of=as_of)
    intentions, about = ACTIONS, {"case_id": case_id, "item": item}
    if request.POST.get("do") == "retry":
        intentions, about = RETRY, {"case_id": case_id}
    grade = f"{row.reliability}{row.credibility}" or None
    initial = {"seen": row.from_seq, "grade": grade}
    done = outcome(request, intentions, by=around.by, role=around.role, about=about, initial=initial)
    if done.answer:
        return done.answer
    if done.refused:
        row = queries.item_row(case_id, item, by=around.by)
        done.renew(row.from_seq)
    elif request.method == "GET" and AGAIN not in request.headers:
        commands.look(case_id=case_id, items=[item], action="viewed", by=around.by)
    context = around.context(
        "evidence",
        **_about(around, row, as_of=as_of),
        forms={} if as_of is not None else _offered(around, done.forms),
        refused=done.refused,
        as_of=as_of,
    )
    return show(request, "item", context, status=done.status)


def _offered(around: Frame, forms: Mapping[str, Form]) -> dict[str, Form]:
    """Offer what can be done now: while a case rests or is over, its evidence is only commented on."""
    return {name: form for name, form in forms.items() if around.active or name == "comment"}


def _about(around: Frame, row: ItemState, *, as_of: int | None) -> dict[str, Any]:
    shown = queries.represent([row], as_of=as_of, by=around.by)[0]
    case_id, item = row.case_id, row.item
    reads = may(around.role, Permission.READ)
    found_by_tools = results.of_item(case_id, item, as_of=as_of)
    found = relations(case_id, item, said=shown, by=around.by)
    entries = history.of_item(case_id, item) if reads and as_of is None else []
    erased = list(ErasedPart.objects.filter(item=item)) if reads else []
    custody = list(Custody.objects.filter(item=item).order_by("-seq", "-id")[: HISTORY + 1]) if reads else []
    looks = list(Look.objects.filter(case_id=case_id, item=item).order_by("-id")[:HISTORY]) if reads else []
    comments = list(Comment.objects.filter(item=item).order_by("seq")) if reads else []
    names = names_of([row.submitted_by, *(each.actor for each in (*custody, *looks)), *(c.author for c in comments)])
    offered = queries.visible_items(case_id, by=around.by).now().exclude(item=item) if around.may["edit"] else None
    return {
        "item": shown,
        "row": row,
        "gone": set(state_of(row).erased),
        "erased": [history.gone(each) for each in erased[:HISTORY]],
        "erased_events": {each.event for each in erased},
        "erased_files": {each.file for each in erased if each.file},
        "title": str(row),
        "picture": board.picture(shown["enrichments"], "preview", "thumb"),
        "thumb": board.picture(shown["enrichments"], "thumb", "preview"),
        "times": _times(shown),
        "facts": _facts(shown),
        "links": found,
        "results": found_by_tools,
        "compared": beside(row, by=around.by) if as_of is None else None,
        "waits": any(each.waits for each in found_by_tools),
        "reads": reads,
        "entries": entries[:HISTORY],
        "older_entries": max(0, len(entries) - HISTORY),
        "custody": [(each, names[each.actor]) for each in custody[:HISTORY]],
        "older_custody": len(custody) > HISTORY,
        "looks": [(each, names[each.actor]) for each in looks],
        "comments": [(each, names[each.author]) for each in comments],
        "submitted_by": names[row.submitted_by],
        "grade_words": forms.grade_words(row.reliability, row.credibility) if row.reliability else "",
        "offered": titles_of(offered, most=CHOICES) if offered is not None else [],
    }


def _times(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "when": moment(shown["when"]),
        "stated_at": moment(shown["stated_at"]),
        "published_at": moment((shown["source"] or {}).get("published_at", "")),
        "collected_at": moment((shown["collection"] or {}).get("at", "")),
    }


def _facts(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "place": given(shown["place"], without=("name",)),
        "source": given(shown["source"], without=("published_at",)),
        "collection": given(shown["collection"], without=("at",)),
        "speaker": given(shown["speaker"]),
        "subject": given(shown["subject"]),
    }
