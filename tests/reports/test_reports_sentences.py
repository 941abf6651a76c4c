"""What a profile may say besides: each sentence where its number is, and nowhere else."""

import re
from dataclasses import replace

import pytest

from surveys.estimation.profile import (
    Breakdown,
    Figure,
    Gap,
    Group,
    VillageProfile,
    Within,
    from_json,
    to_json,
)
from surveys.reports.render import chat_text, page
from surveys.reports.wording import Language, words
from tests.reports.conftest import (
    full_village,
    hidden_village,
    modelled_village,
    rich_village,
    township,
)
from tests.reports.test_reports_render import parsed

LANGUAGES: tuple[Language, ...] = ("en", "zh")
NOTHING = Figure(None, withheld="too_few_for_this")
RICH, MODELLED, HIDDEN, AREA = rich_village(), modelled_village(), hidden_village(), township()


def shown(profile: VillageProfile, language: Language) -> str:
    """The page as it is read: its text with single spaces."""
    document = re.sub(r"<style>.*?</style>", "", page(profile, language), flags=re.DOTALL)
    return " ".join(parsed(document.replace("<!DOCTYPE html>", "")).text.split())


def sexes(first: float, second: float, difference: Figure) -> tuple[Breakdown, ...]:
    groups = Group("f", 20, Figure(first, first, first)), Group("m", 25, Figure(second, 1, 99))
    return (Breakdown("sex", groups, difference),)


def gap(behaviour: Figure, composition: Figure, rate: Figure) -> Gap:
    return Gap(Figure(24, 17, 31), Figure(15, 10, 21), behaviour, composition, rate)


def with_change(use: Figure) -> VillageProfile:
    change = RICH.change
    assert change
    return replace(RICH, change=replace(change, use=use))


def with_gini(gini: Figure, schooling: Figure) -> VillageProfile:
    inequality = RICH.inequality
    assert inequality
    return replace(RICH, inequality=replace(inequality, gini=gini, by_schooling=schooling))


def with_headcount(headcount: Figure, of: str) -> VillageProfile:
    deprivation = RICH.deprivation
    assert deprivation
    return replace(
        RICH,
        deprivation=replace(deprivation, of=of, headcount=headcount),  # type: ignore[arg-type]
    )


def short_by(shortfall: Figure) -> VillageProfile:
    links = tuple(replace(one, shortfall=shortfall) for one in RICH.chain)
    return replace(RICH, weakest=None, chain=links)


def sloping(gradient: Figure) -> VillageProfile:
    within = AREA.within
    assert within
    return replace(AREA, within=replace(within, gradient=gradient))


SAID: list[tuple[VillageProfile, str, str, bool]] = [
    # The band, never a rank; whether it stands in the message, too.
    (RICH, "Clearly below the mean of the other 11 villages.",
     "明显低于其他11个村的平均水平。", True),
    (replace(RICH, band="above", compared=6),
     "Clearly above the mean of the other 5 villages.", "明显高于其他5个村的平均水平。", True),
    (MODELLED, "Not clearly different from the mean of the other 11 villages.",
     "与其他11个村的平均水平没有明显差别。", True),
    # Modelled numbers.
    (MODELLED, "≈: few answered, so the number borrows from the other villages.",
     "≈：答题人少，这个数参考了其他村。", True),
    (MODELLED, "Adults here score ≈33 (26–40) of 100",
     "这里的成年人用网得分≈33（26–40）", True),
    # Who was visited, who waits, who is hidden for another's sake.
    (RICH, "14 homes that had kept silent were visited; the share online and the use of "
     "all adults count them.",
     "走访了14户没有答题的家庭，上网比例和全体成年人用网得分已计入。", True),
    (RICH, "Grade A: within 5 points, and homes that kept silent were visited.",
     "精度甲级：误差在5分以内，并走访了未答题的家庭。", True),
    (RICH, "Homes that had kept silent were drawn by lot and visited",
     "没有答题的家庭经抽签走访", True),
    (RICH, "7 more people have answered and are not in these numbers yet; new ones come once "
     "10 from 5 homes have.",
     "另有7人答了题，还没有计入；满5户、10人后更新数字。", True),
    (replace(RICH, waiting=1), "1 more person has answered and is not", "另有1人答了题", True),
    (HIDDEN, "showing this village would give away a smaller one next to it. It is "
     "counted in its township.", "公布本村会让旁边人数更少的村被推算出来，所以只计入乡镇。", True),
    (HIDDEN, "What to do: get more answers in the villages around it",
     "可以这样做：请周围答题少的村多答", True),
    (replace(HIDDEN, kind="township"), "It is counted in the area above it.",
     "所以只计入上一级。", True),
    # Change, of which the use of all adults is in the message.
    (RICH, "Adults online up by 5 (1–9)", "上网的成年人 上升5（1–9）", False),
    (RICH, "Use, of those online down by 3 (1–5)", "上网者的用网得分 下降3（1–5）", False),
    (RICH, "Use, of all adults no clear change: 2 (−2 to 6)",
     "全体成年人的用网得分 没有明显变化：2（−2至6）", False),
    (with_change(Figure(6, 2, 10)), "up by 6 (2–10)", "上升6（2–10）", True),
    (with_change(Figure(-6, -10, -2)), "down by 6 (2–10)", "下降6（2–10）", True),
    (with_change(NOTHING), "Use, of all adults not shown: fewer than 30 people",
     "全体成年人的用网得分 不公布：答题不足30人", False),
    # By sex, age and schooling.
    (RICH, "women 46 (39–53) about 25", "女 46（39–53） 约25人", False),
    (RICH, "no clear difference", "没有明显差别", False),
    (RICH, "the younger do more: by 30 (20–40)", "较年轻的做得更多，高30（20–40）", False),
    (RICH, "Schooling: not shown: a group has fewer than 10 people online",
     "学历：不公布：其中一组上网的人不足10人", False),
    (replace(RICH, breakdowns=sexes(60, 40, Figure(-20, -30, -10))),
     "women do more: by 20 (10–30)", "女性做得更多，高20（10–30）", False),
    (replace(RICH, breakdowns=sexes(40, 60, Figure(20, 10, 30))),
     "men do more: by 20 (10–30)", "男性做得更多，高20（10–30）", False),
    (replace(RICH, breakdowns=tuple(
        Breakdown(name, (), NOTHING, "complementary") for name in ("sex", "age", "schooling"))),
     "Sex, age and schooling: not shown: others could be worked out from it",
     "性别、年龄和学历：不公布：会推算出别人的情况", False),
    # Inside behaviour.
    (RICH, "Of the 9 points that go with what those online do, 3 go with other ages and "
     "schooling of those online here, 6 with less done at the same age and schooling.",
     "与上网的人做得较少有关的9分中，3分与这里上网者的年龄和学历不同有关，6分与同龄同学历的人做得较少有关。",
     False),
    (replace(RICH, gap=gap(Figure(-9, -14, -4), Figure(-3), Figure(-6))),
     "Of the 9 points by which those online are ahead, 3 go with their ages",
     "上网的人领先的9分中，3分", False),
    (replace(RICH, gap=gap(Figure(4, -1, 9), Figure(-4), Figure(8, 4, 12))),
     "those online do less here: 8 points behind. Their ages and schooling put them 4 ahead.",
     "这里上网的人做得较少，落后8分；他们的年龄和学历则带来4分领先。", False),
    (replace(RICH, gap=gap(Figure(-4, -9, 1), Figure(4), Figure(-8, -12, -4))),
     "those online do more here: 8 points ahead. Their ages and schooling put them 4 behind.",
     "这里上网的人做得较多，领先8分；他们的年龄和学历则带来4分落后。", False),
    # Ahead is said as ahead, of links and of the gap's parts.
    (short_by(Figure(-0.2, -0.6, 0.2)),
     "Access 58 (53–63) ◇ 74 ahead by 0.2 (−0.2 to 0.6) 1 Policy signal",
     "上网条件 58（53–63） ◇ 74 领先0.2（−0.2至0.6） 1 政策", False),
    (short_by(Figure(0, -0.4, 0.4)),
     "level with it: 0 (−0.4 to 0.4)", "持平：0（−0.4至0.4）", False),
    (short_by(NOTHING), "Too few answered to say which link is the weakest.",
     "答题的人太少，还看不出哪一环最弱。", True),
    (replace(RICH, gap=Gap(Figure(-8, -14, -2), Figure(-5, -9, -1), Figure(-3, -7, 1))),
     "ahead, with more online: 5 (1–9) ahead, with more done by those online: 3 (−1 to 7)",
     "上网的人较多，领先：5（1–9） 上网的人做得较多，领先：3（−1至7）", False),
    # Beside the township and the reference; reasons beside those published; sources by language.
    (RICH, "62% (53–70%) △ 70% ◇ 88%", "62%（53–70%） △ 70% ◇ 88%", False),
    (RICH, "I don't know how to use a phone/computer for it 40–75% ┆ 51.6%",
     "不懂电脑/网络 40–75% ┆ 51.6%", False),
    (RICH, "On the right, published: CNNIC, 45th report; March 2020; people not online.",
     "右边是公开数据：中国互联网络信息中心，第45次报告；2020年3月；全国非网民。", False),
    (RICH, "Rural China, residents online: 66.5% (CNNIC, 53rd report",
     "全国农村互联网普及率：66.5%（中国互联网络信息中心，第53次报告", True),
    # Who asks, and whom to ask; of a village that is not shown, too.
    (RICH, "Asked by 青溪县农业农村局. Questions about this: 李梅，0571 8888 0000.",
     "调查单位：青溪县农业农村局。有疑问请找：李梅，0571 8888 0000。", True),
    (replace(HIDDEN, contact="李梅"), "Questions about this: 李梅.", "有疑问请找：李梅。", True),
    # How unequal, and who lacks much: the most frequent first.
    (RICH, "From 0 (all adults use the internet alike) to 100 (one does it all): 62 (57–67).",
     "0是人人用得一样多，100是全归一个人用，这里是62（57–67）。", False),
    (RICH, "more schooling goes with more use: 14 (6–22) of 100.",
     "学历高的用得更多：满分100，这里14（6–22）。", False),
    (with_gini(NOTHING, Figure(-14, -22, -6)), "less schooling goes with more use: 14 (6–22)",
     "学历低的用得更多：满分100，这里14（6–22）", False),
    (with_gini(NOTHING, Figure(4, -6, 14)), "no clear link of schooling and use: 4 (−6 to 14)",
     "没有明显关系：满分100，这里4（−6至14）", False),
    (RICH, "Of 100 adults, 54 (45–63) lack 3 or more of 9 things. On average these lack "
     "51% (46–56%) of the things; both together, 0–100: 28 (22–33).",
     "每100个成年人中，9样里缺3样以上的有：54（45–63）。这些人平均缺其中的51%（46–56%）；"
     "两项合计（0–100）：28（22–33）。", False),
    (with_headcount(Figure(None, words="few"), "users"), "Of 100 people online, few lack 3 or more",
     "每100个上网的人中，9样里缺3样以上的有：极少。", False),
    (RICH, "No digital tools yet nearly all No safety steps yet 61% (52–69%) Uses under 3 "
     "of 5 areas 58% (49–66%) Services done by others or in person 52% (43–61%) The same",
     "还没用过数字工具 几乎全部 还没做过自我保护 61%（52–69%）", False),
    # Three layers of the same numbers.
    (RICH, "Space: its layout Can people get online where they live? Access: 58 (53–63) ◇ 74 "
     "Elements: their spread Do money, skills and trade get here? Money: 23 (18–28) ◇ 31; Skills "
     "help: 20 (15–25) ◇ 45; Work and trade: 26 (20–32) ◇ 40 Functions: whose they are",
     "空间：布局 住的地方能不能上网？ 上网条件：58（53–63） ◇ 74 要素：扩散", False),
    (RICH, "A say and rights: 18 (13–23) ◇ 27; Lost money to fraud: few ◇ 8%; Services done "
     "by others or in person: 52% (43–61%)",
     "被骗过钱：极少 ◇ 8%；办事靠别人或去现场：52%（43–61%）", False),
    # The small print.
    (RICH, "Marked for checking, to the nearest 5, none left out: interviews 10 (same "
     "answer throughout 5, very fast 5, at odds with the count of adults 5, same as another's 5); "
     "homes where adults were counted differently 5; homes with more people online than counted 5.",
     "标记为需核对（按5取整，均未剔除）：答卷10份（态度题全选同一项5、答得特别快5、与家里人数对不上5、"
     "与别人的答卷相同5）；成年人数说法不一的户5；上网人数多于所报的户5。", False),
    (full_village(), "none left out: interviews 5.", "均未剔除）：答卷5份。", False),
    (AREA, "The area: 142 homes, 361 adults. 4 villages of this area are in the model for "
     "small villages", "这个地区：142户，361个成年人。小村模型用了这里的4个村", False),
    (AREA, "“Knowledge” hang together, 0–1, 240 people: alpha 0.71 (0.66–0.76), omega 0.73",
     "“防骗和常识”各题的一致程度（0–1，240人）：α 0.71（0.66–0.76），ω 0.73", False),
    # An area.
    (AREA, "How the area uses the internet", "居民上网情况", False),
    (AREA, "柳树沟村 64 people; online 62%; clearly below the others; rank 3 to 4 31 (26–37)",
     "柳树沟村 64人；上网62%；明显低于其他村；第3至4名 31（26–37）", False),
    (AREA, "上坪苗寨 14 people; online ≈68%; not clearly different; rank 1 to 4 ≈43 (36–50)",
     "上坪苗寨 14人；上网≈68%；没有明显差别；第1至4名 ≈43（36–50）", False),
    (AREA, "河头 40 people; online 80%; clearly above the others; rank 1 58 (49–67)",
     "河头 40人；上网80%；明显高于其他村；第1名 58（49–67）", False),
    (AREA, "青龙 32 people 40 (30–50)", "青龙 32人 40（30–50）", False),
    (AREA, "Each ring outward: 4.2 (0.5–7.9) points less of use.",
     "每往外一圈，用网得分低4.2（0.5–7.9）分。", True),
    (sloping(Figure(4.2, 0.5, 7.9)), "Each ring outward: 4.2 (0.5–7.9) points more of use.",
     "每往外一圈，用网得分高4.2（0.5–7.9）分。", True),
    (sloping(Figure(0.2, -3.4, 3.8)),
     "From ring to ring outward no clear difference in use: 0.2 (−3.4 to 3.8) points.",
     "由里往外各圈的用网得分没有明显差别：0.2（−3.4至3.8）分。", True),
    (replace(AREA, gap=Gap(Figure(-8, -14, -2), Figure(-5), Figure(-3))),
     "this area is ahead of 青溪县城关 by 8 (2–14)", "这里比青溪县城关高，分差8（2–14）", True),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "english", "chinese", "in_chat"), SAID)
def test_a_sentence_is_said_in_both_languages(
    profile: VillageProfile, english: str, chinese: str, in_chat: bool
) -> None:
    for language, sentence in zip(LANGUAGES, (english, chinese), strict=True):
        assert sentence in shown(profile, language)
        if in_chat:
            assert sentence in parsed(chat_text(profile, language)).text


def test_the_message_says_the_change_that_counts() -> None:
    assert "Since 2024年秋季, use of all adults is up by 6 (2–10)." in chat_text(
        with_change(Figure(6, 2, 10)), "en"
    )
    assert "与2024年秋季相比，全体成年人用网得分下降6（2–10）。" in chat_text(
        with_change(Figure(-6, -10, -2)), "zh"
    )
    # As clear only where the interval leaves out 0.
    assert "no clear change in the use of all adults: 2 (0–4)." in chat_text(
        with_change(Figure(2, 0, 4)), "en"
    )
    assert "Since 2024" not in chat_text(with_change(NOTHING), "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_said_of_what_is_not_there(full: VillageProfile, language: Language) -> None:
    say = words(language)
    headings = [
        say("Since {wave}", wave="2024年秋季"), say("Among those online: who does more"),
        say("How unequal"), say("Who lacks much"), say("The villages"), "≈",
    ]  # fmt: skip
    bare, whole = shown(full, language), shown(AREA, language)
    assert [one for one in headings if one in bare] == []
    assert [one for one in headings[1:] if one not in whole] == []
    assert headings[0] in shown(RICH, language)
    # Numbers that are withheld take their sentences with them.
    empty = replace(
        RICH,
        gap=gap(Figure(9, 4, 14), NOTHING, NOTHING),
        inequality=replace(RICH.inequality, gini=NOTHING, by_schooling=NOTHING),  # type: ignore[type-var]
        deprivation=replace(
            RICH.deprivation,  # type: ignore[type-var]
            headcount=NOTHING, lacks=(), intensity=NOTHING, adjusted=NOTHING,
        ),
    )  # fmt: skip
    assert [one for one in headings[2:4] if one in shown(empty, language)] == []
    assert "age and schooling" not in shown(empty, "en")


@pytest.mark.parametrize(
    ("language", "order"),
    [
        (
            "en",
            "14 more answers|Adults here score 31|14 homes that had kept silent|64 people|Grade A|"
            "is ahead by 24|Of 24 points, 15|The weakest link|Teaching for|I don't know how|"
            "Among those online, the younger|Since 2024|Published|Asked by",
        ),
        (
            "zh",
            "多14份|用网得分31|走访了14户|64人|精度甲级|分差24|相差的24分中，15分|最弱的一环|手机基础培训|"
            "不懂电脑|上网的人里，较年轻的|与2024|公开数据|调查单位",
        ),
    ],
)
def test_the_message_goes_from_what_is_new_to_whom_to_ask(language: Language, order: str) -> None:
    parts = order.split("|")
    text = parsed(chat_text(RICH, language, replace(RICH, persons=50))).text
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    # Without an earlier one the two sentences come first, after the village's name and the date.
    first = parsed(chat_text(RICH, language)).text.split("\n")
    assert first[2] == ""
    assert parts[1] in first[3]
    assert parts[2] in first[4]


def test_numbers_are_written_as_the_language_writes_them() -> None:
    many = replace(AREA, persons=12345, homes=1000)
    assert "12,345 people from 1,000 homes answered" in chat_text(many, "en")
    assert "1,000户、12,345人答了题" in chat_text(many, "zh")
    assert words("en").number(-0.04, "spread") == words("zh").number(-0.4) == "0"
    assert words("en").number(-1234.56, "spread") == "−1,234.6"
    assert [words("zh").published(one) for one in (66.5, 14.0, 0.25)] == ["66.5%", "14%", "0.25%"]


def test_parts_of_behaviour_that_are_not_clear_are_not_told_apart(rich: VillageProfile) -> None:
    unclear = (
        gap(Figure(4, -1, 9), Figure(2, -1, 5), Figure(2, -2, 6)),
        gap(Figure(4, -1, 9), Figure(-4, -9, 1), Figure(8, -1, 17)),
        gap(Figure(None, withheld="imprecise"), Figure(3, 1, 5), Figure(6, 2, 10)),
    )
    for one in unclear:
        assert "age and schooling" not in shown(replace(rich, gap=one), "en")


def test_volunteers_are_told_from_homes_that_were_visited(rich: VillageProfile) -> None:
    said = {language: shown(rich, language) for language in LANGUAGES}
    assert "volunteers" not in said["en"]
    assert "自愿" not in said["zh"]
    assert "did not answer" not in said["en"]
    assert "volunteers" in shown(replace(rich, followup=0), "en")
    # In an area only some villages were visited: of the others both are still so.
    assert "volunteers" in shown(AREA, "en")
    assert "Missing: people online who did not answer." in shown(AREA, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_modelled_dots_are_hollow_and_the_others_are_not(language: Language) -> None:
    """In black and white too: the edge is drawn, the inside is white."""
    document = page(MODELLED, language)
    drawn = re.findall(r'class="dot( hollow)?" cx="[\d.]+%"', document)
    assert len(drawn) > 3
    assert set(drawn) == {" hollow"}
    assert re.search(r"\.hollow { fill: #fff; stroke: #14508c", document)
    assert 'hollow" cx=' not in page(full_village(), language)
    in_the_township = re.findall(r'class="dot( hollow)?" cx="[\d.]+%"', page(AREA, language))
    assert in_the_township.count(" hollow") == 1


def test_the_two_groups_of_a_line_differ_in_shape(rich: VillageProfile) -> None:
    document = page(rich, "en")
    lines = re.findall(r'<div class="pair">.*?</div>', document, flags=re.DOTALL)
    assert len(lines) == 3
    for line in lines[:2]:
        assert len(re.findall(r'<circle class="dot" cx="\d', line)) == 2  # the sign and the dot
        assert len(re.findall(r'<rect class="dot', line)) == 2
    assert "<svg" not in lines[2]


def test_colours_are_greys_and_blues() -> None:
    """So nobody needs to tell red from green, and dark stays dark in black and white."""
    style = re.search(r"<style>(.*?)</style>", page(RICH, "en"), flags=re.DOTALL)
    assert style
    colours = re.findall(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", style[1])
    assert len(colours) > 20
    for colour in colours:
        size = len(colour) // 3
        red, green, blue = (colour[i * size : (i + 1) * size] for i in range(3))
        assert red <= green <= blue


@pytest.mark.parametrize("language", LANGUAGES)
def test_villages_stand_in_the_order_given(area: VillageProfile, language: Language) -> None:
    assert area.within
    for places in (area.within.villages, area.within.villages[::-1]):
        text = shown(replace(area, within=replace(area.within, villages=places)), language)
        text = text[text.index(words(language)("The villages")) :]
        found = [text.index(one.name + " ") for one in places]
        assert found == sorted(found)


def test_ranks_are_not_said_unasked(area: VillageProfile) -> None:
    assert area.within
    places = tuple(replace(one, ranks=()) for one in area.within.villages)
    assert "rank" not in shown(replace(area, within=replace(area.within, villages=places)), "en")


def test_the_message_names_some_villages_and_counts_the_others(area: VillageProfile) -> None:
    assert area.within
    low = [replace(area.within.villages[0], name=f"V{i}") for i in range(8)]
    many = replace(area, within=replace(area.within, villages=(*low, *area.within.villages[1:])))
    text = chat_text(many, "en")
    assert "Clearly below the mean of the others: V0, V1, V2, V3, V4 and 3 more." in text
    assert "Clearly above the mean of the others: 河头." in text
    assert "1 village is not clearly different from the others." in text
    assert "明显低于其他村平均水平：V0、V1、V2、V3、V4等（另有3个）。" in chat_text(many, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_withheld_area_shows_its_villages_and_nothing_of_its_own(
    area: VillageProfile, language: Language
) -> None:
    hidden = replace(area, level="withheld", complementary=True, grade=None)
    text = shown(hidden, language)
    assert "柳树沟村" in text
    assert "31（26–37）" in text or "31 (26–37)" in text
    for own in ("50 (45–55)", "50（45–55）", "46%", "54 (45–63)", "150"):
        assert own not in text
    lonely = replace(hidden, within=Within((), None, 0, ()))
    assert words(language)("The villages") not in shown(lonely, language)
    few = replace(lonely, complementary=False, persons=4, homes=2)
    assert ("the villages' links" if language == "en" else "各村链接") in shown(few, language)


@pytest.mark.parametrize("profile", [full_village(), RICH, MODELLED, HIDDEN, AREA])
def test_a_report_is_the_same_after_a_round_trip(profile: VillageProfile) -> None:
    document = to_json(profile)
    back = from_json(document)
    for language in LANGUAGES:
        assert shown(back, language) == shown(profile, language)
        assert chat_text(back, language) == chat_text(profile, language)
    assert back == profile
    assert to_json(back) == document
