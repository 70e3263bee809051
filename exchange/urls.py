"""The paths of exports, under a case."""

from django.urls import path

from exchange import views

urlpatterns = [
    path("<uuid:case_id>/exports/", views.ExportList.as_view(), name="export-list"),
    path("<uuid:case_id>/exports/<uuid:export>/", views.ExportDetail.as_view(), name="export-detail"),
    path("<uuid:case_id>/exports/<uuid:export>/download/", views.ExportDownload.as_view(), name="export-download"),
]
