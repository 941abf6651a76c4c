import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.publish import VillagesRefused, import_villages
from surveys.publish.village_rows import ALL, read_villages
from surveys.store.schema import Area, Audit
from tests.fieldwork import NOW

HEAD = "code,name,area,households,adults,target,adults_offline,latitude,longitude,reference"
GOOD = "LP01,Liuping,He/Shang,200,480,50,60,36.1,103.8,no"


def table(*rows, head=HEAD):
    return "\n".join([head, *rows]).encode()


def villages(session):
    return {a.code: a for a in session.query(Area).where(Area.kind == "village")}


def test_the_tree_is_made_and_the_same_list_again_updates_it(database):
    with database.begin() as session:
        done = import_villages(
            session,
            table(GOOD, "LP02,Xiping,He/Shang,90,,,,,,", "TOWN,Seat,He,9000,20000,60,,,,Yes"),
            NOW,
            organisation="County office",
        )
        assert (done.added, done.updated, done.areas, done.references) == (3, 0, 2, 1)
    with database.begin() as session:
        found = villages(session)
        first = {code: a.id for code, a in found.items()}
        paths = {
            code: "/".join(session.get(Area, int(i)).name for i in a.path.strip("/").split("/"))
            for code, a in found.items()
        }
        assert paths == {
            "LP01": "County office/He/Shang/Liuping",
            "LP02": "County office/He/Shang/Xiping",
            "TOWN": "County office/He/Seat",
        }
        assert (found["LP02"].adults, found["TOWN"].reference) == (None, True)
        # Swapped names, another township, another letter case; target given, adults_offline not.
        done = import_villages(
            session,
            table(
                "lp01,Xiping,He/Shang,200,500,40",
                "LP02,Liuping,He/Shang,90,300,30",
                "TOWN,Seat,He/New,9000,20000,60",
                head="code,name,area,households,adults,target",
            ),
            NOW,
        )
        assert (done.added, done.updated, done.areas) == (0, 3, 1)
    with database.read() as session:
        found = villages(session)
        assert {code: a.id for code, a in found.items()} == first
        assert (found["LP01"].name, found["LP02"].name) == ("Xiping", "Liuping")
        assert (found["LP01"].adults, found["LP01"].adults_offline) == (500, 60)
        assert found["TOWN"].reference
        new = session.query(Area).filter_by(kind="township", name="New").one()
        assert found["TOWN"].path == f"{new.path}{found['TOWN'].id}/"
        assert [a.action for a in session.query(Audit)] == ["import villages"] * 2


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",A,He/X,1,2,3,,,,", "the code is missing"),
        ("lp01,A,He/X,1,2,3,,,,", "the code lp01 stands twice, first on line 2"),
        ("a b,A,He/X,1,2,3,,,,", "cannot stand in a link"),
        ("admin-1,A,He/X,1,2,3,,,,", "cannot stand in a link"),
        ("X,,He/X,1,2,3,,,,", "the name is missing"),
        ("X,A,,1,2,3,,,,", "County/Township"),
        ("X,A,P/C/T,1,2,3,,,,", "County/Township"),
        ("X,A,He/X,many,2,3,,,,", "households must be a whole number of 1 or more, not many"),
        ("X,A,He/X,1,2.5,3,,,,", "adults must be a whole number"),
        ("X,A,He/X,1,1_0,3,,,,", "adults must be a whole number"),
        ("X,A,He/X,1,2,0,,,,", "target must be a whole number of 1 or more, not 0"),
        ("X,A,He/X,1,20,3,21,,,", "adults_offline (21) is more than adults (20)"),
        ("X,A,He/X,1,2,3,,91,100,", "latitude must be a number from -90 to 90"),
        ("X,A,He/X,1,2,3,,nan,100,", "latitude must be a number"),
        ("X,A,He/X,1,2,3,,36,,", "latitude and longitude go together"),
        ("X,A,He/X,1,2,3,,,,maybe", "reference must be yes or no"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_nothing_is_imported(sqlite_url, row, what):
    from surveys.store.database import Database

    database = Database(sqlite_url)
    # A quoted line break: lines are counted as an editor counts them.
    content = table(GOOD, '"LP09","Two\nlines",He/X,1,2,3,,,,', row)
    with pytest.raises(VillagesRefused) as refused, database.begin() as session:
        import_villages(session, content, NOW)
    assert [problem.line for problem in refused.value.problems] == [5]
    assert what in str(refused.value)
    with database.read() as session:
        assert session.query(Area).count() == 0
    database.close()


def test_all_problems_are_said_at_once():
    reading = read_villages(table(",A,He/X,x,y,3,,,,", GOOD, "LP01,,He/X,1,2,3,,,,"))
    assert [p.line for p in reading.problems] == [2, 2, 2, 4, 4]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (HEAD.encode(), "no village below the header"),
        (b"code;name\nA;B", "the header lacks area, households, adults, target"),
        (table(GOOD, head=HEAD.replace("adults_offline", "adults")), "adults stands twice"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (HEAD.encode() + b"\nLP01,\xff\xff,He,1,2,3,,,,", "neither UTF-8 nor GB18030"),
    ],
)
def test_a_file_that_is_no_list_says_why(content, what):
    assert what in " ".join(map(str, read_villages(content).problems))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_are_read_as_spreadsheets_save_them(encoding, separator):
    text = separator.join(
        ["Code", "NAME", " Area ", "Households", "adults", "Target", "Adults offline"]
    )
    text += "\r\n" + separator.join(["LP01", "柳坪村", "河西/上坪", "200.0", "480", "50", ""])
    reading = read_villages(text.encode(encoding))
    assert reading.problems == []
    assert [(r.code, r.name, r.area, r.households) for r in reading.rows] == [
        ("LP01", "柳坪村", ("河西", "上坪"), 200)
    ]


def test_thousands_are_read_and_near_headers_are_named():
    reading = read_villages(
        b'code,name,area,households,adults,target,adults_ofline\nA,B,C,"1,200","12,345",9,3'
    )
    assert reading.rows[0].households == 1200
    assert reading.rows[0].adults == 12345
    assert reading.warnings == [
        "The column adults_ofline is not known: did you mean adults_offline?"
    ]


def test_two_villages_of_one_township_cannot_share_a_name(database):
    with database.begin() as session:
        import_villages(session, table(GOOD), NOW)
    for rows in (["LP02,Liuping,He/Shang,1,2,3,,,,"], ["A,N,He/X,1,2,3,,,,", "B,N,He/X,1,2,3,,,,"]):
        with (
            pytest.raises(VillagesRefused, match="give one of them another name"),
            database.begin() as session,
        ):
            import_villages(session, table(*rows), NOW)


cells = st.text(st.sampled_from("aA1,;\t\"'\n\r =-.％／村0９é\x00"), max_size=12)


@given(st.lists(st.lists(cells, max_size=14), max_size=5), st.booleans(), st.binary(max_size=8))
def test_whatever_a_file_holds_it_is_read_or_refused_with_lines(rows, headed, noise):
    text = "\n".join(",".join(row) for row in ([list(ALL)] if headed else []) + rows)
    for content in (text.encode(), text.encode() + noise, codecs.BOM_UTF16_LE + text.encode()):
        reading = read_villages(content)
        assert reading.problems or reading.rows
        lines = content.count(b"\n") + content.count(b"\r") + 2
        assert all(1 <= problem.line <= lines for problem in reading.problems)
