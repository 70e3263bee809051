from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Findings: rules that compute a number from evidence, with its uncertainty."""

    name = "analysis"
    verbose_name = "Analysis"
