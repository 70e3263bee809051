"""Items beside others, results side by side, enrichers and playbooks, over the API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import Permission, require
from cases.http import StrictView
from cases.serializers import ShapeSerializer
from enrichment import choosing, comparisons, registry, versions
from enrichment import serializers as shapes
from evidence.commands import look
from ledger import codec


class ComparisonsSerializer(ShapeSerializer):
    """Copies of a text, and places where a ship can not also have been."""

    class Meta:
        dataclass = comparisons.Comparisons


class ItemComparisons(StrictView):
    """An item beside all others that the caller may see: computed now, stored nowhere."""

    required_scopes = {"GET": "evidence:read"}

    @extend_schema(summary="Compare an item with others", responses=ComparisonsSerializer)
    def get(self, request: Request, case_id: UUID, item: UUID) -> Response:
        return Response(codec.to_plain(comparisons.compare(case_id, item, by=request.actor)))


class ItemEnrichments(StrictView):
    """All that one enricher said of an item, newest first."""

    required_scopes = {"GET": "evidence:read"}

    @extend_schema(summary="Compare the results of an enricher", responses=shapes.VersionListSerializer)
    def get(self, request: Request, case_id: UUID, item: UUID, enricher: str) -> Response:
        found = versions.results_of(case_id, item, enricher, by=request.actor)
        look(case_id=case_id, items=[item], action="viewed", by=request.actor)
        return Response({"results": [shapes.version_shown(each) for each in found]})


class EnricherList(StrictView):
    """The enrichers of this site: of no case."""

    required_scopes = {"GET": "cases:read"}

    @extend_schema(summary="List the enrichers that are installed", responses=shapes.EnricherListSerializer)
    def get(self, request: Request) -> Response:
        installed = registry.installed()
        return Response({"results": [shapes.enricher_shown(installed[name]) for name in sorted(installed)]})


class PlaybookDetail(StrictView):
    required_scopes = {"GET": "cases:read"}

    @extend_schema(summary="Read a case's playbook", responses=shapes.PlaybookSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        return _playbook(request, case_id)


class ChoosePlaybook(StrictView):
    required_scopes = {"POST": "cases:write"}

    @extend_schema(
        summary="Choose which enrichers read a case's new evidence",
        request=shapes.NewPlaybookSerializer,
        responses=shapes.PlaybookSerializer,
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        # To a stranger there is no such case, whatever they send.
        require(case_id, Permission.EDIT, by=request.actor)
        wanted = shapes.NewPlaybookSerializer.read(request.data)
        choosing.choose_playbook(case_id=case_id, wanted=wanted, by=request.actor)
        return _playbook(request, case_id)


def _playbook(request: Request, case_id: UUID) -> Response:
    chosen = choosing.chosen_for(case_id, by=request.actor)
    return Response(shapes.playbook_shown(chosen, registry.installed()))
