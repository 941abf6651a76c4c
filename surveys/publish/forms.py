"""Publishing: a workbook becomes an immutable version of its form."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.indicators import to_json
from surveys.form.model import Form as ModelForm
from surveys.form.problems import Cell, FormError, Problem, wrong
from surveys.form.xlsform import Workbook
from surveys.store.attachments import media_of, put_media
from surveys.store.audit import audit
from surveys.store.schema import Form, FormVersion


class AlreadyPublished(Exception):  # noqa: N818
    """This version of the form was published with other content."""


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A form version as it is kept."""

    form_version_id: int
    form_id: str
    version: str
    title: str
    new: bool
    """False: the very same was published before, and nothing was written."""


def publish(session: Session, workbook: Workbook, by: str, now: datetime) -> PublishedVersion:
    """Keep a workbook, and the files that it names, as a version of its form.

    `by` is a role and a number, never a name.

    The same version with the same content is returned as it is. Raises `AlreadyPublished` for the
    same version with other content, `FormError` for a workbook with errors or without a version.
    """
    form = workbook.form
    before = published_before(session, workbook)
    if before is not None:
        return before
    kept = session.scalar(select(Form).where(Form.form_id == form.id))
    if kept is None:
        kept = Form(form_id=form.id, title=form.title)
        session.add(kept)
        session.flush()
    indicators = to_json(workbook.indicators)
    kept.title = form.title
    version = FormVersion(
        form_id=kept.id,
        version=form.version,
        xform=workbook.xform,
        indicators=indicators,
        published_at=now,
        published_by=by,
    )
    session.add(version)
    session.flush()
    put_media(
        session,
        version.id,
        {
            name: (mimetypes.guess_type(name)[0] or "application/octet-stream", content)
            for name, content in workbook.files.items()
        },
        now,
    )
    audit(session, by, "publish", f"form {form.id} version {form.version}", now)
    return PublishedVersion(version.id, form.id, form.version, form.title, new=True)


def published_before(session: Session, workbook: Workbook) -> PublishedVersion | None:
    """The very same version, published before; None where the workbook would be a new one.

    Raises as `publish`; nothing is written.
    """
    form = workbook.form
    errors = tuple(problem for problem in workbook.problems if problem.severity == "error")
    errors += lacking(form)
    if errors:
        raise FormError(errors)
    row = session.execute(
        select(FormVersion, Form.title)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Form.form_id == form.id, FormVersion.version == form.version)
    ).one_or_none()
    if row is None:
        return None
    before, title = row
    if (
        before.xform == workbook.xform
        and before.indicators == to_json(workbook.indicators)
        and media_of(session, before.id) == workbook.files
    ):
        return PublishedVersion(before.id, form.id, form.version, title, new=False)
    raise AlreadyPublished(
        f"Version {form.version} of {form.id} was published with other content:"
        " give the changed form a new version in its sheet settings."
    )


def lacking(form: ModelForm) -> tuple[Problem, ...]:
    """What a form needs to be published, and an XLSForm may go without."""
    if form.version:
        return ()
    return (
        wrong(
            Cell("settings"),
            "The form has no version.",
            "Add a column version with a number that grows, such as 2026112401.",
        ),
    )
