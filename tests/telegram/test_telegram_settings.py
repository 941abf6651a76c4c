"""Settings: read, checked, explained in one sentence; the key file is its owner's alone."""

from __future__ import annotations

import stat

import pytest

from bot.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    key_of,
    needed_for,
)  # fmt: skip

TOKEN = "123456789:AAExampleExampleExampleExample"


def test_defaults_are_what_the_table_says():
    read = Settings.read({})
    shown = {
        "USEGAP_TELEGRAM_API": read.api, "USEGAP_DATABASE_URL": read.database_url,
        "USEGAP_RETENTION_MONTHS": str(read.retention_months), "USEGAP_LANGUAGE": read.language,
        "USEGAP_TIME_ZONE": read.time_zone, "USEGAP_LOG_LEVEL": read.log_level,
        "USEGAP_TELEGRAM_TOKEN": read.token, "USEGAP_SECRET_KEY": read.secret_key,
        "USEGAP_ORGANISATION": read.organisation, "USEGAP_CONTACT": read.contact,
        "USEGAP_OLD_SECRET_KEY": read.old_secret_key, "USEGAP_WEBHOOK_URL": read.webhook_url,
        "USEGAP_LISTEN": f"{read.listen[0]}:{read.listen[1]}",
        "USEGAP_STATUS_LISTEN": read.status_listen or "",
        "USEGAP_FREE_TEXT_DAYS": str(read.free_text_days),
    }  # fmt: skip
    assert shown == {setting.name: setting.default for setting in SETTINGS}
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USEGAP_TELEGRAM_TOKEN", "secret"),
        ("USEGAP_TELEGRAM_TOKEN", "12a:AAExampleExampleExampleExample"),
        ("USEGAP_TELEGRAM_API", "example.org"),
        ("USEGAP_TELEGRAM_API", "https://[x"),
        ("USEGAP_TELEGRAM_API", "https://x:99999999"),
        ("USEGAP_SECRET_KEY", "hunter2"),
        ("USEGAP_RETENTION_MONTHS", "0"),
        ("USEGAP_RETENTION_MONTHS", "two years"),
        ("USEGAP_RETENTION_MONTHS", "²"),
        ("USEGAP_TIME_ZONE", "Asia/Nowhere"),
        ("USEGAP_TIME_ZONE", "../../etc"),
        ("USEGAP_LANGUAGE", "fr"),
        ("USEGAP_LOG_LEVEL", "loud"),
        ("USEGAP_WEBHOOK_URL", "http://bot.example.org/telegram"),
        ("USEGAP_WEBHOOK_URL", "https://bot.example.org/telegram?token=1"),
        ("USEGAP_WEBHOOK_URL", "https://bot.example.org/telegram#1"),
        ("USEGAP_LISTEN", "9090"),
        ("USEGAP_LISTEN", "0.0.0.0:http"),
        ("USEGAP_LISTEN", "0.0.0.0:65536"),
        ("USEGAP_STATUS_LISTEN", ":9091"),
        ("USEGAP_OLD_SECRET_KEY", "hunter2"),
        ("USEGAP_FREE_TEXT_DAYS", "0"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_an_example(name, value):
    with pytest.raises(SettingsError) as refused:
        Settings.read({name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} ")
    assert "for example" in sentence
    assert "\n" not in sentence
    # What was written there may be a secret.
    assert len(value) < 3 or value not in sentence


def test_what_a_command_needs_is_asked_for():
    need = needed_for("run")
    assert need == ("USEGAP_TELEGRAM_TOKEN", "USEGAP_ORGANISATION", "USEGAP_CONTACT")
    given = {"USEGAP_TELEGRAM_TOKEN": TOKEN, "USEGAP_CONTACT": "Li Mei"}
    with pytest.raises(SettingsError, match="USEGAP_ORGANISATION is not set"):
        Settings.read(given, need)
    assert Settings.read(given | {"USEGAP_ORGANISATION": "Bureau"}, need).contact == "Li Mei"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_bot_api_server_of_ones_own_reaches_a_webhook_on_this_machine_without_tls(host):
    read = Settings.read({"USEGAP_WEBHOOK_URL": f"http://{host}:8080/telegram"})
    assert read.webhook_url == f"http://{host}:8080/telegram"


def test_where_to_listen_is_an_address_and_a_port():
    read = Settings.read({"USEGAP_LISTEN": "[::]:443", "USEGAP_STATUS_LISTEN": "10.0.0.7:0"})
    assert (read.listen, read.status_listen) == (("::", 443), ("10.0.0.7", 0))


def test_a_misspelt_setting_is_noticed():
    read = Settings.read({"USEGAP_TELEGRAM_TOKN": "x", "USEGAP_TEST_POSTGRES": "y"})
    assert read.warnings == (
        "USEGAP_TELEGRAM_TOKN is no setting of usegap and has no effect."
        " Did you mean USEGAP_TELEGRAM_TOKEN?",
    )


def test_secrets_are_not_shown():
    secrets = {"USEGAP_TELEGRAM_TOKEN": TOKEN, "USEGAP_SECRET_KEY": "s" * 40,
               "USEGAP_DATABASE_URL": "postgresql://me:password@host/db"}  # fmt: skip
    shown = repr(Settings.read(secrets))
    assert not any(value in shown for value in secrets.values())


def test_the_key_file_is_made_once_for_its_owner(tmp_path):
    settings = Settings.read({})
    database = tmp_path / "new" / "usegap.db"
    with pytest.raises(SettingsError, match="There is no key file"):
        key_of(settings, database, create=False)
    key = key_of(settings, database, create=True)
    file = tmp_path / "new" / "usegap.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["usegap.key"]
    assert key_of(settings, database, create=True) == key
    assert len(key) >= 43
    other = key_of(settings, tmp_path / "usegap.db", create=True)
    assert other != key
    copied = Settings.read({"USEGAP_SECRET_KEY": file.read_text()})
    assert key_of(copied, None, create=False) == key


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    database = tmp_path / "usegap.db"
    key_of(Settings.read({}), database, create=True)
    (tmp_path / "usegap.key").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        key_of(Settings.read({}), database, create=True)


def test_an_emptied_key_file_is_not_replaced(tmp_path):
    (tmp_path / "usegap.key").touch(mode=0o600)
    with pytest.raises(SettingsError, match="damaged"):
        key_of(Settings.read({}), tmp_path / "usegap.db", create=True)
