"""A questionnaire in chat: what is wrong with it, tried before it is taken in, with its files."""

import io
import zipfile

from surveys.store.schema import (
    Attachment,
    Draft,
    FormVersion,
    Interview,
    InterviewEvent,
    Respondent,
)
from tests.administrators.conftest import fill, office
from tests.administrators.test_setup import BOSS, reply
from tests.respondent.phones import at_work, labels, say, settle

FORM = """
| survey |
| | type | name | label::English (en) | label::中文 (zh) | image::中文 (zh) | choice_filter | required |
| | select_one_from_file crops.csv | crop | Which crop? | 哪种作物？ | field.png | kind = 'grain' | yes |
| | begin_repeat | plot | Plot | 地块 | | | |
| | integer | size | How large is it? | 有多大？ | | | |
| | end_repeat | | | | | | |
| | geopoint | place | Where is it? | 在哪里？ | | | |
| | image | photo | A photo of it | 照片 | | | |
| | note | bye | Thank you | 谢谢 | | | |
| settings |
| | form_id | version | form_title |
| | crops | 1 | Crops |
"""  # noqa: E501
CROPS = "name,label,kind\nrice,Rice,grain\ntea,Tea,leaf\nwheat,Wheat,grain\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(50)


def bundle(form=FORM, **files):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("crops/crops.md", form.strip())
        archive.writestr("__MACOSX/crops/._crops.md", "junk")
        for name, content in files.items():
            archive.writestr(f"crops/crops-media/{name.replace('_', '.')}", content)
    return kept.getvalue()


async def test_everything_wrong_is_told_and_what_has_no_room_comes_as_a_file(sqlite_url, tmp_path):
    fill(sqlite_url, homes=())
    bad = FORM.replace(
        "| | note", "".join(f"| | txt{n} | b{n} | B | B | | | |\n" for n in range(12)) + "| | note"
    )
    async with at_work(tmp_path, sqlite_url) as survey:
        boss = await office(survey, 501, **BOSS)
        wrong = await reply(boss, "crops.zip", bundle(bad))
        assert "13 things are to be put right" in wrong.text
        assert "survey row 2, type: The file crops.csv did not come with the form." in wrong.text
        assert wrong.text.count("\n• ") == 10
        assert "… and 3 more." in wrong.text
        whole = await boss.wait_for(lambda seen: seen.file is not None)
        told = whole.file.content.decode("utf-8-sig").splitlines()
        assert len(told) == 13
        assert told[-1].startswith("survey row 19, type: b11: there is no type 'txt11'.")
        assert survey.count(Draft) == [0]


async def test_a_questionnaire_is_tried_and_nothing_of_it_is_kept(sqlite_url, tmp_path):
    fill(sqlite_url, homes=())
    async with at_work(tmp_path, sqlite_url) as survey:
        boss = await office(survey, 501, **BOSS)
        asked = await reply(boss, "crops.zip", bundle(crops_csv=CROPS, field_png=PICTURE))
        assert labels(asked) == [["🧪 Try it"], ["✅ Take it in"], ["Not now"]]
        language = await boss.tap_and_see(asked, asked.buttons[0][1])
        assert labels(language) == [["English (en)"], ["中文 (zh)"]]
        boss.read_all()
        await boss.tap(language, 1)
        first = await boss.wait_for(lambda seen: "哪种作物" in seen.text)
        # It says what it is, shows the picture, filters the list that came with it.
        assert first.text.startswith("🧪 Trial: nothing is kept.")
        assert any(one.file and one.file.content == PICTURE for one in boss.messages)
        assert labels(first) == [["Rice"], ["Wheat"], ["⏹ End the trial"]]
        await boss.tap(first, 1)
        await boss.wait_for(lambda seen: "有多大" in seen.text)
        # What is no answer is refused as in an interview; what is typed goes to the trial.
        assert "number" in (await say(boss, "large")).text
        await say(boss, "12")
        again = await boss.wait_for(lambda seen: "1 so far" in seen.text)
        await boss.tap(again, 1)
        await boss.wait_for(lambda seen: "在哪里" in seen.text)
        await say(boss, "30.27 120.15")
        await boss.wait_for(lambda seen: "照片" in seen.text)
        # A file that the question wants is an answer, not something to set up with.
        await boss.send_file("photo.jpg", b"jpg")
        last = await boss.wait_for(lambda seen: "Nothing of it was kept" in seen.text)
        assert survey.count(Interview, InterviewEvent, Respondent, Attachment) == [0, 0, 0, 0]
        assert "That was the last question. Nothing of it was kept." in last.text
        # The first message's buttons still hold, and an old question's do nothing.
        await boss.tap(first, 0)
        await survey.quiet()
        assert boss.notices[-1] == "This trial is over."
        done = await settle(boss, "Take it in", asked)
        assert "is here in version 1" in done.text
        assert survey.count(Draft) == [0]
        assert survey.count(FormVersion) == [2]
        kept = {one.name: one.content for one in survey.rows(Attachment)}
        assert kept == {"crops.csv": CROPS.encode(), "field.png": PICTURE}


async def test_a_trial_ends_when_they_want_and_another_owner_cannot_join_it(sqlite_url, tmp_path):
    fill(sqlite_url, homes=())
    one = FORM.replace("select_one_from_file crops.csv", "text").replace("| kind = 'grain' ", "| ")
    async with at_work(tmp_path, sqlite_url) as survey:
        boss, xia = await office(survey, 501, **BOSS), await office(survey, 502, **BOSS)
        asked = await reply(boss, "f.md", one.replace("field.png", "").strip().encode())
        await boss.tap(await boss.tap_and_see(asked, asked.buttons[0][1]), 0)
        first = await boss.wait_for(lambda seen: "Which crop?" in seen.text)
        before = await say(xia, "/help")
        await xia.tap(
            type(before)(
                **{name: getattr(before, name) for name in before.__slots__} | {"rows": first.rows}
            ),
            0,
        )
        await survey.quiet()
        assert "no longer works" in xia.notices[-1]
        ended = await boss.tap_and_see(first, first.buttons[-1][1])
        assert "The trial has ended. Nothing of it was kept." in ended.text
        assert labels(ended)[0] == ["🧪 Try it again"]
        # What is typed now is for no trial.
        assert "Trial" not in (await say(boss, "rice")).text
        assert "Nothing was changed" in (await settle(boss, "Not now", ended)).text
        await boss.tap(ended, 0)
        await survey.quiet()
        assert "no longer works" in boss.notices[-1]
        assert survey.count(Interview, Draft) == [0, 0]
