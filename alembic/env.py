"""Runs migrations, on the connection that surveys.store.upgrade hands over or on a database URL.

`alembic …` in a checkout takes the URL from USEGAP_DATABASE_URL (default sqlite:///usegap.db).
"""

from __future__ import annotations

import os

from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

from alembic import context
from surveys.store.database import connect, url_of
from surveys.store.schema import Base


def migrate(connection: Connection) -> None:
    """Run what is missing, in one transaction."""

    def here(thing: SchemaItem, *_: object) -> bool:
        """False for what only another kind of database is to have (surveys.store.schema)."""
        return thing.info.get("only", connection.dialect.name) == connection.dialect.name

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
        include_object=here,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("Migrations need a database: leave --sql out.")
if given is not None:
    migrate(given)
else:
    engine = connect(
        url_of(os.environ.get("USEGAP_DATABASE_URL", "sqlite:///usegap.db")), foreign_keys=False
    )
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
