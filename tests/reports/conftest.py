"""Villages as a wave would leave them: one full, one small, one with too few answers."""

from dataclasses import replace
from typing import get_args

import pytest

from surveys.estimation.profile import (
    Benchmark,
    Figure,
    Gap,
    IndexFigure,
    Link,
    Share,
    Shares,
    VillageProfile,
    Withheld,
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
) -> IndexFigure:
    return IndexFigure(
        name, {"en": label[0], "zh": label[1]}, dimension, kind, base, here, there, True
    )


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
                  Figure(None, words="few"), Figure(8, 4, 15), kind="proportion"),
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
                                   "zh": "全国农村互联网普及率"}, "CNNIC", "2023"),
            Benchmark("basic_skills", 56, {"en": "EU, at least basic digital skills, 16–74",
                                           "zh": "欧盟达到基本数字技能的人"}, "Eurostat", "2023"),
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


@pytest.fixture
def full() -> VillageProfile:
    return full_village()


@pytest.fixture
def small() -> VillageProfile:
    return small_village()


@pytest.fixture
def withheld() -> VillageProfile:
    return withheld_village()


@pytest.fixture(params=[full_village, small_village, withheld_village])
def any_village(request: pytest.FixtureRequest) -> VillageProfile:
    built: VillageProfile = request.param()
    return built
