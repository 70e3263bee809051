"""The paths of enrichment: a case's playbook, a command on an item, and an item beside others."""

from django.urls import path

from cases.serializers import ShapeSerializer
from enrichment.commands import retry_enrichment
from enrichment.views import ChoosePlaybook, ItemComparisons, ItemEnrichments, PlaybookDetail
from evidence.domain import EnrichmentRetried
from evidence.views import item_command


class RetrySerializer(ShapeSerializer):
    """Which tool, in which version, as the item's `enrichments` name them."""

    class Meta:
        dataclass = EnrichmentRetried


urlpatterns = [
    path("<uuid:case_id>/playbook/", PlaybookDetail.as_view(), name="case-playbook"),
    path("<uuid:case_id>/choose-playbook/", ChoosePlaybook.as_view(), name="case-choose-playbook"),
    path("<uuid:case_id>/evidence/<uuid:item>/comparisons/", ItemComparisons.as_view(), name="evidence-comparisons"),
    path(
        "<uuid:case_id>/evidence/<uuid:item>/enrichments/<slug:enricher>/",
        ItemEnrichments.as_view(),
        name="evidence-enrichment",
    ),
    path(
        "<uuid:case_id>/evidence/<uuid:item>/retry-enrichment/",
        item_command("retry_enrichment", retry_enrichment, RetrySerializer, wraps="retried"),
        name="evidence-retry-enrichment",
    ),
]
