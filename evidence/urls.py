"""The paths of evidence: under a case, one per command on an item."""

from django.urls import path, register_converter

from evidence import commands, serializers, views
from evidence.batch import Batch
from evidence.custody import CustodyList
from evidence.views import item_command


class Sha256Converter:
    """64 lowercase hexadecimal digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

_ITEM = "<uuid:case_id>/evidence/<uuid:item>/"

urlpatterns = [
    path("<uuid:case_id>/evidence/", views.EvidenceList.as_view(), name="evidence-list"),
    path("<uuid:case_id>/evidence/batch/", Batch.as_view(), name="evidence-batch"),
    path(_ITEM, views.EvidenceDetail.as_view(), name="evidence-detail"),
    path(f"{_ITEM}custody/", CustodyList.as_view(), name="evidence-custody"),
    path(f"{_ITEM}file/", views.Original.as_view(), name="evidence-file"),
    path(f"{_ITEM}files/<sha256:sha256>/", views.DerivativeFile.as_view(), name="evidence-derivative"),
]

for _name, _command, _serializer, _wraps in [
    ("grade", commands.grade, serializers.GradeSerializer, "graded"),
    ("correct", commands.correct, serializers.CorrectSerializer, None),
    ("retract", commands.retract, serializers.RetractSerializer, None),
    ("link", commands.link, serializers.LinkSerializer, "linked"),
    ("tag", commands.tag, serializers.TagSerializer, None),
    ("untag", commands.untag, serializers.TagSerializer, None),
    ("comment", commands.comment, serializers.CommentSerializer, None),
]:
    view = item_command(_name, _command, _serializer, wraps=_wraps)
    urlpatterns.append(path(f"{_ITEM}{_name}/", view, name=f"evidence-{_name}"))
