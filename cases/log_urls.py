"""The paths of the log."""

from django.urls import path

from cases import log

urlpatterns = [
    path("checkpoint", log.CheckpointView.as_view(), name="log-checkpoint"),
    path("entries/", log.EntriesView.as_view(), name="log-entries"),
    path("proof", log.ProofView.as_view(), name="log-proof"),
    path("consistency", log.ConsistencyView.as_view(), name="log-consistency"),
    path("tile/<int:level>/<path:tile>", log.TileView.as_view(), name="log-tile"),
]
