from django.apps import AppConfig


class OsintConfig(AppConfig):
    """The project itself: people's accounts, and what is checked at start."""

    name = "osint"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from osint import checks, reactions, schema  # noqa: F401 (importing them registers them)
