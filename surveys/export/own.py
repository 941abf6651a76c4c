"""The columns that are ours, beside those of the form: names, kinds, and what they mean."""

from __future__ import annotations

from functools import cache

from surveys.export.table import Kind, Measure, Value, Variable
from surveys.export.wording import say

BEFORE = ("SubmissionDate",)
AFTER = (
    "meta-instanceID", "KEY", "AttachmentsPresent", "AttachmentsExpected", "ReviewState",
    "FormVersion", "village", "village_name", "township", "county", "household", "entry",
    "base_weight", "weight", "in_profile", "roster_x", "roster_no_phone", "phase", "visit_weight",
    "visit_adults", "raking_pool", "raking_sex_age", "raking_schooling", "mode", "language",
    "started", "finished", "duration", "active_seconds", "flags",
)  # fmt: skip
OF_VILLAGES = (
    "village", "village_name", "township", "county", "reference", "ring", "households", "adults",
    "adults_offline", "online_homes", "online_homes_known", "target", "persons", "homes",
    "followup", "visited_homes", "visited_share", "raking_pool", "raking_place", "raking_size",
    "raking_deff",
)  # fmt: skip
OF_REPEATS = ("PARENT_KEY", "KEY")


@cache
def ours() -> dict[str, Variable]:
    """Our columns of the submissions (BEFORE, AFTER) and of the villages (OF_VILLAGES), by name."""
    every = (
        _column("SubmissionDate", "moment", say("When the interview was finished (UTC)")),
        _column(
            "meta-instanceID", "text", say("The submission's own random id, the same as KEY")
        ),
        _column("KEY", "text", say("The submission's own random id")),
        _column(
            "AttachmentsPresent", "integer",
            say("How many photos, recordings and files of it were kept"), "scale",
        ),
        _column(
            "AttachmentsExpected", "integer",
            say("How many photos, recordings and files it should have"), "scale",
        ),
        _column(
            "ReviewState", "category", say("What the review said of it"),
            values=(
                Value("received", say("not reviewed yet")),
                Value("approved", say("approved")),
                Value("hasIssues", say("has issues")),
                Value("rejected", say("rejected")),
            ),
        ),
        _column("FormVersion", "text", say("The version of the form that was answered")),
        _column("village", "text", say("The village's code")),
        _column("village_name", "text", say("The village's name")),
        _column("township", "text", say("The township (or county) that the village is in")),
        _column("county", "text", say("The county that the village is in")),
        _column("household", "text", say("The home: a random id")),
        _column(
            "entry", "text",
            say(
                "The sampling unit, one phone in one home, with the phones that came by its"
                " family link: a random id"
            ),
        ),
        _column(
            "base_weight", "decimal",
            say("1 divided by the users who answered in this entry, for a user; 1 for others"),
            "scale",
        ),
        _column(
            "weight", "decimal",
            say(
                "The weight in the village's profile: as base_weight, for a user raked to the"
                " margins where there are any; empty if not in the profile yet"
            ),
            "scale",
        ),
        _column(
            "in_profile", "yes_no",
            say("1: counted in the village's profile; 0: waits for the next edition"),
        ),
        _column(
            "roster_x", "decimal",
            say("Adults in the home for each of them who is online, by its roster"), "scale",
        ),
        _column(
            "roster_no_phone", "decimal",
            say("Adults without a phone for each adult online, by the home's roster"), "scale",
        ),
        _column(
            "phase", "category",
            say("Where homes that did not answer were visited: which part the home is in"),
            values=(
                Value("answered", say("answered unasked")),
                Value("visited", say("drawn and visited")),
            ),
        ),
        _column(
            "visit_weight", "decimal",
            say("Where homes were visited: how many adults this person stands for"), "scale",
        ),
        _column(
            "visit_adults", "decimal",
            say("Where homes were visited: how many adults this home stands for"), "scale",
        ),
        _column(
            "raking_pool", "integer",
            say("The villages that were raked together have the same number"),
        ),
        _column(
            "raking_sex_age", "integer",
            say("The category of sex and age that the weight was raked in; empty: none"),
        ),
        _column(
            "raking_schooling", "integer",
            say("The category of schooling that the weight was raked in; empty: none"),
        ),
        _column(
            "mode", "category", say("How it was answered"),
            values=(
                Value("self", say("on their own phone")),
                Value("helped", say("with help")),
                Value("proxy", say("somebody answered for them")),
                Value("visited", say("visited at home")),
            ),
        ),
        _column("language", "text", say("The language of the interview at its end")),
        _column("started", "moment", say("When the interview began (UTC)")),
        _column("finished", "moment", say("When the interview was finished (UTC)")),
        _column(
            "duration", "integer",
            say("Seconds from the beginning to the end, pauses included"), "scale",
        ),
        _column(
            "active_seconds", "integer",
            say(
                "Seconds that questions stood on the screen, each time at most 300; empty where"
                " the log was deleted"
            ),
            "scale",
        ),
        _column(
            "flags", "text",
            say(
                "What deserves a second look, separated by spaces: straight_lining, speeding,"
                " contradiction, duplicate"
            ),
        ),
        _column("reference", "yes_no", say("1: part of what the others are compared with")),
        _column("ring", "integer", say("0 centre, 1, 2, … outwards"), "ordinal"),
        _column("households", "integer", say("How many homes there are"), "scale"),
        _column("adults", "integer", say("Persons aged 16 and over (N)"), "scale"),
        _column(
            "adults_offline", "integer", say("Adults in homes where nobody is online (N0)"),
            "scale",
        ),
        _column(
            "online_homes", "decimal",
            say("g: the share of adults in homes where somebody is online; 1 if not known"),
            "scale",
        ),
        _column("online_homes_known", "yes_no", say("1: g is known; 0: it is taken for 1")),
        _column("target", "integer", say("How many finished interviews are wanted"), "scale"),
        _column("persons", "integer", say("Persons in the profile"), "scale"),
        _column("homes", "integer", say("Homes in the profile"), "scale"),
        _column(
            "followup", "yes_no",
            say("1: homes that did not answer were visited, enough for the estimates"),
        ),
        _column("visited_homes", "integer", say("Homes visited that count"), "scale"),
        _column(
            "visited_share", "decimal",
            say("f: the share of the homes that did not answer which was visited"), "scale",
        ),
        _column("raking_place", "text", say("The place that the margins are of")),
        _column("raking_size", "integer", say("How many users were raked together"), "scale"),
        _column(
            "raking_deff", "decimal", say("Kish's factor of those raked together"), "scale"
        ),
    )  # fmt: skip
    return {one.name: one for one in every}


@cache
def of_repeats() -> dict[str, Variable]:
    """Our columns of the table of a repeat, by name."""
    every = (
        _column(
            "PARENT_KEY", "text",
            say("The KEY of the row around it: of the submission, or of the outer repeat's table"),
        ),
        _column(
            "KEY", "text", say("The row's own id: that of its submission, and its place in it")
        ),
    )  # fmt: skip
    return {one.name: one for one in every}


def _column(
    name: str,
    kind: Kind,
    label: dict[str, str],
    measure: Measure = "nominal",
    *,
    values: tuple[Value, ...] = (),
) -> Variable:
    return Variable(name, kind, label, measure, values)
