"""What was typed in answer to a question of a type, as the tests of reading ask it."""

from datetime import datetime, timedelta, timezone

from surveys.interview.answers import Read, read

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 24, 16, 20, 30, tzinfo=ZONE)
TODAY = NOW.date()  # a Tuesday


def typed(kind, text, **more):
    return read(kind, (), text, TODAY, now=NOW, **more)


def value(kind, text, **more):
    found = typed(kind, text, **more)
    return found.values[0] if isinstance(found, Read) else found
