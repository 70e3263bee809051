from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Formats in and out, one module each."""

    name = "exchange"
    verbose_name = "Exchange"

    def ready(self) -> None:
        """Hear of erasures."""
        from exchange import reactions  # noqa: F401 -- importing it registers it
