"""The rights that a role of PostgreSQL needs for the bot to run, and no others."""

from __future__ import annotations

from surveys.store.schema import Base

ALL = "SELECT, INSERT, UPDATE, DELETE"
FEWER = {
    # Who did what is written and read, and never rewritten: forgetting leaves it as it is, for it
    # names nobody.
    "audit": "SELECT, INSERT",
    # A published version never changes.
    "form_version": "SELECT, INSERT",
    # Which tables there are is for `usegap db upgrade` to change.
    "alembic_version": "SELECT",
    # Kept by `usegap key rotate`.
    "visit_key": "SELECT",
}


def grants(role: str) -> list[str]:
    """SQL that gives a role what `usegap run` needs: no table of it can be altered or dropped.

    To be run by the owner of the tables, after each `usegap db upgrade`; the same again changes
    nothing. What the role was given before is taken first.

    >>> grants('us"er')[0]
    'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "us""er";'
    """
    name = '"{}"'.format(role.replace('"', '""'))
    tables = sorted([*Base.metadata.tables, "alembic_version"])
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name};",
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name};",
        f"GRANT USAGE ON SCHEMA public TO {name};",
        *(f'GRANT {FEWER.get(table, ALL)} ON TABLE "{table}" TO {name};' for table in tables),
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name};",
    ]
