"""A form that somebody sent and has not published yet: what is kept of it until then.

While it is tried, the trial's answers are in it, and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.form.indicators import from_json, to_json
from surveys.form.model import Form
from surveys.form.xform import load
from surveys.form.xlsform import Workbook

FORM, TRIAL = "form", "trial"
"""The kinds of draft: waiting to be published · being tried just now."""
_COMPILED: dict[str, Form] = {}
"""Forms that were tried last, by their drafts' marks: compiling one takes longer than a step."""
_MOST = 4


@dataclass(frozen=True, slots=True)
class FormDraft:
    """A form, its files, and the trial of it that is under way."""

    xform: str
    indicators: list[dict[str, Any]]
    files: Mapping[str, bytes] = field(default_factory=dict)
    trial: dict[str, Any] | None = None
    """The interview's state, as JSON has it."""

    @property
    def mark(self) -> str:
        """Says which form it is: the same however far its trial is."""
        found = hashlib.sha256(self.xform.encode())
        found.update(json.dumps(self.indicators, sort_keys=True).encode())
        for name in sorted(self.files):
            found.update(hashlib.sha256(name.encode() + b"\0" + self.files[name]).digest())
        return found.hexdigest()[:16]

    def body(self) -> bytes:
        """All of it, to be kept."""
        files = {name: base64.b64encode(part).decode() for name, part in self.files.items()}
        kept = {"xform": self.xform, "indicators": self.indicators, "files": files,
                "trial": self.trial}  # fmt: skip
        return json.dumps(kept, ensure_ascii=False).encode()

    def workbook(self) -> Workbook:
        """As it was converted; its warnings were read before."""
        form = load(self.xform, files=self.files)
        return Workbook(self.xform, form, from_json(self.indicators), (), self.files)

    def form(self) -> Form:
        """The form, compiled once for all steps of a trial."""
        mark = self.mark
        if mark not in _COMPILED:
            while len(_COMPILED) >= _MOST:
                _COMPILED.pop(next(iter(_COMPILED)), None)
            _COMPILED[mark] = load(self.xform, files=self.files)
        return _COMPILED[mark]


def drafted(workbook: Workbook) -> FormDraft:
    """What is kept of a workbook until it is published."""
    return FormDraft(workbook.xform, to_json(workbook.indicators), workbook.files)


def read_draft(body: bytes) -> FormDraft:
    """What `FormDraft.body` wrote."""
    kept = json.loads(body)
    files = {name: base64.b64decode(part) for name, part in kept["files"].items()}
    return FormDraft(kept["xform"], kept["indicators"], files, kept["trial"])
