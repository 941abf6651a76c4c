"""The scores of one person, written from the method's table and not from the form.

Exact fractions; None is missing. `asked` says which questions routing puts to a person, `scores`
takes everything answered and counts only what was asked.
"""

from collections.abc import Mapping
from fractions import Fraction

Answers = Mapping[str, str]
Score = Fraction | str | None

USERS = {"day", "week", "less"}
PRODUCTIVE = {"farm", "biz", "local", "away"}
RIGHT = {"K1": "b", "K2": "c", "K3": "b", "K4": "b", "K5": "b", "K6": "c"}
EVERYBODY = ["A4", "A5", "A6", "B1", "B2", "B3", "B4", "C6", "R1", "R4", "R5", "G1", "G2"]
FIRST = ["A1", "A2", "A3"]
NAMES = [
    "s_access",
    "p_meaningful",
    "s_use",
    "c_dsi",
    "s_knowledge",
    "s_self",
    "s_resource",
    *("s_T", "s_C", "s_L", "s_P", "s_Q"),
    *("s_outcome", "p_fraud", "s_bridging", "s_mobility"),
]
LACKS = [
    *("d_smartphone", "d_internet", "d_signal", "d_daily", "d_areas"),
    *("d_safety", "d_help", "d_tools", "d_service"),
]
ITEMS = [*(f"i_{name}" for name in RIGHT), "i_S1", "i_S2", "i_S3"]


def is_user(answers: Answers) -> bool | None:
    """Online within the last three months; None where it is not known."""
    if answers.get("A3") == "0" or "B4" not in answers:
        return None
    return answers["B4"] in USERS


def asked(answers: Answers) -> set[str]:
    """The questions that this person is asked."""
    found = set(FIRST)
    if answers.get("A3") == "0":
        return found
    found |= set(EVERYBODY)
    if "A6" in answers:
        found |= {"A7", "A8"}
    proxy = answers.get("A1") == "proxy"
    if not proxy:
        found.add("F3")
    user = is_user(answers)
    if user:
        found |= {"B5", "C1", "C2", "C3", "C4", "C5", "R2", "F1", "F2"}
        if answers.get("A5") in PRODUCTIVE:
            found.add("R3")
        if not proxy:
            found |= {"S1", "S2", "S3", *RIGHT}
    elif user is False:
        found |= {"B6", "B7"}
    return found


def scores(given: Answers) -> dict[str, Score]:
    """Every index of the method, 0 to 100 (a proportion 0 or 1)."""
    questions = asked(given)
    answers = {name: value for name, value in given.items() if name in questions}
    user = is_user(answers)
    found: dict[str, Score] = dict.fromkeys(NAMES)
    if answers.get("A3") == "0":
        return found

    device = _of(answers, "B1", lambda chosen: _first(chosen, {"smart": 2, "shared": 1}))
    home = _code(answers, "B2", {"fixed": 2, "mobile": 1, "none": 0})
    signal = _number(answers, "B3")
    cost = _number(answers, "B5")
    entries = [_over(device, 2), _over(home, 2), _over(signal, 3)]
    if user:
        entries.append(_over(cost, 2))
    access = None if user is None else _mean(entries)
    found["s_access"] = found["s_T"] = access

    if user is False:
        found["p_meaningful"] = Fraction(0)
    elif user:
        data = _either(
            home == 2 if home is not None else None, cost == 2 if cost is not None else None
        )
        facts = [
            "smart" in answers["B1"].split() if "B1" in answers else None,
            answers["B4"] == "day",
            signal >= 2 if signal is not None else None,
            data,
        ]
        if False in facts:
            found["p_meaningful"] = Fraction(0)
        elif None not in facts:
            found["p_meaningful"] = Fraction(1)

    counts = {name: _count(answers, name) for name in ("C1", "C2", "C3", "C4", "C5")}
    if user is False:
        found["s_use"] = Fraction(0)
        found["c_dsi"] = "notassessed"
    elif user:
        narrow = [
            counts["C1"],
            counts["C2"],
            counts["C3"],
            _count(answers, "C4", without={"sell"}),
            _count(answers, "C5", only={"priv", "secure"}),
        ]
        found["s_use"] = _mean([None if n is None else Fraction(min(n, 2), 2) for n in narrow])
        if None not in counts.values():
            found["c_dsi"] = _level({name: n for name, n in counts.items() if n is not None})
        riddles = [name for name in RIGHT if name in answers]
        if 3 * len(riddles) >= 2 * len(RIGHT):
            right = sum(answers[name] == RIGHT[name] for name in riddles)
            found["s_knowledge"] = Fraction(100 * right, len(riddles))
        if answers.get("A1") != "proxy":
            found["s_self"] = _mean(
                [_agree(answers, "S1"), _agree(answers, "S2", True), _agree(answers, "S3")]
            )

    taught = _of(
        answers,
        "R1",
        lambda chosen: _first(chosen, {"train": 2, "village": 2, "family": 1, "self": 1}),
    )
    talent = _over(taught, 2)
    tools = _capped(_count(answers, "R2"), 3) if user else (Fraction(0) if user is False else None)
    service = None if answers.get("C6") == "9" else _over(_number(answers, "C6"), 3)
    found["s_resource"] = _mean([talent, tools, service])
    found["s_C"] = _percent(_capped(_count(answers, "R4", only={"dev", "sub", "loan", "inv"}), 2))
    found["s_L"] = _percent(talent)
    found["s_Q"] = _percent(_capped(_count(answers, "R5"), 2))
    if answers.get("A5") in PRODUCTIVE and user is not None:
        found["s_P"] = _percent(_capped(_count(answers, "R3"), 2)) if user else Fraction(0)

    if user is False:
        found["s_outcome"] = found["s_bridging"] = found["p_fraud"] = Fraction(0)
    elif user:
        found["s_outcome"] = _percent(_capped(_count(answers, "F2", without={"fraud"}), 3))
        found["s_bridging"] = _percent(_over(_number(answers, "F1"), 2))
        if "F2" in answers:
            found["p_fraud"] = Fraction("fraud" in answers["F2"].split())
    if answers.get("F3", "8") != "8":
        found["s_mobility"] = Fraction(25 * (int(answers["F3"]) - 1))
    return found


def lacks(given: Answers) -> dict[str, int | None]:
    """The nine lacks of the deprivation measure: 1 lacks, 0 does not, None unknown."""
    questions = asked(given)
    answers = {name: value for name, value in given.items() if name in questions}
    found: dict[str, int | None] = dict.fromkeys(LACKS)
    user = is_user(answers)

    def lack(name, question, without, unknown=("99",)):
        value = answers.get(question)
        if value is not None and value not in unknown:
            found[name] = int(without(set(value.split())))

    lack("d_smartphone", "B1", lambda chosen: "smart" not in chosen)
    lack("d_internet", "B2", lambda chosen: chosen == {"none"})
    lack("d_signal", "B3", lambda chosen: chosen <= {"0", "1"})
    lack("d_daily", "B4", lambda chosen: chosen != {"day"})
    lack("d_safety", "C5", lambda chosen: chosen == {"none"})
    lack("d_help", "R1", lambda chosen: chosen == {"none"})
    lack("d_tools", "R2", lambda chosen: chosen == {"none"})
    lack("d_service", "C6", lambda chosen: chosen <= {"0", "1"})
    areas = [_count(answers, name) for name in ("C1", "C2", "C3", "C4", "C5")]
    if user and None not in areas:
        found["d_areas"] = int(sum(n > 0 for n in areas) < 3)
    if user is False:
        # What they were not asked because they are not online, they do not have.
        found |= dict.fromkeys(("d_daily", "d_areas", "d_safety", "d_tools"), 1)
    return found


def items(given: Answers) -> dict[str, Fraction | None]:
    """The items of knowledge (right or wrong) and of self-report, 0 to 1."""
    questions = asked(given)
    answers = {name: value for name, value in given.items() if name in questions}
    return {
        **{
            f"i_{name}": Fraction(answers[name] == right) if name in answers else None
            for name, right in RIGHT.items()
        },
        **{f"i_{name}": _agree(answers, name, name == "S2") for name in ("S1", "S2", "S3")},
    }


def _count(answers, name, only=None, without=frozenset()):
    if name not in answers:
        return None
    chosen = set(answers[name].split())
    if "none" in chosen:
        return 0
    return len((chosen if only is None else chosen & only) - without)


def _of(answers, name, value):
    return value(answers[name].split()) if name in answers else None


def _first(chosen, worth):
    return max((worth.get(one, 0) for one in chosen), default=0)


def _code(answers, name, codes):
    return codes.get(answers.get(name, ""))


def _number(answers, name):
    value = answers.get(name, "99")
    return None if value == "99" else int(value)


def _agree(answers, name, reverse=False):
    if name not in answers:
        return None
    value = int(answers[name])
    if value == 8:
        return Fraction(0)
    return Fraction(5 - value if reverse else value - 1, 4)


def _over(value, most):
    return None if value is None else Fraction(value, most)


def _capped(count, most):
    return None if count is None else Fraction(min(count, most), most)


def _percent(value):
    return None if value is None else 100 * value


def _either(one, other):
    if one or other:
        return True
    return None if one is None or other is None else False


def _mean(items):
    """In per cent, if two thirds of the items have a value."""
    known = [item for item in items if item is not None]
    if 3 * len(known) < 2 * len(items):
        return None
    return 100 * sum(known, Fraction(0)) / len(known)


def _level(counts):
    if all(counts[name] >= least for name, least in zip(counts, (2, 2, 3, 3, 3), strict=True)):
        return "above"
    areas = sum(n >= 1 for n in counts.values())
    return {5: "basic", 4: "low", 3: "narrow", 2: "limited"}.get(areas, "none")
