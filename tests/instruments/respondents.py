"""Respondents who answer anything that the instrument lets them, and skip now and then."""

import random

EXCLUSIVE = {"none", "no"}


def respondent(sheets, seed: int, skipping: float = 0.12) -> dict[str, str]:
    """An answer to every question, asked of this person or not (routing is the form's work)."""
    dice = random.Random(seed)
    lists: dict[str, list[str]] = {}
    for choice in sheets["choices"]:
        lists.setdefault(choice["list_name"], []).append(choice["name"])
    given: dict[str, str] = {}
    for row in sheets["survey"]:
        kind, _, list_name = row["type"].partition(" ")
        name = row["name"]
        if kind == "select_one":
            given[name] = dice.choice(lists[list_name])
        elif kind == "select_multiple":
            most = 3 if name == "G1" else len(lists[list_name])
            chosen = dice.sample(lists[list_name], dice.randint(1, most))
            alone = [one for one in chosen if one == "none" or (name == "B7" and one == "no")]
            given[name] = " ".join(alone or chosen)
        elif kind == "integer":
            given[name] = str(dice.randint(1, 15) if name == "A6" else dice.randint(0, 1))
        elif kind == "text":
            given[name] = dice.choice(["路不好走", "The bridge, please", "1 < 2 & 3"])
    given["A3"] = dice.choice(["0", "16", "75", given["A3"], given["A3"], given["A3"]])
    given["B4"] = dice.choice(["day", "day", given["B4"]])
    return {
        name: value
        for name, value in given.items()
        if name in ("A1", "A3") or dice.random() >= skipping
    }
