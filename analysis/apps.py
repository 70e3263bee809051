from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Findings: rules that compute a number from evidence, with its uncertainty."""

    name = "analysis"
    verbose_name = "Analysis"

    def ready(self) -> None:
        """Hear of findings, and of what happens to the evidence under them."""
        from analysis import projections
        from evidence import queries

        queries.before_submission.append(projections.look_ahead)
