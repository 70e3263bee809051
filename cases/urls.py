"""The paths of cases: one per command."""

from django.urls import path

from cases import commands, serializers, views
from cases.views import case_command

urlpatterns = [
    path("", views.CaseList.as_view(), name="case-list"),
    path("<uuid:case_id>/", views.CaseDetail.as_view(), name="case-detail"),
    path("<uuid:case_id>/events/", views.EventFeed.as_view(), name="case-events"),
    path("<uuid:case_id>/comments/", views.CommentList.as_view(), name="case-comments"),
]

_REASON = serializers.ReasonSerializer

for _name, _command, _serializer, _needs_if_match in [
    # Two people who edit a title at the same time would overwrite one another unseen: these two need If-Match.
    ("rename", commands.rename_case, serializers.RenameSerializer, True),
    ("describe", commands.describe_case, serializers.DescribeSerializer, True),
    ("set-sensitivity", commands.set_sensitivity, serializers.SensitivitySerializer, False),
    ("hold", commands.hold_case, _REASON, False),
    ("resume", commands.resume_case, _REASON, False),
    ("send-to-review", commands.send_to_review, _REASON, False),
    ("close", commands.close_case, _REASON, False),
    ("reopen", commands.reopen_case, _REASON, False),
    ("archive", commands.archive_case, _REASON, False),
    ("add-member", commands.add_member, serializers.AddMemberSerializer, False),
    ("change-role", commands.change_role, serializers.ChangeRoleSerializer, False),
    ("remove-member", commands.remove_member, serializers.RemoveMemberSerializer, False),
    ("comment", commands.comment_on_case, serializers.CommentSerializer, False),
    ("tag", commands.tag_case, serializers.TagSerializer, False),
    ("untag", commands.untag_case, serializers.TagSerializer, False),
]:
    urlpatterns.append(
        path(
            f"<uuid:case_id>/{_name}/",
            case_command(_name, _command, _serializer, needs_if_match=_needs_if_match),
            name=f"case-{_name}",
        )
    )
