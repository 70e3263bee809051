"""The paths of runs, under a case."""

from django.urls import path

from enrichment.runs import commands, views

RUNS = "<uuid:case_id>/enrichment-runs/"

urlpatterns = [
    path(RUNS, views.RunList.as_view(), name="run-list"),
    path(f"{RUNS}<uuid:run>/", views.RunDetail.as_view(), name="run-detail"),
    path(f"{RUNS}<uuid:run>/pause/", views.run_command("pause", commands.pause_run), name="run-pause"),
    path(f"{RUNS}<uuid:run>/resume/", views.run_command("resume", commands.resume_run), name="run-resume"),
    path(f"{RUNS}<uuid:run>/stop/", views.run_command("stop", commands.stop_run), name="run-stop"),
]
