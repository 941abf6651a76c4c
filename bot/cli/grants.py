"""`usegap db grants ROLE`: what a PostgreSQL role is to be given."""

from __future__ import annotations

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Put the command into the group."""
    app.command()(grants)


def grants(
    role: Annotated[str, typer.Argument(help="A role of PostgreSQL that can log in.")],
) -> None:
    """Print the SQL that gives a PostgreSQL role what `usegap run` needs, and no more."""
    from surveys.store import grants as rights

    typer.echo("\n".join(rights.grants(role)))
