"""`usegap review`: what a review says of a submission, and which are flagged."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.opening import BY, Problem, note, now, opened, settings


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(review)


def review(
    key: Annotated[
        str | None, typer.Argument(help="A submission's id, or its first 8 characters or more.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(help="received, approved, hasIssues or rejected.")
    ] = None,
    flagged: Annotated[
        bool, typer.Option("--flagged", help="List the submissions that have a flag.")
    ] = False,
    area: Annotated[
        str | None, typer.Option(help="With --flagged: County, County/Township or a village.")
    ] = None,
) -> None:
    """Say what a review found of a submission, see what it said, or list what is flagged."""
    from surveys.publish.reviews import find
    from surveys.publish.reviews import review as say_of
    from surveys.store.reviews import REVIEWS

    if flagged == (key is not None):
        raise Problem("Give a submission's id, or --flagged to list those that have a flag.")
    if state is not None and state not in REVIEWS:
        raise Problem(f"The state must be one of {', '.join(REVIEWS)}, not {state}.")
    if key is None:
        if state is not None:
            raise Problem("A review is of one submission: give its id.")
        _flagged(area)
        return
    with opened(settings()) as database, database.begin() as session:
        one = find(session, key)
        if state is not None:
            say_of(session, one, REVIEWS[REVIEWS.index(state)], now(), BY)
    typer.echo(f"{one.key}\t{one.code}\t{one.status}\t{state or one.review}")


def _flagged(area: str | None) -> None:
    """Key, village, review and flags of each flagged submission, separated by tabs."""
    from surveys.profiles import latest_wave
    from surveys.publish import find_area
    from surveys.store.quality import checked
    from surveys.store.reviews import flagged_in

    with opened(settings()) as database, database.read() as session:
        place = find_area(session, area)
        wave_id = latest_wave(session, place.id)
        if wave_id is None:
            raise Problem("No wave was opened there yet.")
        quality = checked(session, wave_id)
        rows = flagged_in(session, wave_id, place.path, quality.flagged())
    for row in rows:
        typer.echo(
            f"{row.key}\t{row.code}\t{row.review}\t{' '.join(quality.flags_of(row.interview_id))}"
        )
    note(f"{len(rows)} flagged submissions.")
