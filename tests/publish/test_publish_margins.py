"""Known margins: from a file to the weights of a profile."""

import pytest
from sqlalchemy import select

from surveys.estimation.margins import VARIABLES
from surveys.profiles import village_profiles
from surveys.publish.margins import MarginsRefused, import_margins
from surveys.store.margins import margins_for
from surveys.store.schema import Area, Audit, FormVersion, Margin
from tests.fieldwork import NOW, interview, open_field

ROLES = ("A2", "A3", "A4")


def listed(area, variable, **counts):
    """Lines of a file: every category of a variable, 0 where nothing is given."""
    names = next(one.categories for one in VARIABLES if one.name == variable)
    return [f"{area},{variable},{name},{counts.get(name, 0)}" for name in names]


def file(*blocks):
    lines = ["area,variable,category,count", *(line for block in blocks for line in block)]
    return "\n".join(lines).encode()


def ages(area, old, young):
    of = {f"{sex} 65+": old for sex in "fm"} | {f"{sex} 16-34": young for sex in "fm"}
    return listed(area, "sex_age", **of)


def stored(session):
    return {
        (area, variable, category): count
        for area, variable, category, count in session.execute(
            select(Area.name, Margin.variable, Margin.category, Margin.count).join(Area)
        )
    }


def test_margins_are_stored_replaced_and_taken_away(database):
    open_field(database)
    schooling = listed("he/SHANG", "schooling", primary=10, junior=20.5, above=5)
    with database.begin() as session:
        other = listed("he/SHANG", "sex_age", **{"f 16-34": 1})
        done = import_margins(session, file(schooling, [""], other), NOW)
        assert (done.areas, done.taken_away) == (1, 0)
        import_margins(session, file(listed("He/Shang", "sex_age")), NOW)
        done = import_margins(session, file(schooling, ages("LP01", 5, 6)), NOW)
        assert (done.areas, done.taken_away) == (2, 0)
        assert stored(session)["Shang", "schooling", "junior"] == 20.5
        assert stored(session)["Liuping", "sex_age", "f 35-54"] == 0
        assert len(stored(session)) == 11
    with database.begin() as session:
        # As a spreadsheet of another country may write it.
        again = "Count;Area;Variable;Category\n1,200;LP01;Sex_age;F  16 – 34\n"
        again += "".join(f"1;LP01;sex_age;{one}\n" for one in VARIABLES[0].categories[1:])
        gone = listed("He/Shang", "schooling")
        assert import_margins(session, again.encode("gb18030"), NOW).areas == 1
        done = import_margins(session, file(gone), NOW)
        assert (done.areas, done.taken_away) == (0, 1)
        assert stored(session)["Liuping", "sex_age", "f 16-34"] == 1200
        assert len(stored(session)) == 8
        assert session.scalar(select(Audit.action).order_by(Audit.id.desc())) == "import margins"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no margin here"),
        (b"area,variable,count\nLP01,schooling,3", "line 1: the first line must name"),
        (b"area,variable,category,count\n", "there is no margin here"),
        (b"PK\x03\x04", "Excel workbook"),
        (file(["LP01,schooling,primary,3"]), "line 2: schooling of LP01 lacks junior, above"),
        (file(["LP01,income,rich,3"]), "the variable must be sex_age or schooling, not income"),
        (file(["LP01,schooling,college,3"]), "schooling has no category college; it has primary"),
        (file([",schooling,primary,3"]), "the area is missing"),
        (file(["LP01,schooling,primary"]), "the count is missing"),
        (file(["LP01,schooling,primary,-3"]), "count must be a number of 0 or more"),
        (file(["LP01,schooling,primary,3"] * 2), "line 3: schooling primary of LP01 stands twice"),
        (file(listed("Nowhere", "schooling", primary=1)), "line 2: No area is named Nowhere"),
        (
            file(listed("LP01", "schooling"), listed("lp01", "schooling")),
            "line 5: lp01 and LP01 are the same area",
        ),
        (b'area,variable,category,count\n"LP01,sch' + b"x" * 140_000, "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_nothing_is_written(database, content, said):
    open_field(database)
    with database.begin() as session:
        import_margins(session, file(ages("LP01", 5, 6)), NOW)
    with pytest.raises(MarginsRefused) as refused, database.begin() as session:
        import_margins(session, content, NOW)
    assert said in str(refused.value)
    with database.read() as session:
        assert len(stored(session)) == 8


def with_roles(database):
    """The field, its form knowing sex, age and schooling."""
    field = open_field(database)
    with database.begin() as session:
        version = session.get_one(FormVersion, field.versions[0])
        more = [{"name": name, "label": {"en": name}, "role": role, "dimension": "", "kind": None,
                 "base": "zero", "reference": None, "reference_source": "",
                 "higher_is_better": None}
                for name, role in zip(ROLES, ("sex", "age", "schooling"), strict=True)]  # fmt: skip
        version.indicators = [*version.indicators, *more]
    return field


def old_and_young(session, field, place, old, young):
    for number in range(old + young):
        interview(
            session, field, place, f"{place}{number}", home__A6="1", home__A8="1", user="1",
            s_use="20" if number < old else "80", A2="fm"[number % 2],
            A3="65" if number < old else "25", A4="1",
        )  # fmt: skip


def test_a_profile_is_weighed_with_its_township_whether_that_is_asked_for_or_not(database):
    field = with_roles(database)
    with database.begin() as session:
        old_and_young(session, field, "LP01", 20, 40)
        old_and_young(session, field, "LP02", 40, 20)
        old_and_young(session, field, "TOWN", 50, 50)
    one = field.villages["LP01"]
    before = village_profiles(database, field.wave, [one], NOW)["LP01"]
    assert (before.margins, before.use_of_users.value) == ((), 60)
    with database.begin() as session:
        import_margins(session, file(ages("He/Shang", 70, 30)), NOW)
    after = village_profiles(database, field.wave, [one], NOW)["LP01"]
    assert (after.margins, after.margins_of, after.deff) == (("sex_age",), "Shang", 1.2)
    # Half of the 120 raked together are old and 0.7 should be: 1.4 and 0.6 times the weight.
    assert after.use_of_users.value == round(
        (20 * 1.4 * 20 + 40 * 0.6 * 80) / (20 * 1.4 + 40 * 0.6)
    )
    assert after.reference_use_of_users.value == 50
    every = village_profiles(database, field.wave, list(field.villages.values()), NOW)
    assert every["LP01"] == after
    assert every["TOWN"].margins == ()
    # Its own margins, with 20 users in a category of theirs (no sexes), come first.
    with database.begin() as session:
        import_margins(session, file(ages("TOWN", 80, 20)), NOW)
    town = village_profiles(database, field.wave, [field.villages["TOWN"]], NOW)["TOWN"]
    assert town.margins_of == "Town"
    assert town.use_of_users.value == 32


def test_which_villages_are_raked_together(database):
    field = open_field(database)
    of = field.villages
    with database.begin() as session:
        assert margins_for(session, of.values()) == (set(), {})
        import_margins(session, file(ages("LP01", 1, 1)), NOW)
        beside, margins = margins_for(session, [of["LP01"]])
        assert beside == {of["LP01"], of["LP02"]}
        assert list(margins) == [("County office", "He", "Shang", "LP01")]
        # A village without margins, and with none above it.
        assert margins_for(session, [of["LP03"]]) == (set(), {})
        import_margins(session, file(ages("He", 1, 2)), NOW)
        beside, margins = margins_for(session, [of["LP03"]])
        assert beside == set(of.values())
        assert margins["County office", "He"]["sex_age"]["m 16-34"] == 2
