"""Which tests take long: `make test` leaves them to `make test-long`, and they go first there.

Together the two are all tests, and `.ci/run` calls both; `pytest` without --part runs all, too.
"""

import pytest

LONG = (
    "tests/reliability/",
    "tests/cli/test_cli_estimate_engines.py",
    "tests/security/",
    "tests/administrators/test_whole_wave.py",
    "tests/administrators/test_administrators.py",
    "tests/administrators/test_other_areas.py",
    "tests/administrators/test_schedules.py",
    "tests/administrators/test_profile_apart.py",
    "tests/instruments/",
    "tests/conformance/",
    "tests/export/test_export_straight.py",
    "tests/export/test_export_apart.py",
    "tests/export/test_export_repeats.py",
    "tests/export/test_export_scripts.py",
    "tests/estimation/test_estimation_disclosure.py",
    "tests/estimation/test_estimation_editions.py",
    "tests/estimation/test_estimation_followup.py",
    "tests/estimation/test_estimation_decomposition.py",
    "tests/estimation/test_estimation_passes.py",
    "tests/estimation/test_estimation_frame.py",
    "tests/estimation/test_estimation_within.py",
    "tests/interview/test_interview_properties.py",
    "tests/publish/test_publish_standing.py",
    "tests/reports/test_reports_charts.py",
    "tests/reports/test_reports_render.py",
    "tests/reports/test_reports_pdf.py",
    "tests/reports/test_reports_poster.py",
    "tests/form/test_form_hostile.py",
    "tests/form/test_form_javarosa.py",
    "tests/store/test_store_migrations.py",
    "tests/telegram/test_telegram_replicas.py",
)
"""Files and folders of which a test takes seconds."""
WHOLE = ("administrators", "cli", "conduct", "export", "publish", "respondent")
"""Folders whose tests go through the whole program: on PostgreSQL once more in the long part."""
FIRST = ("tests/administrators/", "tests/export/", "tests/publish/", "tests/respondent/")
"""Of what is left to `make test`, what a worker should not have left at the end."""
APART = "tests/reliability/test_reliability_chaos.py"
"""Each of its tests may go to another worker."""


def is_long(nodeid: str) -> bool:
    """Whether a test belongs to the long part."""
    folder = nodeid.split("/")[1] if nodeid.startswith("tests/") else ""
    return nodeid.startswith(LONG) or ("[postgresql" in nodeid and folder in WHOLE)


def pytest_addoption(parser):
    """`--part short|long`."""
    parser.addoption("--part", choices=("short", "long"), help="half of the suite: see tests/parts")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Those of the part alone; the long ones first, else in the order in which they stand."""
    part = config.getoption("part")
    if part is not None:
        left = [item for item in items if is_long(item.nodeid) != (part == "long")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if is_long(item.nodeid) == (part == "long")]
    order = (*LONG, *FIRST)

    def place(item):
        named = (number for number, name in enumerate(order) if item.nodeid.startswith(name))
        return next(named, len(order))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file to a worker, in the order given."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return nodeid if nodeid.startswith(APART) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None
