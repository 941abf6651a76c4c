"""Samples to estimate from: homes with a roster, entries, users and a few who are not online."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from surveys.form.indicators import Indicator

EN, ZH = "English (en)", "中文 (zh)"
LADDER = ("none", "limited", "narrow", "low", "basic", "above")


def label(text: str) -> dict[str, str]:
    return {EN: text, ZH: f"{text}（中文）"}


def indicator(name: str, **more: object) -> Indicator:
    return Indicator(name, label(name), **more)  # type: ignore[arg-type]


INDICATORS = (
    indicator("A1", role="mode"),
    indicator("A3", role="age"),
    indicator("A6", role="adults"),
    indicator("A7", role="no_phone"),
    indicator("A8", role="online_adults"),
    indicator("user", role="user", kind="proportion", base="zero", reference=66.5,
              reference_source="CNNIC, December 2023: rural residents online"),
    indicator("exclude", role="exclude"),
    indicator("s_access", dimension="access", kind="score", base="all", higher_is_better=True),
    indicator("s_use", dimension="use", kind="score", base="zero", higher_is_better=True),
    indicator("s_knowledge", dimension="knowledge", kind="score", base="users",
              higher_is_better=True),
    indicator("p_meaningful", dimension="access", kind="proportion", base="zero"),
    indicator("p_fraud", dimension="outcome", kind="proportion", base="all"),
    indicator("c_dsi", dimension="use", kind="category", base="zero", reference=56.0,
              reference_source="Eurostat, 2023: at least basic, 16-74"),
    indicator("s_C", dimension="chain-C", kind="score", base="all"),
    indicator("s_L", dimension="chain-L", kind="score", base="users"),
    indicator("s_P", dimension="chain-P", kind="score", base="zero"),
    indicator("s_Q", dimension="chain-Q", kind="score", base="zero"),
    indicator("G1", role="need", dimension="demand", kind="share", base="all"),
    indicator("B6", role="reason", kind="share"),
)  # fmt: skip

CHOICES: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    "G1": [(value, label(value)) for value in ("net", "cost", "basic", "sell")],
    "B6": [(value, label(value)) for value in ("skill", "need", "cost")],
}

ABOUT = {
    "wave": "First wave",
    "form_id": "village_digital",
    "form_version": "1",
    "computed_at": "2026-01-31T09:00:00+08:00",
    "reference_area": "County seat",
}


def person(village: str, home: object, number: int, **more: object) -> dict[str, object]:
    """One row of the frame: a user with an entry of their own, unless said otherwise."""
    home = f"{village}/{home}"
    row: dict[str, object] = {
        "village": village,
        "home": home,
        "entry": f"{home}/{number}",
        "submission": f"uuid:{home}/{number}",
        "mode": "self",
        "finished": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(minutes=number),
        "flags": 0,
        "user": "1",
    }
    return row | more


def frame_of(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=None if rows else list(person("", 1, 1)))
    for name in ("A3", "A6", "A7", "A8", "exclude", *(one.name for one in INDICATORS)):
        if name not in frame:
            frame[name] = ""
    return frame.fillna("")


def table_of(codes: Sequence[str], adults: float = 400, offline: float = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [f"Village {code}" for code in codes],
            "area": [("County", "Township")] * len(codes),
            "households": 150.0,
            "adults": float(adults),
            "adults_offline": float(offline),
            "target": 30.0,
        },
        index=list(codes),
    )


def simulated(
    village: str, homes: int, level: float = 50, seed: int = 1, others: float = 0.1
) -> list[dict[str, object]]:
    """Homes of 1-5 adults, some online, one entry each; a share of offline adults by proxy."""
    rng = np.random.default_rng([seed, *village.encode()])
    rows = []

    def score(mean: float) -> str:
        return f"{np.clip(rng.normal(mean, 25), 0, 100):.1f}"

    for home in range(homes):
        adults = int(rng.integers(1, 6))
        online = int(rng.integers(1, adults + 1))
        roster = {"A6": str(adults), "A7": str(int(rng.integers(0, adults + 1))), "A8": str(online)}
        for number in range(online):
            if number and rng.random() < 0.4:
                continue
            rows.append(
                person(village, home, number, **roster)
                | {name: score(level) for name in ("s_access", "s_use", "s_C", "s_L", "s_Q")}
                | {
                    "s_P": score(level - 20),
                    "A3": str(rng.choice([16, 25, 55, 75])),
                    "s_knowledge": score(level) if rng.random() < 0.9 else "",
                    "p_meaningful": str(int(rng.random() < 0.4)),
                    "p_fraud": str(int(rng.random() < 0.2)),
                    "c_dsi": str(rng.choice(LADDER)),
                    "G1": " ".join(rng.choice(["net", "cost", "basic", "sell"], 2, replace=False)),
                }
            )
        if online < adults and rng.random() < others:
            rows.append(
                person(village, home, 99, **roster, user="0", mode="proxy", s_use="0")
                | {"s_access": score(15), "s_C": score(5), "c_dsi": "notassessed"}
                | {"p_fraud": "0", "G1": "basic", "B6": str(rng.choice(["skill", "need"]))}
            )
    return rows
