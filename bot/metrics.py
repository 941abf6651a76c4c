"""What an operator's monitoring reads: counts and times, never whose or what was said."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# Each counter's birthday beside it: twice the lines, for nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The numbers of one running program."""

    def __init__(self) -> None:
        """All at nothing, in a registry of their own: two programs in one process do not mix."""
        self.registry = CollectorRegistry()
        at = self.registry
        self.updates = Counter(
            "usegap_updates", "Updates taken in, those that came twice apart.", registry=at
        )
        self.webhook = Counter(
            "usegap_webhook_requests",
            "Requests to the webhook, by the HTTP status that answered them.",
            ["status"],
            registry=at,
        )
        self.handled = Counter(
            "usegap_updates_handled",
            "Updates handled, by kind (tap, text, other …).",
            ["kind"],
            registry=at,
        )
        self.failed = Counter(
            "usegap_updates_failed", "Tries of an update that failed.", registry=at
        )
        self.parked = Counter(
            "usegap_updates_parked", "Updates given up after five tries.", registry=at
        )
        self.answers = Counter(
            "usegap_answers", "Answers of respondents that were kept.", registry=at
        )
        self.replied = Histogram(
            "usegap_reply_seconds", "From an update's receipt to its first message sent.",
            buckets=SECONDS, registry=at,
        )  # fmt: skip
        self.sent = Counter(
            "usegap_calls", "Calls that Telegram carried out.", ["method"], registry=at
        )
        self.floods = Counter(
            "usegap_telegram_429", "Calls that Telegram put off (429).", registry=at
        )
        self.errors = Counter(
            "usegap_errors", "What went wrong: telegram, database, job.", ["what"], registry=at
        )
        self.inbox = Gauge("usegap_inbox_waiting", "Updates that wait to be handled.", registry=at)
        self.outbox = Gauge("usegap_outbox_waiting", "Messages that wait to be sent.", registry=at)
        self.outbox_age = Gauge(
            "usegap_outbox_age_seconds",
            "How long the oldest message waits that is due.",
            registry=at,
        )
        self.replicas = Gauge("usegap_replicas", "Programs at work on this database.", registry=at)
