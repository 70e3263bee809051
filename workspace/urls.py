"""The addresses of our pages, below the admin's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from workspace.views import cases, erasures, exports, files, findings, items, ledger, runs, submit, tools

Page = Callable[[Any], Any]

CASE = "cases/<uuid:case_id>/"
ITEM = f"{CASE}evidence/<uuid:item>/"


def routes(page: Page) -> list[URLPattern]:
    """List the routes; `page` makes a view a page of the site."""
    return [
        path("cases/new/", page(cases.open_case), name="case-new"),
        path("search/", page(cases.search), name="search"),
        path("emergency/", page(cases.emergency), name="emergency"),
        path("tools/", page(tools.fare), name="tools"),
        path(CASE, page(cases.board), name="case"),
        path(f"{CASE}settings/", page(cases.settings), name="case-settings"),
        path(f"{CASE}team/", page(cases.team), name="case-team"),
        path(f"{CASE}comments/", page(cases.comments), name="case-comments"),
        path(f"{CASE}history/", page(cases.history), name="case-history"),
        path(f"{CASE}ledger/", page(ledger.panel), name="case-ledger"),
        path(f"{CASE}findings/", page(findings.findings), name="case-findings"),
        path(f"{CASE}findings/new/", page(findings.new), name="finding-new"),
        path(f"{CASE}findings/<uuid:finding>/", page(findings.finding), name="finding"),
        path(f"{CASE}runs/", page(runs.runs), name="case-runs"),
        path(f"{CASE}exports/", page(exports.exports), name="case-exports"),
        path(f"{CASE}exports/<uuid:export>/bundle/", page(exports.bundle), name="case-bundle"),
        path(f"{CASE}erasures/", page(erasures.of_case), name="case-erasures"),
        path(f"{CASE}erasures/new/", page(erasures.ask), name="case-erase"),
        path(f"{CASE}receipts/<uuid:event>/", page(ledger.receipt), name="event-receipt"),
        path(f"{CASE}evidence/new/<str:kind>/", page(submit.submit), name="evidence-new"),
        path(ITEM, page(items.item), name="evidence-item"),
        path(f"{ITEM}correct/", page(submit.correct), name="evidence-correct"),
        path(f"{ITEM}erase/", page(erasures.ask), name="evidence-erase"),
        path(f"{ITEM}original/", page(files.original), name="evidence-original"),
        path(f"{ITEM}previews/<str:sha256>/", page(files.preview), name="evidence-preview"),
    ]
