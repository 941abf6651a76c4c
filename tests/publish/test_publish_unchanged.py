"""A profile that nothing changed is not made again; which ones those are is never guessed wrong."""

from datetime import timedelta
from random import Random

from sqlalchemy import func, select, update

from surveys.profiles import village_profiles
from surveys.publish import close_wave
from surveys.publish.reviews import find, review
from surveys.store.schema import Area, Interview, Report, Wave
from tests.fieldwork import NOW, interview, open_field

VILLAGES = "code,name,area,households,adults,target,adults_offline,reference\n" + "\n".join(
    f"LP{n:02},Village {n},He/{'Shang' if n < 4 else 'Xia'},200,480,12,60,no" for n in range(7)
) + "\nTOWN,Town,He/Seat,9000,20000,50,1500,yes\n"  # fmt: skip


def come(session, field, dice, village, homes):
    for number in range(homes):
        home = f"{village}-{field.made}-{number}"
        said = {"home__A6": str(dice.randint(2, 4)), "home__A8": "2"}
        if dice.random() < 0.3:
            said |= {"Q1": "no", "user": "0", "s_use": "0"}
        else:
            did = dice.choice(("news", "news call", "call"))
            said |= {"Q1": "yes", "user": "1", "use__Q2": did, "s_use": str(50 * len(did.split()))}
        interview(session, field, village, home, mode=dice.choice(("self", "helped")), **said)


def one_of(session, field, dice):
    found = session.scalars(select(Interview).where(Interview.review != "rejected")).all()
    return dice.choice(found)


def more(session, field, dice):
    come(session, field, dice, dice.choice(list(field.villages)), dice.choice((1, 12, 30)))


def forgotten(session, field, dice):
    session.delete(one_of(session, field, dice))


def rejected(session, field, dice):
    for key in {one_of(session, field, dice).key for _ in range(dice.choice((1, 14)))}:
        review(session, find(session, key), "rejected", NOW, "administrator 1")


def counted(session, field, dice):
    """Known from outside: no answer changes, and the figures do."""
    for code in dice.sample(sorted(field.villages), 5):
        area = session.get_one(Area, field.villages[code])
        area.adults_offline = dice.choice((30, 90, None))


def renamed(session, field, dice):
    area = dice.choice(session.scalars(select(Area).where(Area.code.like("LP%"))).all())
    area.name += " (new)"


def another_reference(session, field, dice):
    session.get_one(Wave, field.wave).reference_area_id = field.villages[
        dice.choice(("LP01", "TOWN"))
    ]


def closed(session, field, dice):
    if session.get_one(Wave, field.wave).closed_at is None:
        close_wave(session, NOW + timedelta(days=3), by="test")


DAYS = (
    (), (counted,), (more,), (renamed,), (), (another_reference,), (rejected, forgotten), (closed,),
)  # fmt: skip
"""What happens on each, to whom is by chance."""


def test_what_is_left_out_says_what_it_would_if_it_were_made(database):
    dice = Random(1)
    field = open_field(database, VILLAGES)
    with database.begin() as session:
        for village in ("TOWN", *field.villages):
            come(session, field, dice, village, dice.choice((3, 14, 30, 30)))
    everywhere, made, left = list(field.villages.values()), 0, 0
    for day, happening in enumerate(DAYS):
        now = NOW + timedelta(days=4 + day)
        with database.begin() as session:
            for happens in happening:
                happens(session, field, dice)
        found = village_profiles(database, field.wave, everywhere, now)
        made, left = made + len(found.made()), left + len(found) - len(found.made())
        said, reports = dict(found), kept(database)
        with database.begin() as session:
            session.execute(update(Report).values(made_of=None, told=None))
        anew = village_profiles(database, field.wave, everywhere, now)
        assert dict(anew) == said
        assert kept(database) == reports
    assert made >= 8
    assert left >= 8
    again = village_profiles(database, field.wave, everywhere, now)
    # What was kept without a fingerprint has one now.
    assert not [code for code in again.made() if again[code].level != "withheld"]


def kept(database):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Report))
