"""What every test has: a quiet environment, both databases, and no skipping in CI."""

import asyncio
import gc
import inspect
import logging
import os
import shutil

import pandas
import pytest
from hypothesis import settings

from bot.logs import QUIET, TALKATIVE

# The fixtures of the databases (SQLite, PostgreSQL) and of the browser; what runs when.
pytest_plugins = ["tests.databases", "tests.browser", "tests.parts"]

# What tests write need not last: in memory, where there is room, no commit waits for a disk.
MEMORY, ROOM = "/dev/shm", 2**31
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

# A slow machine is not a failing test.
settings.register_profile("usegap", deadline=None, print_blob=True)
settings.load_profile("usegap")

# svy brings pyarrow along, and pandas would keep text in it; who installs usegap has no pyarrow.
pandas.set_option("mode.string_storage", "python")


# What is imported and collected stays: to look through it for garbage, again and again, was a part
# of every test's time.
GARBAGE = (50_000, 20, 50)


def pytest_collection_finish():
    """Everything that is there by now is looked at no more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """A coroutine test runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch):
    """No test sees the USEGAP_ variables, nor the proxies, of whoever runs it."""
    for name in os.environ:
        proxy = name.lower() in ("http_proxy", "https_proxy", "all_proxy")
        if proxy or (name.startswith("USEGAP_") and not name.startswith("USEGAP_TEST_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    """What a program that ran within a test set for its log ends with the test."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in (*QUIET, *TALKATIVE)}
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """With CI=true a skipped test is a failure: there everything can be had."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for report in skipped:
            reporter.write_line(f"skipped, which CI must not: {report.nodeid}")
