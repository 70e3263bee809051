from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger: append, chain, sequence, prove. Knows no case."""

    name = "ledger"
    verbose_name = "Ledger"
