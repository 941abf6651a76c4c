"""Settings: environment variables, one table of them, checked before anything starts.

`Settings.read(os.environ, need=(…))` either gives every setting, or says in one sentence which
variable is wrong and what a right one looks like. No setting's value is repeated in an error: it
may be a secret in the wrong place.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX = "USEGAP_"
KEY_FILE = "usegap.key"
SHORTEST_SECRET = 32
"""Characters of a secret key: 43 of them carry 256 bits."""
PRIVATE = 0o600
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(ValueError):
    """A setting is missing or cannot be right; its text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings."""

    name: str
    default: str
    """As it would be written in the environment; "" where there is none."""
    what: str
    example: str
    needed_for: tuple[str, ...] = ()
    """Commands that do not start without it."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "USEGAP_TELEGRAM_TOKEN", "", "The token that @BotFather gave for the bot.",
        "123456789:AAExampleExampleExampleExample", (
            "run", "villages links", "admin invite", "webhook set", "webhook delete",
            "webhook info",
        ),
    ),
    Setting(
        "USEGAP_TELEGRAM_API", "https://api.telegram.org",
        "The base address of a Bot API server.", "https://api.telegram.org",
    ),
    Setting(
        "USEGAP_DATABASE_URL", "sqlite:///usegap.db",
        "Where everything is kept: a SQLite file or a PostgreSQL database.",
        "postgresql://usegap@localhost/usegap",
    ),
    Setting(
        "USEGAP_SECRET_KEY", "",
        "What seals addresses and messages, 32 characters or more. Without it the file usegap.key"
        " beside the database is used, and made on the first run.",
        "a line of 43 random letters and digits",
    ),
    Setting(
        "USEGAP_OLD_SECRET_KEY", "",
        "Only for `usegap key rotate`: the key that everything is sealed with until then.",
        "a line of 43 random letters and digits",
    ),
    Setting(
        "USEGAP_WEBHOOK_URL", "",
        "The public address at which Telegram reaches `usegap run`; without it the program asks"
        " Telegram for messages itself.",
        "https://bot.example.org/telegram", ("webhook set",),
    ),
    Setting(
        "USEGAP_LISTEN", "127.0.0.1:8080",
        "Where the program takes what Telegram sends to the webhook: address and port.",
        "0.0.0.0:8080",
    ),
    Setting(
        "USEGAP_STATUS_LISTEN", "",
        "Where /healthz, /readyz and /metrics answer; without it nowhere.", "127.0.0.1:8081",
    ),
    Setting(
        "USEGAP_ORGANISATION", "", "Who asks: residents read it before they agree.",
        "Qingshan County Bureau of Agriculture", ("run",),
    ),
    Setting(
        "USEGAP_CONTACT", "", "Whom residents can ask about the survey: a name and a number.",
        "Li Mei, 0571 8888 0000", ("run",),
    ),
    Setting(
        "USEGAP_RETENTION_MONTHS", "24", "After how many months answers are deleted.", "24",
    ),
    Setting(
        "USEGAP_FREE_TEXT_DAYS", "90",
        "After how many days what people said in their own words is deleted from their answers.",
        "90",
    ),
    Setting(
        "USEGAP_TIME_ZONE", "Asia/Shanghai",
        "The time zone of villages that are imported without one.", "Asia/Shanghai",
    ),
    Setting(
        "USEGAP_LANGUAGE", "en",
        "What the command line speaks, and the bot to someone whose language it does not know:"
        " en or zh.", "zh",
    ),
    Setting(
        "USEGAP_LOG_LEVEL", "info", "How much is logged: debug, info, warning or error.", "info",
    ),
)  # fmt: skip

_BY_NAME = {setting.name: setting for setting in SETTINGS}
LANGUAGES = ("en", "zh")
LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, read and checked. Secrets are not in its repr."""

    token: str = field(repr=False)
    api: str
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    """"" where the key file is used."""
    old_secret_key: str = field(repr=False)
    webhook_url: str
    """"" where updates are asked for."""
    listen: tuple[str, int]
    """Address and port."""
    status_listen: tuple[str, int] | None
    organisation: str
    contact: str
    retention_months: int
    free_text_days: int
    time_zone: str
    language: str
    log_level: str
    warnings: tuple[str, ...] = ()
    """One sentence for each variable that looks like a setting and is none."""

    @classmethod
    def read(cls, environ: Mapping[str, str], need: Collection[str] = ()) -> Settings:
        """The settings of an environment.

        `need` names variables ("USEGAP_TELEGRAM_TOKEN") that must not be empty. Raises
        `SettingsError` for the first that is missing or wrong.
        """
        for name in need:
            if not environ.get(name, "").strip():
                raise _missing(name)

        def get(name: str) -> str:
            return environ.get(name, "").strip() or _BY_NAME[name].default

        return cls(
            token=_checked("USEGAP_TELEGRAM_TOKEN", get, _token),
            api=_checked("USEGAP_TELEGRAM_API", get, _address),
            database_url=get("USEGAP_DATABASE_URL"),
            secret_key=_checked("USEGAP_SECRET_KEY", get, _secret),
            old_secret_key=_checked("USEGAP_OLD_SECRET_KEY", get, _secret),
            webhook_url=_checked("USEGAP_WEBHOOK_URL", get, _webhook),
            listen=_checked("USEGAP_LISTEN", get, _listen),
            status_listen=_checked(
                "USEGAP_STATUS_LISTEN", get, lambda t: _listen(t) if t else None
            ),
            organisation=get("USEGAP_ORGANISATION"),
            contact=get("USEGAP_CONTACT"),
            retention_months=_checked("USEGAP_RETENTION_MONTHS", get, _months),
            free_text_days=_checked("USEGAP_FREE_TEXT_DAYS", get, _days),
            time_zone=_checked("USEGAP_TIME_ZONE", get, _zone),
            language=_checked("USEGAP_LANGUAGE", get, _one_of(LANGUAGES)),
            log_level=_checked("USEGAP_LOG_LEVEL", get, _one_of(LEVELS)),
            warnings=tuple(_unknown(name) for name in sorted(environ) if _is_unknown(name)),
        )


def needed_for(command: str) -> tuple[str, ...]:
    """The names of the variables that a command does not start without."""
    return tuple(setting.name for setting in SETTINGS if command in setting.needed_for)


def key_of(settings: Settings, beside: Path | None, *, create: bool) -> bytes:
    """The secret key: `USEGAP_SECRET_KEY`, or what the key file holds.

    `beside` is the SQLite file that the key file lies beside (None: the working directory).
    `create` makes the file where it is missing. Raises `SettingsError` where there is no key, or
    others than its owner may read it.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    path = (beside.parent if beside else Path()) / KEY_FILE
    if not path.exists():
        if not create:
            raise SettingsError(
                f"There is no key file {path}: set USEGAP_SECRET_KEY,"
                " or work where `usegap run` made the key."
            )
        write_key(path)
    return key_in(path)


def key_in(path: Path) -> bytes:
    """What a key file holds. Raises `SettingsError` where it is none, or others may read it."""
    if not path.exists():
        raise SettingsError(f"There is no key file {path}.")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(f"Others can read the key file {path}: run `chmod 600 {path}`.")
    key = path.read_text("utf-8", "replace").strip()
    if len(key) < SHORTEST_SECRET:
        raise SettingsError(
            f"The key file {path} is damaged: put back its copy,"
            " without which nothing sealed can be read again."
        )
    return key.encode()


def write_key(path: Path) -> None:
    """A new key in a file that only its owner can read; a file that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link and not a rename: of two first runs at the same moment, one makes the key.
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _checked(name: str, get: Callable[[str], str], check: Callable[[str], Any]) -> Any:
    text = get(name)
    try:
        return check(text)
    except ValueError as problem:
        example = _BY_NAME[name].example
        raise SettingsError(f"{name} {problem}, for example: {name}='{example}'.") from None


def _missing(name: str) -> SettingsError:
    setting = _BY_NAME[name]
    what = setting.what.rstrip(".")
    return SettingsError(
        f"{name} is not set ({what[0].lower()}{what[1:]}): for example {name}='{setting.example}'."
    )


def _token(text: str) -> str:
    number, _, rest = text.partition(":")
    allowed = rest.replace("_", "").replace("-", "")
    if text and not (text.isascii() and number.isdigit() and len(rest) >= 20 and allowed.isalnum()):
        raise ValueError("is not a bot's token: it is a number, a colon and about 35 characters")
    return text


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or any(sign.isspace() for sign in text):
        raise ValueError("must be an address that begins with https://")
    return text.rstrip("/")


def _webhook(text: str) -> str:
    if not text:
        return text
    found = _address(text)
    parts = urlsplit(found)
    # Telegram itself comes by https only; a Bot API server on this machine needs no TLS.
    safe = parts.scheme == "https" or parts.hostname in LOOPBACK
    if not safe or parts.query or parts.fragment:
        raise ValueError("must be an address that begins with https://, without a question mark")
    return found


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    right = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536
    if not host or not right or any(sign.isspace() or sign == "/" for sign in host):
        raise ValueError("must be an address and a port")
    return host, int(port)


def _secret(text: str) -> str:
    if text and len(text) < SHORTEST_SECRET:
        raise ValueError(f"is too short: it needs {SHORTEST_SECRET} characters or more")
    return text


def _months(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 600):
        raise ValueError("must be a number of months from 1 to 600")
    return int(text)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 3650):
        raise ValueError("must be a number of days from 1 to 3650")
    return int(text)


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone") from None
    return text


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return text.lower()

    return check


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and name not in _BY_NAME and not name.startswith("USEGAP_TEST_")


def _unknown(name: str) -> str:
    near = get_close_matches(name, _BY_NAME, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is no setting of usegap and has no effect.{meant}"
