"""What the database itself asks of an erasure: only a disclosure that an erasure's event names leaves a payload.

A row of ledger_redaction must be borne out by the event that it cites; a payload may then change in one way, by losing
exactly the lines that such rows name. The database computes what must be left, and compares.

PostgreSQL does so in functions. SQLite has no SHA-256: our connections bring `ledger_without`, and any other that
tries is refused, because it lacks it. A large payload lies in a file, which a database can not read: there the event
names the file that holds the rest, and whether that is right is seen by `verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.envelope import digest

_NAMED = """
SELECT 1 FROM ledger_event r JOIN ledger_payload p ON p.event_id = r.id
JOIN ledger_event t ON t.id = NEW.event AND t.stream = r.stream AND t.seq < r.seq
WHERE r.id = NEW.redacted_by AND r.type LIKE 'event.redacted/%'
AND {position}(t.envelope, '"' || NEW.digest || '"') > 0
AND {position}(p.body, '"digest":"' || NEW.digest || '"') > 0
AND (NEW.kept_in = '' OR {position}(p.body, '"kept_in":"' || NEW.kept_in || '"') > 0)
"""
NAMED = {
    "sqlite": f"EXISTS ({_NAMED.format(position='instr')})",
    "postgresql": f"EXISTS ({_NAMED.format(position='strpos')})",
}
"""Whether the event that a new row of ledger_redaction cites says what the row says."""

_KEPT_IN = """
SELECT r.kept_in FROM ledger_redaction r JOIN ledger_event e ON e.id = r.redacted_by
WHERE r.event = OLD.event_id ORDER BY e.seq DESC LIMIT 1
"""
_REST = {
    "sqlite": """ledger_without(OLD.body, (
        SELECT group_concat(digest, ' ') FROM ledger_redaction WHERE event = OLD.event_id))""",
    "postgresql": """(
        SELECT coalesce(string_agg(line, E'\\n' ORDER BY n), '')
        FROM unnest(string_to_array(OLD.body, E'\\n')) WITH ORDINALITY AS lines (line, n)
        WHERE NOT EXISTS (
            SELECT 1 FROM ledger_redaction r WHERE r.event = OLD.event_id AND r.digest =
                translate(rtrim(encode(sha256(convert_to(line, 'UTF8')), 'base64'), '='), '+/', '-_')))""",
}
_LOST = """
NEW.event_id = OLD.event_id AND EXISTS (SELECT 1 FROM ledger_redaction WHERE event = OLD.event_id) AND (
    (OLD.file = '' AND NEW.file = '' AND NEW.body <> OLD.body AND NEW.body = {rest})
    OR (OLD.file <> '' AND NEW.body = OLD.body AND NEW.file <> OLD.file AND NEW.file <> '' AND NEW.file = ({kept_in})))
"""
LOST = {vendor: _LOST.format(rest=rest, kept_in=_KEPT_IN) for vendor, rest in _REST.items()}
"""Whether a payload loses what erasures name, all of it, and nothing else."""


def functions(refusal: str) -> Iterator[str]:
    """Write the functions by which PostgreSQL judges (triggers' conditions must not look into tables), and erases."""
    for name, condition in (("ledger_only_erased", LOST), ("ledger_only_named", NAMED)):
        yield f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN
                IF {condition["postgresql"]} THEN RETURN NEW; END IF;
                RAISE EXCEPTION '{refusal}: % on %', TG_OP, TG_TABLE_NAME
                    USING ERRCODE = 'integrity_constraint_violation';
            END $$"""
    # The application's own role has no right to change payloads; this has, and the triggers judge what it does.
    yield """
        CREATE OR REPLACE FUNCTION ledger_erase(target uuid, rest text, rest_in text) RETURNS void
        LANGUAGE sql SECURITY DEFINER AS
        $$ UPDATE ledger_payload SET body = rest, file = rest_in WHERE event_id = target $$"""
    # Tables of the caller's own making (temporary ones come first unless they are named) are none of the ledger.
    yield """
        DO $$ DECLARE name text; BEGIN
            FOREACH name IN ARRAY ARRAY[
                'ledger_erase(uuid, text, text)', 'ledger_only_erased()', 'ledger_only_named()'
            ] LOOP
                EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
            END LOOP;
        END $$"""


def teach(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give a fresh connection to SQLite the function that its triggers call."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("ledger_without", 2, without, deterministic=True)


def without(body: str, digests: str | None) -> str:
    """Take the disclosures with these digests (separated by spaces) out of a payload's body."""
    gone = set((digests or "").split())
    return "\n".join(line for line in body.split("\n") if digest(line) not in gone)
