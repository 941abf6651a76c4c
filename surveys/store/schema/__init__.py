"""Every table and constraint.

Times are UTC. Ids that leave the database (a respondent's, a household's, an interview's key) are
random; counters never leave it. What could name a person is in `contact` alone, encrypted, known by
a keyed hash; `inbox` and `outbox` hold bodies only until they are done, encrypted too.
"""

from __future__ import annotations

from surveys.store.schema.answers import (
    Attachment,
    Contact,
    Household,
    Interview,
    InterviewEvent,
    Respondent,
)
from surveys.store.schema.base import Base, Document, Long, Moment
from surveys.store.schema.field import Area, DailyCount, Form, FormVersion, Margin, Quota, Wave
from surveys.store.schema.offices import Administrator, Audit, Draft, Grant, Guess, Invite, VisitKey
from surveys.store.schema.reports import Basis, Delivery, Report, Schedule, Standing
from surveys.store.schema.traffic import Inbox, Job, Outbox, Pace, Replica, Turn

__all__ = [
    "Administrator",
    "Area",
    "Attachment",
    "Audit",
    "Base",
    "Basis",
    "Contact",
    "DailyCount",
    "Delivery",
    "Document",
    "Draft",
    "Form",
    "FormVersion",
    "Grant",
    "Guess",
    "Household",
    "Inbox",
    "Interview",
    "InterviewEvent",
    "Invite",
    "Job",
    "Long",
    "Margin",
    "Moment",
    "Outbox",
    "Pace",
    "Quota",
    "Replica",
    "Report",
    "Respondent",
    "Schedule",
    "Standing",
    "Turn",
    "VisitKey",
    "Wave",
]
