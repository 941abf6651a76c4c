"""`usegap webhook …`: where Telegram sends the bot's messages. Done once, when it is set up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.calling import call
from bot.cli.opening import note, settings
from bot.settings import key_of, needed_for

app = typer.Typer(
    name="webhook", help="Where Telegram sends the bot's messages.", no_args_is_help=True
)
Drop = Annotated[
    bool,
    typer.Option("--drop-pending", help="Throw away what was sent to the bot and waits. No undo."),
]


@app.command("set")
def set_(
    at_once: Annotated[
        int,
        typer.Option("--max-connections", min=1, max=100, help="How many messages at a time."),
    ] = 40,
    drop: Drop = False,
) -> None:
    """Let Telegram send messages to USEGAP_WEBHOOK_URL, with the secret that the bot expects."""
    from bot.inbox import ASKED_FOR
    from bot.webhook import PURPOSE
    from surveys.store.database import file_of
    from surveys.store.vault import Vault

    found = settings(*needed_for("webhook set"))
    place = file_of(found.database_url)
    # Beside a SQLite file the key is where it belongs, also before the bot first runs.
    vault = Vault(key_of(found, place, create=place is not None))
    given: dict[str, Any] = {
        "url": found.webhook_url, "secret_token": vault.token(PURPOSE),
        "allowed_updates": ASKED_FOR, "max_connections": at_once,
    }  # fmt: skip
    if drop:
        given["drop_pending_updates"] = True
    call(found, "setWebhook", given)
    typer.echo(f"Telegram now sends the bot's messages to {found.webhook_url}.")
    note(f"They are taken at {found.listen[0]}:{found.listen[1]} (USEGAP_LISTEN) by `usegap run`.")


@app.command()
def delete(drop: Drop = False) -> None:
    """Let `usegap run` ask Telegram for messages itself again; what waits is kept."""
    found = settings(*needed_for("webhook delete"))
    call(found, "deleteWebhook", {"drop_pending_updates": True} if drop else {})
    typer.echo("Telegram sends the bot's messages nowhere now: they wait to be asked for.")
    if found.webhook_url:
        note("Before the next `usegap run`, take USEGAP_WEBHOOK_URL out of its settings.")


@app.command()
def info() -> None:
    """Say where Telegram sends messages, how many wait, and what went wrong last."""
    found = settings(*needed_for("webhook info"))
    told = call(found, "getWebhookInfo", {})
    url = told.get("url", "")
    if url:
        most = told.get("max_connections", 40)
        typer.echo(f"Telegram sends the bot's messages to {url}, at most {most} at a time.")
    else:
        typer.echo("Telegram sends the bot's messages nowhere: they wait to be asked for.")
    waiting = told.get("pending_update_count", 0)
    typer.echo(f"{waiting} wait." if waiting else "None waits.")
    if "last_error_date" in told:
        when = datetime.fromtimestamp(told["last_error_date"], UTC)
        said = told.get("last_error_message", "no reason given")
        typer.echo(f"The last that failed, at {when:%Y-%m-%d %H:%M} UTC: {said}.")
    elif url:
        typer.echo("None has failed since it was set.")
    if url != found.webhook_url and (url or found.webhook_url):
        note("USEGAP_WEBHOOK_URL says otherwise: `usegap webhook set` or `delete` mends it.")
