from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Images, statements and sightings: domain, files, provenance, grading."""

    name = "evidence"
    verbose_name = "Evidence"

    def ready(self) -> None:
        """Subscribe to the ledger, and hear what the feed of a case shows of its items."""
        from cases.queries import shown
        from evidence import projections  # noqa: F401 -- importing it registers it
        from evidence.commands import note_listed
        from evidence.erasure import projections as of_erasures  # noqa: F401 -- importing it registers it
        from evidence.erasure.queries import still_named
        from ledger import leftovers

        leftovers.naming.append(still_named)

        shown.append(lambda case_id, items, by: note_listed([(case_id, item) for item in items], by=by))
