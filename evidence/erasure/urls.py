"""The paths of erasures, under a case."""

from django.urls import path

from evidence.erasure import views

_ONE = "<uuid:case_id>/redactions/<uuid:redaction>/"

urlpatterns = [
    path("<uuid:case_id>/redactions/", views.ErasureList.as_view(), name="erasure-list"),
    path("<uuid:case_id>/redactions/preview/", views.ErasurePreview.as_view(), name="erasure-preview"),
    path(_ONE, views.ErasureDetail.as_view(), name="erasure-detail"),
    path(f"{_ONE}confirm/", views.ConfirmErasure.as_view(), name="erasure-confirm"),
    path(f"{_ONE}decline/", views.DeclineErasure.as_view(), name="erasure-decline"),
]
