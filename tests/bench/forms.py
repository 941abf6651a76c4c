"""`make bench-forms`: how long a form takes to be published, and one answer to be taken.

Forms made here: as large as WHO's verbal autopsy (551 nodes, 1,000 expressions), one of 40
questions, one with 50 x 20 instances; and any file, `FORM=path`. One `step` is measured with its
state as JSON before and after, CPU time, over whole interviews with answers at random. JavaRosa, if
there is Java, fills in the same XForm with the same answers in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from surveys.form.model import Form
from surveys.form.xform import load
from surveys.form.xlsform import convert
from surveys.interview import state
from surveys.interview.engine import begin, step
from surveys.interview.state import Ask, Begin, Event, Given, Prompt, Refused, Tapped

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
LIKE_WHO = 551
INTERVIEWS = 5
TIRED = 12
"""Refusals of one question after which it is skipped."""

VALUES = {
    "text": "abc", "date": "2020-05-06", "time": "10:30:00.000Z", "geopoint": "1 2 3 4",
    "dateTime": "2020-01-01T10:00:00.000Z", "acknowledge": "OK", "decimal": "2.5", "range": "3",
    "geotrace": "1 2 0 0; 2 3 0 0", "geoshape": "1 2 0 0; 2 3 0 0; 3 3 0 0; 1 2 0 0",
}  # fmt: skip


def like_who(nodes: int = LIKE_WHO) -> bytes:
    """Sections that hang on answers before them, questions in them that hang on the one before,
    constraints, and calculations over what was said: about two expressions a node."""
    rows = ["| survey |", "| | type | name | label | relevant | constraint | calculation |"]
    rows.append("| | integer | age | How old? | | . >= 0 and . < 120 | |")
    number = 1
    section = 0
    while number < nodes:
        section += 1
        low = (section * 7) % 60
        rows.append(f"| | begin_group | s{section} | Section | ${{age}} >= {low} | | |")
        inside = min(12, nodes - number)
        for place in range(inside):
            number += 1
            name, before = f"q{number}", f"q{number - 1}" if place else "age"
            asked = "select_one yesno" if place % 3 else "integer"
            hangs = "" if place < 2 else (
                f"selected(${{{before}}}, 'yes') or ${{age}} > {20 + place}"
                if (place - 1) % 3 else f"${{{before}}} != {place} and ${{age}} >= {low}"
            )  # fmt: skip
            if place == 11:
                summed = f"if(selected(${{q{number - 1}}}, 'yes'), 1, 0) + coalesce(${{age}}, 0)"
                rows.append(f"| | calculate | {name} | | {hangs} | | {summed} |")
            else:
                limit = f". <= ${{age}} + {100 + place}" if asked == "integer" else ""
                rows.append(f"| | {asked} | {name} | Question {number}? | {hangs} | {limit} | |")
        rows.append("| | end_group | | | | | |")
    rows += ["| choices |", "| | list_name | name | label |"]
    rows += [f"| | yesno | {value} | {value} |" for value in ("yes", "no", "dk", "ref")]
    rows += ["| settings |", "| | form_id | version |", "| | like_who | 1 |"]
    return "\n".join(rows).encode()


def roster(persons: int = 50, visits: int = 20) -> bytes:
    """A repeat in a repeat with sums over both."""
    return f"""
| survey | | | | | |
| | type | name | label | repeat_count | calculation |
| | begin_repeat | person | Person | {persons} | |
| | integer | age | Age | | |
| | calculate | older | | | count(../../person[age > current()/../age]) |
| | begin_repeat | visit | Visit | {visits} | |
| | integer | days | Days | | |
| | calculate | twice | | | ${{days}} * 2 |
| | end_repeat | | | | |
| | calculate | stayed | | | sum(${{twice}}) |
| | end_repeat | | | | |
| | calculate | all | | | sum(${{stayed}}) |
| settings | | |
| | form_id | version |
| | roster | 1 |
""".encode()


def seconds_of(work: Callable[[], object], times: int = 3) -> float:
    """The best CPU seconds of a few tries."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def answer_to(prompt: Prompt, chosen: random.Random) -> str:
    """Something that this question takes, mostly."""
    if prompt.choices:
        values = [value for value, _ in prompt.choices]
        if prompt.type == "rank":
            return " ".join(chosen.sample(values, len(values)))
        return values[0] if chosen.random() < 0.6 else chosen.choice(values)
    return str(chosen.randint(1, 70)) if prompt.type == "integer" else VALUES.get(prompt.type, "x")


def steps(form: Form, seed: int) -> Iterator[tuple[float, str, str]]:
    """CPU seconds of each step of an interview from its first question to its last, the path asked
    and the answer given."""
    chosen = random.Random(seed)
    document = json.dumps(state.to_json(begin(form, seed, form.default_language)))
    event: Event = Begin()
    asked, given, refusals = "", "", 0
    while True:
        start = time.process_time()
        interview, effects = step(form, state.from_json(json.loads(document)), event, NOW)
        document = json.dumps(state.to_json(interview))
        yield time.process_time() - start, asked, given
        if interview.status == "finished":
            return
        refusals = refusals + 1 if any(isinstance(one, Refused) for one in effects) else 0
        prompt = next(one.prompt for one in reversed(effects) if isinstance(one, Ask | Refused))
        asked, given = prompt.path, ""
        if prompt.type == "repeat":
            event = Tapped(prompt.seq, "add" if prompt.instances < 2 else "enough")
        elif refusals > TIRED:
            if refusals > TIRED + 1:
                return
            event = Tapped(prompt.seq, "skip")
        else:
            given = answer_to(prompt, chosen)
            event = Given(given)


def report(name: str, form: Form, interviews: int = INTERVIEWS) -> dict[str, str]:
    """Print what a step takes; the answers of the first interview."""
    taken: list[float] = []
    first: dict[str, str] = {}
    for seed in range(interviews):
        for seconds, path, value in steps(form, seed):
            taken.append(seconds)
            if seed == 0 and path and value:
                first[path] = value
    taken.sort()
    told = [taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.9, 0.99)]
    expressions = sum(
        one is not None
        for node in form.nodes.values()
        for one in (node.relevant, *(getattr(node, what, None) for what in _EXPRESSIONS))
    )
    print(
        f"{name:28} {len(form.questions):5} questions {expressions:5} expressions"
        f" {len(taken):6} steps: p50 {told[0]:.3f}  p90 {told[1]:.3f}  p99 {told[2]:.3f} ms CPU"
    )
    return first


_EXPRESSIONS = ("constraint", "calculation", "required", "read_only")


def beside_javarosa(name: str, xform: str, answers: dict[str, str]) -> None:
    """Fill the same form in with the same answers, by JavaRosa and by our engine: a whole walk."""
    from surveys.interview.prepared import read_answers
    from surveys.interview.running import run
    from tests.conformance.driving import Driver

    form = load(xform)
    given = read_answers(form, answers)
    ours = seconds_of(lambda: run(form, given, language=form.default_language, now=NOW))
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(Path(folder))
        walls = []
        for _ in range(6):
            start = time.perf_counter()
            asked = len(driver.told(xform, answers).get("asked", ()))
            walls.append(time.perf_counter() - start)
        driver.close()
    each = 1000 / max(asked, 1)
    print(
        f"{name:28} a whole walk of {asked} questions: ours {ours * each:.3f} ms a question (CPU,"
        f" loaded already), JavaRosa {walls[0] * each:.3f} the first time, {min(walls) * each:.3f}"
        " warm (wall, loading the form included)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--form", type=Path, help="one more form (.xlsx, .md, .xml)")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}; goals: publish 1 s, step p50 0.6, p99 2 ms;"
          " 40 questions 0.3 ms")  # fmt: skip
    large = convert(like_who(), "like_who.md")
    published = seconds_of(lambda: convert(like_who(), "like_who.md"), times=2)
    loaded = seconds_of(lambda: load(large.xform))
    print(f"as large as WHO's: published in {published:.2f} s, loaded in {loaded:.2f} s CPU")
    answers = report("as large as WHO's", large.form)
    report("40 questions", convert(like_who(40), "forty.md").form)
    report("50 x 20 instances", convert(roster(), "roster.md").form, interviews=1)
    if given.form is not None:
        content = given.form.read_bytes()
        taken = seconds_of(lambda: convert(content, given.form.name), times=2)
        workbook = convert(content, given.form.name)
        print(f"{given.form.name}: published in {taken:.2f} s")
        beside_javarosa(given.form.name, workbook.xform, report(given.form.name, workbook.form))
    beside_javarosa("as large as WHO's", large.xform, answers)


if __name__ == "__main__":
    main()
