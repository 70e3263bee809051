from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger: append, chain, sequence, prove. Knows no case."""

    name = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Make the log's own types of event known, and what the database's guards need."""
        from django.db.backends.signals import connection_created

        from ledger import erasing, rotation  # noqa: F401 -- importing them registers them
        from ledger.erasure_guard import teach

        connection_created.connect(teach, dispatch_uid="ledger.erasure_guard")
