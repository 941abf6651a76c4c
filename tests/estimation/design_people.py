"""240 persons by a rule without chance, with what goes wrong in real data; for other programs too.

Four strata of 12, 12, 12 and 6 clusters; domains A to D, of which C has nobody in stratum s2, E is
one person and F one cluster; values missing; weights of 0 in `z`; `N` and `f`: clusters in the
stratum, and the share of them that is here, in s2 all.
"""

import csv

import numpy as np

MARGINS = {"sex": {"f": 900.0, "m": 700.0}, "age": {"mid": 640.0, "old": 460.0, "young": 500.0}}
"""Of the population."""


def people():
    """A list of rows, a missing value None."""
    rows = []
    for i in range(240):
        s = i // 60
        c = i % 60 // (5 if s < 3 else 10)
        w = 1 + 7 * i % 5 * 0.5 + s * 0.25
        domain = "ABCD"[(i * i + 3 * c) % 4]
        if s == 2 and domain == "C":
            domain = "A"
        domain = "E" if i == 7 else "F" if (s, c) == (1, 3) else domain
        y = 20 + 37 * i % 61 + 7 * c + 5 * s + 13 * i % 7 / 8
        online = int((11 * i + c) % 7 < 3)
        rows.append({
            "stratum": f"s{s}", "home": f"c{c}", "psu": f"s{s}c{c}", "domain": domain, "w": w,
            "z": w if i % 11 else 0.0, "N": (40, 25, 12, 30)[s], "f": (0.3, 0.48, 1, 0.2)[s],
            "y": None if i % 19 == 4 else y, "x": 1 + 29 * i % 17 / 4, "full": online,
            "p": None if i % 23 == 5 else online, "half": "uv"[i // 7 % 2], "sex": "fm"[i // 3 % 2],
            "device": ("smart", "feature", "none")[(5 * i + s * c) % 3],
            "age": ("young", "mid", "old")[i * 7 // 4 % 3],
        })  # fmt: skip
    return rows


def lonely():
    """The same, where two strata have one cluster each."""
    rows = [row for row in people() if row["stratum"] != "s3" or row["home"] == "c1"]
    for row in rows:
        if row["stratum"] == "s1" and row["home"] != "c3":
            row.update(stratum="s0", home=f"x{row['home']}")
        row["psu"] = row["stratum"] + row["home"]
    return rows


def write(rows, file):
    """As CSV; what is missing is an empty cell, or NA in `p`."""
    with file.open("w", newline="", encoding="utf-8") as out:
        sheet = csv.DictWriter(out, rows[0], lineterminator="\n")
        sheet.writeheader()
        sheet.writerows({**row, "p": "NA" if row["p"] is None else row["p"]} for row in rows)


def write_margins(file):
    """As CSV."""
    lines = [f"{name},{one},{n:g}" for name, counts in MARGINS.items() for one, n in counts.items()]
    file.write_text("variable,category,count\n" + "\n".join(lines) + "\n", "utf-8")


def numbers(rows, name):
    """A column, NaN where missing."""
    return np.array([np.nan if row[name] is None else row[name] for row in rows], float)


def codes(rows, name):
    """A column's codes and its values in order."""
    values = sorted({row[name] for row in rows})
    return np.array([values.index(row[name]) for row in rows]), values
