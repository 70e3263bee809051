from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Formats in and out, one module each."""

    name = "exchange"
    verbose_name = "Exchange"
