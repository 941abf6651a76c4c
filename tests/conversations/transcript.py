"""A conversation written down: a form, what a person does, and what must follow from it.

    form: three_questions            (or "form:" and a Markdown table)
    language: zh
    seed: 7
    now: 2026-11-24T09:00:00+08:00

    > begin
    < ask #1 1/3 Q1 "Did you go online in the last 3 months?" required
    <   Yes | No
    > tap 1
    ...
    = Q1 yes

Events: begin, tap PLACE (from 1) or ACTION, tap #SEQ PLACE, type WORDS, send KIND, speak LANGUAGE,
locate LATITUDE LONGITUDE, attach MEDIUM NAME, scan WORDS, page NUMBER (from 1); "@ TIME" sets the
clock. In a repeat a name has its instances before it: "person[2]/name". "=" lines are the whole
submission, computed nodes and times left out.
With "words: no" the form's own sentences are left out, and choices stand by their values: for a
form whose wording is somebody else's test.
`python -m tests.conversations.transcript FILE` prints the file as it would have to be.
"""

import json
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import get_args

from surveys.form.model import Form, language_of
from surveys.form.xlsform import convert
from surveys.instruments import shipped, shipped_names
from surveys.interview.engine import begin, prompt, step, submission
from surveys.interview.plan import places_of
from surveys.interview.state import (
    Action,
    Ask,
    Attached,
    Begin,
    Closed,
    Decode,
    Explained,
    Finished,
    Interview,
    Located,
    Logged,
    Paged,
    Redraw,
    Refused,
    Say,
    Scanned,
    Sent,
    Spoke,
    Stale,
    Stopped,
    Tapped,
    Typed,
    from_json,
    to_json,
)

ACTIONS = get_args(Action)
FOLDER = Path(__file__).parent


@dataclass
class Transcript:
    head: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    table: str = ""
    turns: list[tuple[str, list[str]]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def parse(text: str) -> Transcript:
    found = Transcript()
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark in (">", "@"):
            found.turns.append((line, []))
        elif mark == "<":
            found.turns[-1][1].append(line)
        elif mark == "=":
            found.kept.append(rest)
        elif not found.turns:
            found.head.append(line)
            if line.startswith("|"):
                found.table += line + "\n"
            elif line and not line.startswith("#"):
                name, _, value = line.partition(":")
                found.settings[name] = value.strip()
    return found


def form_of(found: Transcript) -> Form:
    name = found.settings["form"]
    content = shipped(name) if name in shipped_names() else found.table.encode()
    return convert(content, "form.md").form


def play(found: Transcript) -> Transcript:
    """The same events, with what followed from them."""
    form = form_of(found)
    language = language_of(form, found.settings.get("language", ""))
    now = datetime.fromisoformat(found.settings.get("now", "2026-11-24T09:00:00+08:00"))
    interview = begin(form, int(found.settings.get("seed", "1")), language)
    words = found.settings.get("words") != "no"
    played = Transcript(found.head, found.settings, found.table)
    for line, _ in found.turns:
        if line.startswith("@"):
            now = datetime.fromisoformat(line[2:])
            played.turns.append((line, []))
            continue
        interview = from_json(json.loads(json.dumps(to_json(interview))))
        event = event_of(line[2:], interview)
        interview, effects = step(form, interview, event, now)
        check(form, interview, effects, now)
        told = [one for effect in effects for one in tell(effect, words)]
        played.turns.append((line, [f"< {one}" for one in told]))
    asked = {question.path for question in form.questions if question.asked}
    played.kept = [
        f"{name(path)} {value}".rstrip()
        for path, value in submission(form, interview, now).items()
        if places_of(path)[0] in asked or path.endswith("]")
    ]
    return played


def check(form: Form, interview: Interview, effects, now: datetime) -> None:
    """What holds after every step."""
    asked = [effect.prompt for effect in effects if isinstance(effect, Ask | Redraw)]
    assert len(asked) <= 1
    if interview.status == "open":
        assert prompt(form, interview, now) is not None
    if asked:
        assert asked[0] == prompt(form, interview, now)
        assert 1 <= asked[0].number <= asked[0].total


def event_of(said: str, interview: Interview):
    word, _, rest = said.partition(" ")
    if word == "begin":
        return Begin()
    if word == "type":
        return Typed(rest)
    if word == "send":
        return Sent(rest)
    if word == "speak":
        return Spoke(rest)
    if word == "locate":
        return Located(*(float(number) for number in rest.split()))
    if word == "attach":
        return Attached(*rest.split())
    if word == "scan":
        return Scanned(interview.asked, rest)
    if word == "page":
        return Paged(interview.asked, int(rest) - 1)
    assert word == "tap", said
    seq = interview.asked
    if rest.startswith("#"):
        number, _, rest = rest[1:].partition(" ")
        seq = int(number)
    return Tapped(seq, rest if rest in ACTIONS else int(rest) - 1)


def name(path: str) -> str:
    steps = path.split("/")
    first = next((at for at, step in enumerate(steps) if step.endswith("]")), len(steps) - 1)
    return "/".join(steps[first:])


def tell(effect, words: bool = True) -> list[str]:
    if isinstance(effect, Ask | Redraw):
        asked = effect.prompt
        kind = "ask" if isinstance(effect, Ask) else "redraw"
        flags = " required" * asked.required + " back" * asked.can_go_back
        flags += f" there {asked.instances}" * (asked.type == "repeat")
        flags += f" page {asked.page + 1}/{asked.pages}" * (asked.pages > 1)
        flags += f" found for {asked.search!r}" * bool(asked.search)
        flags += "".join(f" {kind} {file}" for kind, file in asked.media)
        label = f' "{asked.label}"' * words
        hint = f" ({asked.hint})" * (words and bool(asked.hint))
        so_far = f" so far {asked.answer!r}" if asked.answer else ""
        place = f"{asked.number}/{asked.total}"
        first = f"{kind} #{asked.seq} {place} {name(asked.path)}{label}{hint}{so_far}"
        labels = [
            f"[{one}]" if value in asked.selected else one
            for value, label in (
                [asked.choices[place] for place in asked.shown] if asked.shown else asked.choices
            )
            for one in (label if words else value,)
        ]
        return [first + flags, *(["  " + " | ".join(labels)] if labels else [])]
    if isinstance(effect, Say):
        return [f"say {name(effect.path)}" + f' "{effect.text}"'.replace("\n", " / ") * words]
    if isinstance(effect, Explained):
        return [f'explained {name(effect.path)} "{effect.text}"']
    if isinstance(effect, Decode):
        return [f"decode #{effect.seq} {effect.name}"]
    if isinstance(effect, Closed):
        place = f"{effect.number}/{effect.total}"
        shown = f' "{effect.shown}"' * (words and bool(effect.shown))
        return [f"closed #{effect.seq} {place} {name(effect.path)} {effect.how}{shown}"]
    if isinstance(effect, Refused):
        message = f' {effect.given!r} "{effect.message}"' * words
        return [f"refused {effect.reason}{message}"]
    if isinstance(effect, Logged):
        return [f"log {effect.kind} {name(effect.path)} {effect.value}".strip()]
    if isinstance(effect, Stale):
        return [f"stale #{effect.seq}"]
    assert isinstance(effect, Stopped | Finished)
    return [type(effect).__name__.lower()]


def write(found: Transcript) -> str:
    lines = [*found.head]
    for line, told in found.turns:
        lines += [line, *told]
    lines += [f"= {one}" for one in found.kept]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(write(play(parse(Path(sys.argv[1]).read_text(encoding="utf-8")))), end="")
