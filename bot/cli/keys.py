"""`usegap key …`: change the secret key, and say which one opens the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.opening import BY, Problem, note, now, opened, settings
from bot.settings import KEY_FILE, Settings, key_in, write_key

if TYPE_CHECKING:
    from surveys.conduct.keys import Rotated
    from surveys.store.database import Database

app = typer.Typer(
    name="key", help="Change the secret key, and check it.", no_args_is_help=True
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Files:
    """The key file, the one that will take its place, and the one that was there before."""

    present: Path
    coming: Path
    before: Path

    def put_in_place(self) -> None:
        """Let the new file take the old one's place: at no moment there is none."""
        if self.present.exists() and not self.before.exists():
            os.link(self.present, self.before)
        os.replace(self.coming, self.present)
        _onto_disk(self.present.parent)

    def put_aside(self) -> None:
        """The old file is not read any more."""
        os.replace(self.present, self.before)
        _onto_disk(self.present.parent)


@app.command()
def rotate() -> None:
    """Seal everything with a new key: stop every bot first (docs/keys.md).

    From USEGAP_OLD_SECRET_KEY, or the key file, to USEGAP_SECRET_KEY, or a new key file.
    """
    found = settings()
    files = _files_of(found)
    if found.secret_key and found.secret_key == found.old_secret_key:
        raise Problem("USEGAP_SECRET_KEY is still the old key: set it to the new one.")
    with opened(found) as database:
        if not found.secret_key and files.coming.exists() and _finished(database, files):
            note(f"What was interrupted is finished: the key is the one in {files.present}.")
            return
        if files.before.exists() and not (found.secret_key and found.old_secret_key):
            raise Problem(
                f"{files.before} is there from the last time: move it to where you keep copies,"
                " or delete it."
            )
        old = found.old_secret_key.encode() or key_in(files.present)
        if not found.secret_key:
            write_key(files.coming)
        new = found.secret_key.encode() or key_in(files.coming)
        with _said_which(database, old, new, files):
            done = _rotated(database, old, new)
    if not found.secret_key:
        files.put_in_place()
    elif not found.old_secret_key:
        files.put_aside()
    _report(done, found, files)


@app.command()
def check() -> None:
    """Say which key opens the database."""
    from surveys.conduct import keys
    from surveys.store.vault import Vault

    found = settings()
    files = _files_of(found)
    known = {"USEGAP_SECRET_KEY": found.secret_key, "USEGAP_OLD_SECRET_KEY": found.old_secret_key}
    held = {name: key.encode() for name, key in known.items() if key}
    for path in (files.present, files.coming, files.before):
        if path.exists():
            held[str(path)] = key_in(path)
    if not held:
        raise Problem(f"There is no key: neither USEGAP_SECRET_KEY nor {files.present}.")
    with opened(found) as database:
        fits = {name: keys.check(database, Vault(key)) for name, key in held.items()}
    if None in fits.values():
        typer.echo("Nothing is sealed in this database yet: every key will do.")
        return
    right = [name for name, fit in fits.items() if fit]
    if not right:
        raise Problem("The key does not open this database: it was made with another one.")
    typer.echo(f"The key in {right[0]} opens this database.")
    read = "USEGAP_SECRET_KEY" if found.secret_key else str(files.present)
    if read not in right:
        raise Problem(
            f"That is not the key that is read ({read}): run `usegap key rotate` again,"
            " which ends what was begun, or put the right key in its place."
        )


def _rotated(database: Database, old: bytes, new: bytes) -> Rotated:
    from surveys.conduct import keys
    from surveys.store.vault import Vault

    try:
        return keys.rotate(database, Vault(old), Vault(new), now(), by=BY)
    except keys.AlreadyRotated:
        raise Problem("This database opens with the new key already: nothing to do.") from None


@contextmanager
def _said_which(database: Database, old: bytes, new: bytes, files: _Files) -> Iterator[None]:
    """Whatever cuts the work off: say which key opens the database now."""
    from sqlalchemy.exc import DBAPIError

    from surveys.conduct import keys
    from surveys.store.vault import Vault

    try:
        yield
    except (DBAPIError, KeyboardInterrupt):
        try:
            fits = keys.check(database, Vault(new))
        except DBAPIError:
            note("Interrupted; the database does not answer. Then `usegap key check` says which"
                 " of the two keys opens it.")  # fmt: skip
            raise
        if fits:
            note("Interrupted, and done: the database opens with the new key."
                 " Run `usegap key rotate` once more to end it.")  # fmt: skip
        else:
            note("Interrupted: nothing has changed, the database opens with the old key.")
            files.coming.unlink(missing_ok=True)
        raise


def _finished(database: Database, files: _Files) -> bool:
    """End what was interrupted between the database and the files, if it had come so far."""
    from surveys.conduct import keys
    from surveys.store.vault import Vault

    if not keys.check(database, Vault(key_in(files.coming))):
        return False
    files.put_in_place()
    return True


def _report(done: Rotated, found: Settings, files: _Files) -> None:
    where = "USEGAP_SECRET_KEY" if found.secret_key else str(files.present)
    typer.echo(f"{done.values} values are sealed anew; only the key in {where} opens them.")
    if done.invites:
        note(f"{done.invites} invites that nobody had opened work no more: make new ones.")
    if found.webhook_url:
        note("Run `usegap webhook set` now: Telegram has to be told the new secret.")
    kept = "USEGAP_OLD_SECRET_KEY" if found.old_secret_key else str(files.before)
    note(f"Backups from before need the key in {kept}: keep it with them, and only there.")


def _files_of(found: Settings) -> _Files:
    from surveys.store.database import file_of

    place = file_of(found.database_url)
    present = (place.parent if place else Path()) / KEY_FILE
    return _Files(
        present, present.with_name(f"{KEY_FILE}.new"), present.with_name(f"{KEY_FILE}.old")
    )


def _onto_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
