from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Images, statements and sightings: domain, files, provenance, grading."""

    name = "evidence"
    verbose_name = "Evidence"

    def ready(self) -> None:
        """Subscribe to the ledger."""
        from evidence import projections  # noqa: F401 -- importing it registers it
