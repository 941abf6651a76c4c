"""Villages as a wave would leave them: full, with everything on, small, with too few answers; and
a township made of some.
"""

from dataclasses import replace
from typing import get_args

import pytest

from surveys.estimation.profile import (
    Around,
    Benchmark,
    Breakdown,
    Change,
    Deprivation,
    Figure,
    Gap,
    Group,
    IndexFigure,
    Inequality,
    Link,
    Place,
    Scale,
    Share,
    Shares,
    VillageProfile,
    Withheld,
    Within,
)

HIDDEN = Figure(None, withheld="too_few_for_this")
WITHHELD: tuple[Withheld, ...] = tuple(reason for reason in get_args(Withheld) if reason)


def index(
    name: str,
    label: tuple[str, str],
    dimension: str,
    here: Figure,
    there: Figure,
    *,
    kind: str = "score",
    base: str = "zero",
    higher_is_better: bool = True,
) -> IndexFigure:
    labels = {"en": label[0], "zh": label[1]}
    return IndexFigure(name, labels, dimension, kind, base, here, there, higher_is_better)


def share(value: str, en: str, zh: str, figure: Figure) -> Share:
    return Share(value, {"en": en, "zh": zh}, figure)


def full_village() -> VillageProfile:
    """64 people of 38 homes, far enough to show everything."""
    return VillageProfile(
        village="柳树沟村",
        code="LSG",
        area=("乡村数字调查", "青溪县", "永安镇"),
        wave="2025年秋季",
        form_id="village_digital",
        form_version="2025110101",
        computed_at="2025-11-24T09:30:00+08:00",
        reference_area="青溪县城关",
        persons=64,
        users=55,
        homes=38,
        by_mode={"self": 50, "helped": 10, "proxy": 5, "visited": 0},
        target=60,
        households=142,
        adults=361,
        offline_known=True,
        without_phone=Figure(12, 8, 18),
        level="full",
        grade="B",
        missing_users=Figure(4),
        online=Figure(62, 53, 70),
        use_of_users=Figure(50, 45, 55),
        use=Figure(31, 26, 37),
        reference_online=Figure(88, 80, 93),
        reference_use_of_users=Figure(63, 59, 67),
        reference_use=Figure(55, 50, 61),
        indices=(
            index("s_access", ("Access", "上网条件"), "access", Figure(58, 53, 63),
                  Figure(74, 70, 78), base="all"),
            index("p_meaningful", ("Meaningful connectivity", "联网质量达标"), "access",
                  Figure(None, 15, 35, withheld="imprecise"), Figure(52, 44, 60),
                  kind="proportion"),
            index("s_use", ("Use", "用网程度"), "use", Figure(31, 26, 37), Figure(55, 50, 61)),
            index("s_knowledge", ("Knowledge", "防骗和常识"), "knowledge", Figure(54, 48, 60),
                  Figure(66, 61, 71), base="users"),
            index("s_resource", ("Help and tools", "帮助和工具"), "resource", Figure(28, 23, 33),
                  Figure(47, 42, 52), base="all"),
            index("s_outcome", ("Good that came of it", "上网的好处"), "outcome",
                  Figure(22, 17, 27), Figure(39, 34, 44)),
            index("s_self", ("Skills as people see them", "自己觉得的水平"), "knowledge",
                  Figure(47, 41, 53), Figure(55, 50, 60), base="users"),
            index("s_bridging", ("Ties beyond the village", "村外的人脉"), "outcome",
                  Figure(19, 14, 24), Figure(30, 25, 35)),
            index("p_fraud", ("Lost money to fraud", "被骗过钱"), "outcome",
                  Figure(None, words="few"), Figure(8, 4, 15), kind="proportion",
                  higher_is_better=False),
            index("s_mobility", ("Better chances seen", "觉得更有机会"), "outcome",
                  Figure(49, 44, 54), Figure(57, 52, 62), base="users"),
            index("basic_skills", ("At least basic digital skills", "达到基本数字技能"), "use",
                  Figure(21, 14, 30), Figure(41, 33, 49), kind="proportion"),
        ),
        shares=(
            Shares("B6", {"en": "Why not online", "zh": "不上网的原因"}, "non_users", (
                share("skill", "I don't know how to use a phone/computer for it", "不懂电脑/网络",
                      Figure(None, 40, 75, withheld="imprecise")),
                share("lit", "Reading, pinyin", "不识字/不懂拼音",
                      Figure(None, 20, 55, withheld="imprecise")),
                share("age", "Too old / eyesight, health", "年龄太大/身体原因",
                      Figure(None, 15, 45, withheld="imprecise")),
                share("dev", "No device", "没有上网设备",
                      Figure(None, 10, 45, withheld="imprecise")),
                share("need", "No need, not interested", "不需要/不感兴趣",
                      Figure(None, 5, 35, withheld="imprecise")),
                share("cost", "Too expensive", "费用高", Figure(None, words="few")),
                share("sig", "No signal", "连不上网", Figure(None, words="few")),
                share("safe", "Afraid of fraud", "怕被骗", Figure(None, words="few")),
                share("time", "No time", "没时间", Figure(None, words="few")),
            )),
            Shares("c_dsi", {"en": "Digital skills level", "zh": "数字技能水平"}, "all", (
                share("above", "Above basic", "基本以上", Figure(6, 3, 12)),
                share("basic", "Basic", "基本", Figure(15, 10, 22)),
                share("low", "Low", "较低", Figure(14, 9, 21)),
                share("narrow", "Narrow", "狭窄", Figure(12, 7, 19)),
                share("limited", "Limited", "有限", Figure(10, 6, 17)),
                share("none", "No skills", "没有", Figure(5, 2, 10)),
                share("notassessed", "Not assessed", "未评估", Figure(38, 30, 47)),
            )),
            Shares("G1", {"en": "What the village needs", "zh": "村里的需要"}, "all", (
                share("basic", "Teaching for beginners", "手机基础培训", Figure(46, 38, 54)),
                share("safe", "Protection from fraud", "防诈骗", Figure(41, 33, 49)),
                share("net", "Better signal", "信号更好", Figure(29, 22, 37)),
                share("sell", "Teaching to sell online", "电商培训", Figure(24, 18, 32)),
                share("old", "Help for older people", "老年人帮扶", Figure(22, 16, 30)),
                share("cost", "Lower price", "费用更低",
                      Figure(None, 10, 25, withheld="imprecise")),
                share("point", "A helper or service point", "服务点/专人",
                      Figure(None, 10, 25, withheld="imprecise")),
                share("serv", "More services online", "更多网上办事",
                      Figure(None, 5, 20, withheld="imprecise")),
                share("dev", "Devices", "设备", Figure(None, words="few")),
            )),
        ),
        gap=Gap(Figure(24, 17, 31), Figure(15, 10, 21), Figure(9, 4, 14)),
        gap_withheld="",
        chain=(
            Link("T", Figure(58, 53, 63), Figure(74, 70, 78), Figure(0.7, 0.4, 1.0), "all"),
            Link("C", Figure(23, 18, 28), Figure(31, 26, 36), Figure(0.3, 0.0, 0.5), "all"),
            Link("L", Figure(20, 15, 25), Figure(45, 40, 50), Figure(1.2, 0.9, 1.5), "all"),
            Link("P", Figure(26, 20, 32), Figure(40, 33, 47), Figure(0.5, 0.2, 0.8), "zero"),
            Link("Q", Figure(18, 13, 23), Figure(27, 22, 32), Figure(0.4, 0.1, 0.7), "all"),
        ),
        weakest="L",
        benchmarks=(
            Benchmark("pi", 66.5, {"en": "Rural China, residents online",
                                   "zh": "全国农村互联网普及率"},
                      "CNNIC, 53rd report; December 2023; last 6 months", "2023",
                      {"zh": "中国互联网络信息中心，第53次报告；2023年12月；最近半年"}),
            Benchmark("basic_skills", 56, {"en": "EU, at least basic digital skills, 16–74",
                                           "zh": "欧盟达到基本数字技能的人"},
                      "Eurostat", "2023", {"zh": "欧盟统计局"}),
        ),
        flags={"flagged": 5, "rosters_differ": 0, "rosters_short": 0},
    )  # fmt: skip


def small_village() -> VillageProfile:
    """14 people of 9 homes; nobody has counted the homes offline; nothing to compare with."""
    full = full_village()
    no_reference = Figure(None, withheld="no_reference")
    return replace(
        full,
        village="上坪苗寨",
        code="SPM",
        reference_area=None,
        persons=14,
        users=10,
        homes=9,
        by_mode={"self": 10, "helped": 5},
        target=60,
        offline_known=False,
        households=None,
        adults=None,
        without_phone=HIDDEN,
        level="small",
        grade="C",
        missing_users=Figure(None),
        online=Figure(71, 52, 85, "at_most"),
        use_of_users=HIDDEN,
        use=Figure(34, 20, 48, "at_most"),
        reference_online=no_reference,
        reference_use_of_users=no_reference,
        reference_use=no_reference,
        indices=tuple(
            replace(
                one,
                village=Figure(40, 28, 52) if one.kind == "score" else HIDDEN,
                reference=no_reference,
            )
            for one in full.indices
        ),
        shares=tuple(
            replace(one, shares=tuple(replace(s, figure=HIDDEN) for s in one.shares))
            for one in full.shares
        ),
        gap=None,
        gap_withheld="no_reference",
        chain=tuple(
            replace(link, village=HIDDEN, reference=no_reference, shortfall=no_reference)
            for link in full.chain
        ),
        weakest=None,
        flags={"flagged": 0},
    )


def withheld_village() -> VillageProfile:
    """7 people of 4 homes: nothing is shown, whatever else stands in the profile."""
    return replace(
        full_village(),
        village="Nà Rì",
        code="NR",
        persons=7,
        users=0,
        homes=4,
        by_mode={},
        level="withheld",
        grade=None,
        weakest=None,
    )


LACKS = (
    share("d_smartphone", "No smartphone of their own", "没有自己的智能手机", Figure(18, 12, 26)),
    share("d_internet", "No internet at home", "家里上不了网", Figure(None, words="few")),
    share("d_signal", "Video calls often stall", "视频电话常常不顺", Figure(35, 27, 44)),
    share("d_daily", "Not online every day", "不是天天上网",
          Figure(None, 30, 60, withheld="imprecise")),
    share("d_areas", "Uses under 3 of 5 areas", "5个方面用了不到3个", Figure(58, 49, 66)),
    share("d_safety", "No safety steps yet", "还没做过自我保护", Figure(61, 52, 69)),
    share("d_help", "Nobody to show how", "没有人教", Figure(43, 34, 52)),
    share("d_tools", "No digital tools yet", "还没用过数字工具", Figure(None, words="nearly_all")),
    share("d_service", "Services done by others or in person", "办事靠别人或去现场",
          Figure(52, 43, 61)),
)  # fmt: skip


def rich_village() -> VillageProfile:
    """The full village with all that a profile may say of one."""
    full = full_village()
    gap = Gap(
        Figure(24, 17, 31), Figure(15, 10, 21), Figure(9, 4, 14), Figure(3, 1, 5), Figure(6, 2, 10)
    )
    around = Around(
        "永安镇", Figure(70, 65, 75), Figure(55, 51, 59), Figure(38, 35, 42),
        {"s_access": Figure(63, 59, 67), "p_meaningful": Figure(34, 28, 41),
         "basic_skills": Figure(27, 22, 33), "s_resource": Figure(33, 29, 37),
         "s_knowledge": Figure(58, 54, 62), "p_fraud": Figure(6, 3, 11)},
    )  # fmt: skip
    reasons = tuple(
        Benchmark(
            f"B6/{value}", published, {}, "CNNIC, 45th report; March 2020; people not online",
            "2020", {"zh": "中国互联网络信息中心，第45次报告；2020年3月；全国非网民"},
        )
        for value, published in (("skill", 51.6), ("lit", 19.5), ("age", 14), ("dev", 13.4))
    )  # fmt: skip
    return replace(
        full,
        gap=gap,
        around=around,
        organisation="青溪县农业农村局",
        contact="李梅，0571 8888 0000",
        benchmarks=(*full.benchmarks, *reasons),
        by_mode={"self": 40, "helped": 10, "proxy": 5, "visited": 10},
        grade="A",
        missing_users=Figure(None, withheld="not_asked"),
        followup=14,
        band="below",
        compared=12,
        waiting=7,
        margins=("sex_age", "schooling"),
        margins_of="永安镇",
        deff=1.3,
        flags={
            "flagged": 10, "straight_lining": 5, "speeding": 5, "contradiction": 5, "duplicate": 5,
            "rosters_differ": 5, "rosters_short": 5,
        },
        breakdowns=(
            Breakdown("sex", (Group("f", 25, Figure(46, 39, 53)),
                              Group("m", 30, Figure(53, 47, 59))), Figure(7, -1, 15)),
            Breakdown("age", (Group("to54", 40, Figure(58, 52, 64)),
                              Group("from55", 15, Figure(28, 20, 36))), Figure(-30, -40, -20)),
            Breakdown("schooling", (), Figure(None, withheld="few_persons"), "few_persons"),
        ),
        change=Change("2024年秋季", Figure(5, 1, 9), Figure(-3, -5, -1), Figure(2, -2, 6)),
        inequality=Inequality(Figure(62, 57, 67), Figure(14, 6, 22)),
        deprivation=Deprivation(
            "all", Figure(54, 45, 63), Figure(51, 46, 56), Figure(28, 22, 33), LACKS
        ),
    )  # fmt: skip


def modelled_village() -> VillageProfile:
    """The small village, its numbers by the model, one of twelve that are compared."""
    small = small_village()
    return replace(
        small,
        offline_known=True,
        online=Figure(68, 57, 79, modelled=True),
        use=Figure(33, 26, 40, modelled=True),
        band="same",
        compared=12,
        indices=tuple(
            replace(one, village=replace(one.village, modelled=one.village.value is not None))
            for one in small.indices
        ),
    )


def hidden_village() -> VillageProfile:
    """31 people of 17 homes, hidden because a smaller village is."""
    none = Figure(None, withheld="complementary")
    return replace(
        withheld_village(),
        village="石板坡",
        persons=31,
        homes=17,
        complementary=True,
        use=none,
        online=none,
        indices=(),
        shares=(),
        chain=(),
        gap=None,
        gap_withheld="complementary",
    )


def township() -> VillageProfile:
    """Four villages and 150 people."""
    rich = rich_village()
    scale = Scale(
        "s_knowledge", {"en": "Knowledge", "zh": "防骗和常识"}, 240, Figure(0.71, 0.66, 0.76),
        Figure(0.73, 0.68, 0.78),
    )  # fmt: skip
    return replace(
        rich,
        village="永安镇",
        code="",
        area=("乡村数字调查", "青溪县"),
        kind="township",
        persons=150,
        users=130,
        homes=90,
        band=None,
        compared=0,
        waiting=0,
        change=None,
        around=None,
        followup=14,
        grade="B",
        within=Within(
            villages=(
                Place("LSG", "柳树沟村", 64, Figure(31, 26, 37), Figure(62, 53, 70), "below",
                      (3, 4)),
                Place("SPM", "上坪苗寨", 14, Figure(43, 36, 50, modelled=True),
                      Figure(68, 57, 79, modelled=True), "same", (1, 4)),
                Place("HT", "河头", 40, Figure(58, 49, 67), Figure(80, 70, 88), "above", (1, 1)),
                Place("QL", "青龙", 32, Figure(40, 30, 50), Figure(None, withheld="not_asked"),
                      None),
            ),
            gradient=Figure(-4.2, -7.9, -0.5),
            modelled=4,
            scales=(scale,),
        ),
    )  # fmt: skip


@pytest.fixture
def rich() -> VillageProfile:
    return rich_village()


@pytest.fixture
def modelled() -> VillageProfile:
    return modelled_village()


@pytest.fixture
def hidden() -> VillageProfile:
    return hidden_village()


@pytest.fixture
def area() -> VillageProfile:
    return township()


@pytest.fixture
def full() -> VillageProfile:
    return full_village()


@pytest.fixture
def small() -> VillageProfile:
    return small_village()


@pytest.fixture
def withheld() -> VillageProfile:
    return withheld_village()


@pytest.fixture(
    params=[
        full_village, rich_village, small_village, modelled_village, withheld_village,
        hidden_village, township,
    ]
)  # fmt: skip
def any_village(request: pytest.FixtureRequest) -> VillageProfile:
    built: VillageProfile = request.param()
    return built
