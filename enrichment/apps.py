from django.apps import AppConfig


class EnrichmentConfig(AppConfig):
    """Tools that read evidence: jobs, the sandbox and the enrichers."""

    name = "enrichment"
    verbose_name = "Enrichment"

    def ready(self) -> None:
        """Hear of new evidence, and tell what is still being worked on."""
        from enrichment import checks, projections, queries, reactions  # noqa: F401 -- importing it registers it
        from enrichment.runs import commands  # noqa: F401 -- the same
        from enrichment.runs import projections as of_runs  # noqa: F401 -- the same

        queries.register()
