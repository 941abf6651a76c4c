import threading
from datetime import timedelta

import pytest

from surveys.form.problems import FormError
from surveys.publish import (
    AlreadyPublished,
    NoSuchWave,
    NothingPublished,
    UnknownArea,
    WaveAlreadyOpen,
    accept_invite,
    close_wave,
    ensure_ready,
    find_area,
    invite,
    open_wave,
    publish,
)
from surveys.store.administrators import rights_of
from surveys.store.schema import Audit, Base, Contact, FormVersion, Invite, Job, Wave
from tests.fieldwork import NOW, interview, open_field, small_form

ASKED = {"organisation": "County office", "contact": "Li Mei", "retention_months": 24}


def test_a_version_never_changes(database):
    with database.begin() as session:
        first = publish(session, small_form(), "test", NOW)
        again = publish(session, small_form(), "test", NOW + timedelta(days=1))
        assert first.new
        assert not again.new
        assert again.form_version_id == first.form_version_id
        changed = "| | integer | A9 | More? | 还有？ | | |"
        with pytest.raises(AlreadyPublished, match="Version 1 of small was published with other"):
            publish(session, small_form(more_rows="\n" + changed), "test", NOW)
        second = publish(session, small_form("2", "\n" + changed), "test", NOW)
        assert second.new
    with database.read() as session:
        assert session.query(FormVersion).count() == 2
        assert session.query(Audit).filter_by(action="publish").count() == 2


def test_a_form_needs_a_version(database):
    with database.begin() as session, pytest.raises(FormError, match="no version"):
        publish(session, small_form(version=""), "test", NOW)


def test_with_nothing_published_the_shipped_instrument_is_asked(database):
    with database.begin() as session:
        wave = ensure_ready(session, now=NOW, time_zone="Asia/Shanghai", **ASKED)
    with database.begin() as session:
        assert ensure_ready(session, now=NOW, **ASKED) is None
        made = session.get(Wave, wave)
        version = session.get(FormVersion, made.form_version_id)
        assert (made.organisation, made.retention_months) == ("County office", 24)
        assert "village_digital" in version.xform
        assert {one["name"] for one in version.indicators} >= {"user", "s_use", "G2"}
        close_wave(session, NOW)
        # Who closed a wave does not want another one at the next start.
        assert ensure_ready(session, now=NOW, **ASKED) is None


def test_waves_open_and_close_and_say_why_not(database):
    with database.begin() as session, pytest.raises(NothingPublished, match="form publish"):
        open_wave(session, now=NOW, **ASKED)
    field = open_field(database)
    with database.begin() as session:
        with pytest.raises(WaveAlreadyOpen, match="2026-03 is open in County office"):
            open_wave(session, now=NOW, **ASKED)
        with pytest.raises(UnknownArea, match="Did you mean Shang"):
            open_wave(session, now=NOW, area_path="He/Shng", **ASKED)
        with pytest.raises(NothingPublished, match="No version of other"):
            open_wave(session, now=NOW, form_id="other", **ASKED)
        with pytest.raises(ValueError, match="USEGAP_CONTACT"):
            open_wave(session, now=NOW, **ASKED | {"contact": " "})
        own = open_wave(session, now=NOW, area_path="he/shang", name="Second", **ASKED)
        assert session.get(Wave, own).area_id == find_area(session, "He/Shang").id
        with pytest.raises(NoSuchWave, match="No wave is open in Xia"):
            close_wave(session, NOW, "He/Xia")
        interview(session, field, "LP01", "a", Q1="yes")
        interview(session, field, "LP02", "b", status="open")
    with database.begin() as session:
        assert close_wave(session, NOW) == 1
        job = session.query(Job).one()
        assert (job.kind, job.key) == ("profile", f"close:{field.wave}:{field.villages['LP01']}")
        assert job.arguments == {
            "area_id": field.villages["LP01"], "wave_id": field.wave, "reason": "closed",
        }  # fmt: skip


def test_areas_are_found_as_people_name_them(database):
    field = open_field(database)
    with database.read() as session:
        for words in ("LP01", "lp01", "Liuping", "He/Shang/liuping", "/He/Shang/Liuping/",
                      "County office/He/Shang/Liuping"):  # fmt: skip
            assert find_area(session, words).id == field.villages["LP01"], words
        assert find_area(session, None).kind == find_area(session, "county OFFICE").kind
        assert find_area(session, "Xia").kind == "township"
        for words in ("He/Nowhere", "x", "He/Shang/LP99", "/x/"):
            with pytest.raises(UnknownArea):
                find_area(session, words)


def contact(session, name):
    one = Contact(channel="telegram", address=b"x", address_hash=name, language="en",
                  created_at=NOW)  # fmt: skip
    session.add(one)
    session.flush()
    return one.id


def test_an_invite_works_once_for_a_while_and_leaves_only_its_hash(database, vault):
    open_field(database)
    with database.begin() as session:
        code = invite(session, vault, "area", "He/Shang", NOW)
        late = invite(session, vault, "owner", None, NOW)
        alice, bob = contact(session, "alice"), contact(session, "bob")
        with pytest.raises(ValueError, match="--area"):
            invite(session, vault, "area", None, NOW)
    with database.begin() as session:
        assert accept_invite(session, vault, code + "x", bob, NOW) is None
        assert accept_invite(session, vault, late, bob, NOW + timedelta(days=14)) is None
        granted = accept_invite(session, vault, code, alice, NOW + timedelta(days=13))
        assert (granted.role, granted.area) == ("area", "Shang")
        assert accept_invite(session, vault, code, bob, NOW) is None
        assert [r.area for r in rights_of(session, "alice")] == ["Shang"]
        assert rights_of(session, "bob") == ()
        # The same right once more is no error, and no second right.
        assert accept_invite(
            session, vault, invite(session, vault, "area", "He/Shang", NOW), alice, NOW
        )
        assert len(rights_of(session, "alice")) == 1
        every = " ".join(
            str(row) for table in Base.metadata.sorted_tables for row in session.execute(
                table.select()
            )
        )  # fmt: skip
        assert code not in every
        actions = [row.action for row in session.query(Audit)]
        assert (actions.count("invite"), actions.count("accept invite")) == (3, 2)
        assert session.query(Invite).filter(Invite.used_at.is_(None)).count() == 1


def test_of_two_who_open_a_link_at_once_one_is_let_in(database, vault):
    open_field(database)
    with database.begin() as session:
        code = invite(session, vault, "owner", None, NOW)
        people = [contact(session, f"p{number}") for number in range(6)]
    together = threading.Barrier(len(people))
    let_in = []

    def accept(person):
        together.wait()
        with database.begin() as session:
            let_in.append(accept_invite(session, vault, code, person, NOW) is not None)

    threads = [threading.Thread(target=accept, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(let_in) == [False] * 5 + [True]
