from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger: append, chain, sequence, prove. Knows no case."""

    name = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Make the log's own type of event known."""
        from ledger import rotation  # noqa: F401 -- importing it registers it
