"""Where ours differs from JavaRosa on purpose: each with the smallest form that shows it.

The names are the headings of docs/conformance.md; the lines are JavaRosa's word, then ours.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """A difference."""

    rows: str
    """The sheet survey: the columns are those of `table`."""
    lines: tuple[str, ...]
    answers: dict = field(default_factory=dict)
    more: str = ""
    """Of what the driver is asked."""

    @property
    def table(self):
        columns = "type | name | label | calculation | relevant | constraint | default | trigger"
        rows = "\n".join(f"| | {row.strip()} |" for row in self.rows.strip().split("\n"))
        return f"""
| survey |
| | {columns} | choice_filter | repeat_count | read_only |
{rows}
| choices |
| | list_name | name | label | size |
| | l | a | A | 1 |
| | l | b | B | 2 |
"""


KNOWN = {
    "Dates that are computed": Known(
        "calculate | c | | today()\ncalculate | d | | date('2024-02-28') + 1\n"
        "calculate | e | | date(date('2024-02-28') + 1)",
        (
            "/data/c: (True, '2024-05-06T00:00:00.000Z') | (True, '2024-05-06')",
            "/data/e: (True, '2024-02-29T00:00:00.000Z') | (True, '2024-02-29')",
        ),
    ),
    "A date beside a text": Known(
        "date | d | D\ncalculate | c | | string(${d} > '2024-01-01')",
        ("/data/c: (True, 'false') | (True, 'true')",),
        {"/data/d": "2024-02-03"},
    ),
    "Large numbers": Known(
        "calculate | c | | 12345678.5\ncalculate | d | | 1 div 4096",
        (
            "/data/c: (True, '1.23456785E7') | (True, '12345678.5')",
            "/data/d: (True, '2.44140625E-4') | (True, '0.000244140625')",
        ),
    ),
    "Conditions among other results": Known(
        "integer | k | K\ncalculate | c | | if(${k} > 1, ${k} = 2, '')\n"
        "calculate | d | | ${k} = 2\ncalculate | e | | once(${k} = 2)",
        (
            "/data/c: (True, '1') | (True, 'true')",
            "/data/e: (True, '0') | (True, 'false')",
        ),
        {"/data/k": 2},
    ),
    "Without end": Known(
        "calculate | c | | 1 div 0\ncalculate | d | | string(5 < ${c})",
        ("/data/d: (True, 'true') | (True, 'false')",),
    ),
    "Other instances of the same repeat": Known(
        "begin repeat | r | R\ninteger | x | X\ncalculate | all | | sum(../../r/x)\nend repeat",
        ("/data/r[1]/all: (True, '1') | (True, '3')",),
        {"/data/r/x": [1, 2]},
    ),
    "The greatest of numbers below 0": Known(
        "begin repeat | r | R\ninteger | x | X\nend repeat\ncalculate | c | | max(${x})",
        ("/data/c: (True, '0') | (True, '-2')",),
        {"/data/r/x": [-5, -2]},
    ),
    "Choices that are not offered any more": Known(
        "integer | n | N\nselect_one l | s | S | | | | | | size = ${n}\ncalculate | c | | ${s}",
        ("/data/c: (True, 'a') | (True, None)",),
        {"/data/n": 1, "/data/s": "a", "corrections": [["/data/n", 2], ["/data/s", None]]},
        "stale",
    ),
    "Choices by an answer that is hidden": Known(
        "integer | k | K\ninteger | n | N | | ${k} = 1\n"
        "select_one l | s | S | | | | | | size = ${n}",
        (
            "asked 4: None | {'node': '/data/s', 'label': 'S', 'type': 'select_one',"
            " 'choices': [], 'answer': 'a', 'accepted': False,"
            " 'message': 'That is none of the choices.'}",
            "/data/s: (True, 'a') | (True, None)",
        ),
        {"/data/k": 1, "/data/n": 1, "/data/s": "a", "corrections": [["/data/k", 2]]},
        "stale",
    ),
    "A choice that can only be read": Known(
        "integer | n | N\nselect_one l | s | S | | | | a | | size = ${n} | | yes",
        ("/data/s: (True, None) | (True, 'a')",),
        {"/data/n": 2},
    ),
    "What opens behind a person": Known(
        "integer | k | K | | ${x} = 1\ninteger | x | X\ninteger | y | Y",
        (
            "asked 1: {'of': '/data/k', 'node': '/data/y', 'label': 'Y'} |"
            " {'of': '/data/k', 'node': '/data/k', 'label': 'K'}",
        ),
        {"/data/x": 1},
    ),
    "Calculations that are alike": Known(
        "integer | d | D\ninteger | x | X | ${d} + 1\nbegin repeat | r | R\ninteger | y | Y\n"
        "calculate | c | | ${d} + 1\nend repeat",
        ("/data/x: (True, '1') | (True, '9')",),
        {"/data/d": 0, "/data/x": 9, "/data/r/y": [1, 2]},
    ),
    "Defaults at the very beginning": Known(
        "integer | a | A\ninteger | b | B | | ${a} > 1\ninteger | c | C | | | | count(${b}) + 1",
        (
            "asked 1: {'of': '/data/c', 'answer': '2'} | {'of': '/data/c', 'answer': '1'}",
            "/data/c: (True, '2') | (True, '1')",
        ),
    ),
}
