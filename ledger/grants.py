"""What the application's own role may do in PostgreSQL: nothing that changes what is recorded.

The tables belong to another role, the one that migrates. A trigger can be dropped by the owner of its table; a right
that was never given can not be taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.triggers import ALL

HEADS = {"ledger_head": ("seq", "hash"), "ledger_loghead": ("size", "peaks")}
"""The guarded tables whose rows move forward, and the columns that do."""


def statements(role: str, *, schema: str = "public") -> Iterator[str]:
    """Write the SQL that gives a role what the application needs, and no more; for the owner of the tables to run."""
    name = '"' + role.replace('"', '""') + '"'
    yield f"GRANT USAGE ON SCHEMA {schema} TO {name}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {name}"
    yield f"REVOKE INSERT, UPDATE, DELETE ON {schema}.django_migrations FROM {name}"
    for guarded in ALL:
        yield f"REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON {schema}.{guarded.table} FROM {name}"
    for table, columns in HEADS.items():
        yield f"GRANT UPDATE ({', '.join(columns)}) ON {schema}.{table} TO {name}"
