"""Every table and constraint.

Times are UTC. Ids that leave the database (a respondent's, a household's, an interview's key) are
random; counters never leave it. What could name a person is in `contact` alone, encrypted, known by
a keyed hash; `inbox` and `outbox` hold bodies only until they are done, encrypted too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Long = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits in both: SQLite's INTEGER has them, and is the only type that its row ids take."""


class Moment(TypeDecorator[datetime]):
    """A time with its zone in Python, UTC without one where the database has none (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: UTC, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The tables of usegap."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment(), dict[str, Any]: Document, list[Any]: Document}  # noqa: RUF012


class Area(Base):
    """A programme, county, township or village."""

    __tablename__ = "area"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), index=True)
    """The ids from the root to this one, "/1/4/9/": a subtree is a prefix."""
    kind: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(32), unique=True)
    """A village's, as in its link; letters, digits, "-" and "_"."""
    name: Mapped[str] = mapped_column(String(200))
    ring: Mapped[int | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str | None] = mapped_column(String(64))
    """None: the parent's; at the root the setting's."""
    households: Mapped[int | None]
    adults: Mapped[int | None]
    adults_offline: Mapped[int | None]
    """Adults in homes where nobody is online, by the village office (METHOD.md: N0)."""
    target: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(String(16))
    """What its poster is written in; None: the parent's, at the root the setting's."""
    reference: Mapped[bool] = mapped_column(default=False, server_default=false())
    __table_args__ = (
        UniqueConstraint("parent_id", "name", "kind"),
        CheckConstraint("kind IN ('programme','county','township','village')", name="kind"),
    )


class Margin(Base):
    """How many adults of an area are online, by one category (METHOD.md: raking)."""

    __tablename__ = "margin"
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    variable: Mapped[str] = mapped_column(String(20), primary_key=True)
    """As in surveys.estimation.margins: sex_age, schooling."""
    category: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[float]
    """A census times a published rate need not be whole."""


class Form(Base):
    """An instrument."""

    __tablename__ = "form"
    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(String(200), unique=True)
    title: Mapped[str] = mapped_column(Text)


class FormVersion(Base):
    """One immutable published version of a form."""

    __tablename__ = "form_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version: Mapped[str] = mapped_column(String(200))
    xform: Mapped[str] = mapped_column(Text)
    indicators: Mapped[list[Any]]
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("form_id", "version"),)


class Wave(Base):
    """One round of one form in an area and all below it."""

    __tablename__ = "wave"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    """What new interviews begin with."""
    organisation: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    retention_months: Mapped[int]
    reference_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    opened_at: Mapped[datetime]
    closing_at: Mapped[datetime | None]
    """When it will be closed: from the order on nobody begins; who has begun may finish until then.
    None: nobody has ordered that."""
    closed_at: Mapped[datetime | None]
    """Since when nobody answers any more."""
    contacts_erased_at: Mapped[datetime | None]
    """When, after `closed_at`, the contacts were deleted that nobody may keep any longer."""


class Contact(Base):
    """Someone reachable. The only table that could name a person."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    language: Mapped[str] = mapped_column(String(16))
    blocked_at: Mapped[datetime | None]
    unreminded_at: Mapped[datetime | None]
    """When they asked not to be reminded of interviews that they left."""
    panel_at: Mapped[datetime | None]
    """When they agreed to be written to in later waves; None: the contact goes with its wave."""
    panel_declined_at: Mapped[datetime | None]
    """When they said no to that."""
    current_interview_id: Mapped[int | None] = mapped_column(
        ForeignKey("interview.id", use_alter=True, ondelete="SET NULL"), index=True
    )
    """The interview that this chat is at."""
    created_at: Mapped[datetime]
    # A number is never given twice: one of someone forgotten must not come to mean someone else.
    __table_args__ = ({"sqlite_autoincrement": True},)


class Household(Base):
    """A home."""

    __tablename__ = "household"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    link: Mapped[str | None] = mapped_column(String(32), unique=True)
    """What a family link carries; made when someone finishes."""


class Respondent(Base):
    """A person who answers."""

    __tablename__ = "respondent"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="SET NULL"), index=True
    )
    entry: Mapped[str] = mapped_column(String(32), index=True)
    """The sampling unit (METHOD.md §2): one phone in one home, with the phones that came by its
    family link. Random; outlives the contact."""
    number: Mapped[int]
    """Of the persons who answer through this contact: what the phone's holder knows them by."""
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("contact_id", "number"),)


class Interview(Base):
    """A respondent in a wave; when finished, the submission."""

    __tablename__ = "interview"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(41), unique=True)
    """ODK's KEY: "uuid:…"."""
    respondent_id: Mapped[str] = mapped_column(
        ForeignKey("respondent.id", ondelete="CASCADE"), index=True
    )
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    mode: Mapped[str | None] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    consent_version: Mapped[str] = mapped_column(String(16))
    consented_at: Mapped[datetime]
    abroad_at: Mapped[datetime | None]
    """When it was agreed to, on this phone and to the same text, that messages pass through
    Telegram's computers abroad; None: to a text that did not ask that apart, or nothing does."""
    state: Mapped[str] = mapped_column(Text)
    """surveys.interview.state as JSON text: read and written whole, never queried."""
    version: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    submission: Mapped[dict[str, Any] | None]
    """{path: value} of what was relevant at the end, computed nodes included."""
    flags: Mapped[list[Any] | None]
    review: Mapped[str] = mapped_column(String(12), default="received", server_default="received")
    reminders: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often its person was reminded of it since it was begun."""
    reminded_at: Mapped[datetime | None]
    texts_erased_at: Mapped[datetime | None]
    """When what was said in own words was erased from it."""
    measured: Mapped[str | None] = mapped_column(Text)
    """Of the submission what estimates and flags read, in short; None: to be read from it."""
    __table_args__ = (
        UniqueConstraint("respondent_id", "wave_id"),
        Index("ix_interview_wave_area", "wave_id", "area_id", "status"),
        # All that estimates read stands in it: SQLite keeps a row's 20 KB of answers in line, and
        # goes through them for each column behind them. PostgreSQL keeps such aside by itself.
        Index(
            "ix_interview_read", "wave_id", "status", "area_id", "review", "form_version_id",
            "finished_at", "mode", "key", "respondent_id", "flags", "measured",
            info={"only": "sqlite"},
        ).ddl_if(dialect="sqlite"),
        # What has grown old is found by when it was begun, which never changes: an index on
        # when it was answered last would be written with every answer.
        Index("ix_interview_wave_id_started_at", "wave_id", "started_at"),
        Index("ix_interview_texts", "started_at", sqlite_where=text("texts_erased_at IS NULL"),
              postgresql_where=text("texts_erased_at IS NULL")),
        CheckConstraint("status IN ('open','stopped','finished')", name="status"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip


class InterviewEvent(Base):
    """The append-only log of an interview."""

    __tablename__ = "interview_event"
    id: Mapped[int] = mapped_column(Long, primary_key=True)
    interview_id: Mapped[int] = mapped_column(
        ForeignKey("interview.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(12))
    node: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    update_id: Mapped[int | None] = mapped_column(Long)


class Attachment(Base):
    """A photo, a sound, a video or a file: of an answer, or shown with a form's questions."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[int | None] = mapped_column(ForeignKey("interview.id", ondelete="CASCADE"))
    form_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("form_version.id", ondelete="CASCADE")
    )
    node: Mapped[str | None] = mapped_column(Text)
    """Of an interview: which question it answers, "/data/home[2]/photo"."""
    name: Mapped[str] = mapped_column(Text)
    """Of an answer: made by us, so that it names nobody; of a form: as the form says."""
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    """Bytes; until it is fetched as many as Telegram says, 0 where it does not."""
    state: Mapped[str] = mapped_column(String(8))
    file_id: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Telegram's, of what is still to be fetched, encrypted; erased when that is over."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of an answer encrypted: photos and voices can name people."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of a form's content."""
    sent_as: Mapped[dict[str, Any] | None]
    """Of a form: {bot's name: Telegram's file_id}, so that it is uploaded once."""
    taken_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("interview_id", "node"),
        UniqueConstraint("form_version_id", "name"),
        CheckConstraint("state IN ('waiting','fetched','failed')", name="state"),
        CheckConstraint("(interview_id IS NULL) <> (form_version_id IS NULL)", name="owner"),
        # A number is never given twice: jobs and messages carry it.
        {"sqlite_autoincrement": True},
    )


class Administrator(Base):
    """A contact with rights."""

    __tablename__ = "administrator"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), unique=True
    )
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As Telegram gave it when they joined, or as they want it, encrypted: the team reads it."""
    created_at: Mapped[datetime]


class Grant(Base):
    """A role on an area and all below it."""

    __tablename__ = "grant"
    id: Mapped[int] = mapped_column(primary_key=True)
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    __table_args__ = (
        UniqueConstraint("administrator_id", "area_id", "role"),
        CheckConstraint("role IN ('owner','area','helper','analyst','viewer')", name="role"),
    )


class Invite(Base):
    """A one-time link."""

    __tablename__ = "invite"
    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    role: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Guess(Base):
    """How many codes that are none a person tried within an hour; erased when it is over."""

    __tablename__ = "guess"
    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The keyed hash of the person; "" for all together."""
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    """When it began."""
    count: Mapped[int]


class VisitKey(Base):
    """One row, once the secret key was changed: the ids of visited homes go on being made with
    what the first key gave, so that a list imported again finds its homes."""

    __tablename__ = "visit_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted with the present key."""


class Inbox(Base):
    """An update taken in."""

    __tablename__ = "inbox"
    update_id: Mapped[int] = mapped_column(Long, primary_key=True, autoincrement=False)
    lane: Mapped[str | None] = mapped_column(String(64))
    """The keyed hash of the person: updates of one lane are handled in order. Erased when done."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Telegram's JSON, encrypted; erased when done."""
    received_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    """The class of the last error, never its text (which may carry an answer)."""
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_inbox_waiting", "update_id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
        Index("ix_inbox_lane", "lane", "update_id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
    )  # fmt: skip


class Outbox(Base):
    """A message to send."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Long, primary_key=True, autoincrement=False)
    """Grows with time (surveys.store.messages.next_id): messages of one lane are sent in order."""
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    """What makes it the same message (a report is sent once); what an edit refers to."""
    lane: Mapped[str | None] = mapped_column(String(64))
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), index=True
    )
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """surveys.store.messages.Outgoing as encrypted JSON; erased once sent."""
    attachment: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A file to send with it, encrypted; erased once sent."""
    sender: Mapped[str | None] = mapped_column(String(16))
    """The replica that sends it; None: whichever is first."""
    not_before: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    """Sent, or given up (then `error` says why)."""
    message_id: Mapped[int | None] = mapped_column(Long)
    __table_args__ = (
        Index("ix_outbox_waiting", "id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
        Index("ix_outbox_lane", "lane", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
    )  # fmt: skip


class Replica(Base):
    """A running program; its row is gone when it ends, and grows old where it was killed."""

    __tablename__ = "replica"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    started_at: Mapped[datetime]
    """By the clock of the database, like `seen_at`: replicas may not agree on the time."""
    seen_at: Mapped[datetime]


class Pace(Base):
    """Telegram's limit over all replicas: one row (surveys.store.pace)."""

    __tablename__ = "pace"
    id: Mapped[int] = mapped_column(primary_key=True)
    free_at: Mapped[datetime]
    """When the next call were free if nothing was saved up; by the clock of the database."""
    paused_at: Mapped[datetime | None]
    """When Telegram asked for a pause, and …"""
    paused_until: Mapped[datetime | None]
    """… until when."""


class Turn(Base):
    """Whose turn it is to write to a person: while a replica sends to a chat, no other does."""

    __tablename__ = "turn"
    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    sender: Mapped[str] = mapped_column(String(16))
    until: Mapped[datetime]
    """When the chat may be sent as much at once again as a new one (Telegram's limit of a chat)."""


class Job(Base):
    """Work to be done apart from a chat's turn: a profile, an export."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    arguments: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    taken_by: Mapped[str | None] = mapped_column(String(16))
    """The replica that is doing it."""
    done_at: Mapped[datetime | None]


class Report(Base):
    """A computed profile."""

    __tablename__ = "report"
    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    computed_at: Mapped[datetime]
    submissions: Mapped[int]
    profile: Mapped[dict[str, Any]]
    members: Mapped[dict[str, Any] | None]
    """Whose answers are in it: submission's key -> home. A new edition needs enough others."""
    told: Mapped[str | None] = mapped_column(String(40))
    """What of the profile was shown: names of `surveys.estimation.editions.TOLD`; null before."""
    made_of: Mapped[str | None] = mapped_column(String(32))
    """Of a village that is shown: surveys.estimation.fingerprints; while it is the same now, so is
    the profile."""
    __table_args__ = (Index("ix_report_area_wave", "area_id", "wave_id"),)


class Schedule(Base):
    """What an administrator has chosen about the profiles of an area that come without asking."""

    __tablename__ = "schedule"
    id: Mapped[int] = mapped_column(primary_key=True)
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool]
    """Of a kind without a row, surveys.store.schedules.UNASKED says whether it comes."""
    weekday: Mapped[int | None]
    """Of a weekly one: 0 Monday … 6 Sunday, in the area's time zone …"""
    hour: Mapped[int | None]
    """… and the hour there."""
    due_at: Mapped[datetime | None]
    """Of an active weekly one: when it is next."""
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("administrator_id", "area_id", "kind"),
        CheckConstraint("kind IN ('weekly','target','closed')", name="kind"),
        # A number is never given twice: the keys of what was ordered carry it.
        {"sqlite_autoincrement": True},
    )


class Delivery(Base):
    """A profile on its way to an administrator: made once, whatever happens."""

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    """What makes it the same delivery: why, to whom, where, when."""
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    reason: Mapped[str] = mapped_column(String(10))
    """asked, weekly, target, closed."""
    profile: Mapped[dict[str, Any] | None]
    """What its reader knows since, so that the next can say what changed; None: nobody had
    finished, or there are newer ones."""
    finished: Mapped[int]
    """How many interviews were finished there."""
    messages: Mapped[int]
    """How many; their keys in the outbox, which says what became of them, are
    "delivery:<id>:<0 …>"."""
    made_at: Mapped[datetime]
    # A number is never given twice: buttons carry it, and the keys of messages.
    __table_args__ = (
        Index("ix_delivery_administrator_area", "administrator_id", "area_id"),
        {"sqlite_autoincrement": True},
    )


class Quota(Base):
    """How many finished interviews of one sex and age an area needs: no more are begun."""

    __tablename__ = "quota"
    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    sex: Mapped[str] = mapped_column(String(8))
    """f, m, or "" for both."""
    age: Mapped[str] = mapped_column(String(8))
    """16-34, 35-54, 55-64, 65+ or "" for all."""
    most: Mapped[int]
    __table_args__ = (UniqueConstraint("wave_id", "area_id", "sex", "age"),)


class Draft(Base):
    """What an administrator has sent or begun and not confirmed yet."""

    __tablename__ = "draft"
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    made_at: Mapped[datetime]


class DailyCount(Base):
    """How many, by village and day, of what leaves no other trace (someone declined)."""

    __tablename__ = "daily_count"
    day: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    count: Mapped[int]


class Audit(Base):
    """Who did what to what, when."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    """ "administrator 3", "respondent", "command line": never a name."""
    action: Mapped[str] = mapped_column(String(40))
    object: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    """Where; None: of no area."""
