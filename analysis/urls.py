"""The paths of findings, under a case."""

from django.urls import path

from analysis import commands
from analysis import serializers as shapes
from analysis.views import FindingAsOf, FindingDetail, FindingList, finding_command
from cases.serializers import ReasonSerializer

_ONE = "<uuid:case_id>/findings/<uuid:finding>/"
_COMMANDS = {
    "restate": (commands.restate_finding, shapes.RestateSerializer, "restated"),
    "compute": (commands.compute_finding, shapes.ComputeSerializer, None),
    "review": (commands.review_finding, shapes.ReviewSerializer, "reviewed"),
    "sign-off": (commands.sign_off_finding, shapes.SignOffSerializer, "signed_off"),
    "publish": (commands.publish_finding, shapes.PublishSerializer, "published"),
    "withdraw": (commands.withdraw_finding, ReasonSerializer, None),
}

urlpatterns = [
    path("<uuid:case_id>/findings/", FindingList.as_view(), name="finding-list"),
    path(_ONE, FindingDetail.as_view(), name="finding-detail"),
    path(f"{_ONE}as-of/", FindingAsOf.as_view(), name="finding-as-of"),
    *(
        path(
            f"{_ONE}{name}/",
            finding_command(name.replace("-", "_"), command, serializer, wraps=wraps),
            name=f"finding-{name}",
        )
        for name, (command, serializer, wraps) in _COMMANDS.items()
    ),
]
