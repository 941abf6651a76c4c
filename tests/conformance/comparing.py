"""The same form and answers through JavaRosa and through ours, and where they differ."""

import re
from datetime import datetime

from surveys.form.xform import read
from surveys.interview.prepared import read_answers
from surveys.interview.running import NOT_ASKED, run
from tests.conformance.driving import NOW

RANDOM = re.compile(r"/meta/instanceID$")


def ours(form, answers, *, language="", now=NOW):
    """The JSON of `usegap form run`."""
    given = read_answers(form, answers)
    return run(form, given, language=language, now=datetime.fromisoformat(now)).document()


def differences(judged, mine):
    """Where JavaRosa's JSON and ours say something else, a line each, JavaRosa's word first."""
    if "error" in judged:
        return [f"JavaRosa: {judged['error']}"]
    found = []
    for place in range(max(len(judged["asked"]), len(mine["asked"]))):
        theirs = _asked(judged["asked"][place]) if place < len(judged["asked"]) else None
        own = _asked(mine["asked"][place]) if place < len(mine["asked"]) else None
        if theirs is not None and own is not None:
            if own["message"] and not theirs["message"]:
                # Where a form has no words of its own we have some.
                own["message"] = theirs["message"]
            own, theirs = _unlike(own, theirs)
        if own != theirs:
            found.append(f"asked {place}: {theirs} | {own}")
            if own is None or theirs is None or "node" in own:
                break
    theirs, own = _nodes(judged), _nodes(mine)
    if sorted(theirs) != sorted(own):
        missing = sorted(set(theirs) ^ set(own))
        found.append(f"nodes: {missing} are there only once")
    found += [
        f"{node}: {theirs[node]} | {own[node]}"
        for node in theirs
        if node in own and theirs[node] != own[node]
    ]
    if judged["finished"] != mine["finished"]:
        found.append(f"finished: {judged['finished']} | {mine['finished']}")
    return found


def _unlike(own, theirs):
    """The parts of a question that differ, with its node."""
    keys = [key for key in {**own, **theirs} if own.get(key) != theirs.get(key)]
    node = {"of": own["node"]} if keys else {}
    return tuple(node | {key: one.get(key) for key in keys} for one in (own, theirs))


def _asked(one):
    if one["message"] in (NOT_ASKED, "not asked"):
        return {"node": one["node"], "accepted": False, "message": None}
    choices = [tuple(choice) for choice in one["choices"]]
    return {
        # JavaRosa's parser drops a blank between two outputs; ours does not.
        "node": one["node"], "label": "".join(one["label"].split()),
        # A text that can only be read now is a note to the driver, which knows no better.
        "type": "text" if one["type"] == "note" else one["type"],
        "choices": choices, "answer": one["answer"], "accepted": one["accepted"],
        "message": one["message"] or None,
    }  # fmt: skip


def _nodes(document):
    return {
        one["node"]: (one["relevant"], "…" if RANDOM.search(one["node"]) else one["value"])
        for one in document["nodes"]
    }


def formed(xform, files=None):
    """The form of an XForm; fails where it has errors."""
    form, problems = read(xform, files=files or {})
    assert form is not None, problems
    return form
