from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Investigations: lifecycle, team, tasks and comments."""

    name = "cases"
    verbose_name = "Cases"

    def ready(self) -> None:
        """Subscribe to the ledger."""
        from cases import projections  # noqa: F401 -- importing it registers it
