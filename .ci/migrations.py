"""Migrations: one head, from an empty database up to it, and nothing missing against schema.py.

Tried on SQLite, and on PostgreSQL where USEGAP_TEST_POSTGRES (default: 127.0.0.1:5432) answers;
with CI=true it has to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

SERVER = os.environ.get("USEGAP_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")


def alembic(*arguments: str, url: str = "") -> str:
    """Run alembic on a database; ends the check where it fails."""
    done = subprocess.run(  # noqa: S603 - our own alembic
        [str(Path(sys.executable).with_name("alembic")), *arguments],
        env=os.environ | {"USEGAP_DATABASE_URL": url} if url else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"alembic {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def empty_postgres() -> Iterator[str | None]:
    """A new database on the server, dropped in the end; None where no server answers."""
    server = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(
        server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    name = f"usegap_migrations_{uuid.uuid4().hex[:12]}"
    try:
        connection = engine.connect()
    except OperationalError:
        yield None
        return
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield server.set(database=name, drivername="postgresql").render_as_string(False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def main() -> None:
    """Check what the docstring of this file says."""
    heads = alembic("heads").split("\n")
    found = [line for line in heads if line.strip()]
    if len(found) != 1:
        sys.exit(f"There must be one head, there are {len(found)}: {found}")
    tried = ["SQLite"]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        alembic("upgrade", "head", url=url)
        alembic("check", url=url)
    with empty_postgres() as postgres:
        if postgres is not None:
            alembic("upgrade", "head", url=postgres)
            alembic("check", url=postgres)
            tried.append("PostgreSQL")
        elif os.environ.get("CI") == "true":
            sys.exit("No PostgreSQL answers, and CI has to try it.")
    print(f"Migrations: one head, upgraded from empty and complete on {' and '.join(tried)}.")


main()
