"""Random XLSForms and random answers to them: groups, repeats, conditions, computed nodes, lists.

An expression reads only what stands before it. What is in a repeat is read as one value inside of
it, and through an aggregate or `indexed-repeat` outside.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

HEAD = (
    *("type", "name", "label", "relevant", "constraint", "constraint_message", "required"),
    *("calculation", "default", "trigger", "choice_filter", "repeat_count", "readonly"),
)
CHOICES = """
| choices |
| | list_name | name | label | size | kind |
| | l | a | A | 1 | x |
| | l | b | B | 2 | x |
| | l | c | C | 3 | y |
| | l | d | D | 4 | y |
| | k | x | X | 1 | |
| | k | y | Y | 2 | |
"""
NUMBERS = st.integers(0, 6)
# Below 0 JavaRosa's max() is 0 (docs/conformance.md).
TEXTS = st.sampled_from(["a", "bb", "3", "x y", "long word"])


@dataclass(frozen=True)
class Node:
    """What can be read later on."""

    name: str
    kind: str
    around: tuple[str, ...]
    """The names of the repeats around it."""
    path: str
    by_person: bool = True

    @property
    def place(self):
        """The path of the group around it."""
        return self.path.rpartition("/")[0]


def ref(node):
    """How a form names a node, given with its name or as one."""
    return "${" + getattr(node, "name", node) + "}"


@dataclass
class Writing:
    """A form while it is made up."""

    draw: object
    rows: list = field(default_factory=list)
    nodes: list = field(default_factory=list)
    repeats: dict = field(default_factory=dict)
    count: int = 0
    steady: list = field(default_factory=list)
    """Numbers that are always asked, read by dynamic defaults."""

    def name(self):
        self.count += 1
        return f"n{self.count}"

    def one_of(self, *values):
        return self.draw(st.sampled_from(values))

    def chance(self, of):
        return self.draw(st.integers(1, 100)) <= of

    # Expressions --------------------------------------------------------------------------------

    def readable(self, around, *kinds):
        return [
            node for node in self.nodes
            if (not kinds or node.kind in kinds) and node.around == around[: len(node.around)]
        ]  # fmt: skip

    def elsewhere(self, around, *kinds):
        return [
            node for node in self.nodes
            if node.kind in kinds and node.around != around[: len(node.around)]
            # A new answer in one instance: JavaRosa computes nothing anew in the others.
            and not set(node.around) & set(around)
        ]  # fmt: skip

    def number(self, around, depth=0):
        """An expression that is a number."""
        near = self.readable(around, "integer", "decimal", "number")
        far = self.elsewhere(around, "integer", "decimal", "number")
        several = self.readable(around, "select_multiple")
        ways = ["constant"]
        ways += (
            ["read"] * 4 * bool(near) + ["aggregate"] * 3 * bool(far) + ["count"] * bool(several)
        )
        ways += ["position"] * bool(around) + ["operation", "coalesce", "if"] * (depth < 2)
        way = self.one_of(*ways)
        if way == "constant":
            return str(self.draw(NUMBERS))
        if way == "read":
            return ref(self.one_of(*near))
        if way == "aggregate":
            node = self.one_of(*far)
            if len(node.around) == 1 and not around and self.chance(25):
                which = self.number(around, 2)
                return f"indexed-repeat({ref(node)}, {ref(node.around[0])}, {which})"
            function = self.one_of("sum", "max", "min", "count", "count-non-empty")
            if self._flat(node) and not around and self.chance(25):
                which = self.one_of(f"{node.name} > 1", "position() < 3")
                return f"{function}(/data/{node.around[0]}[{which}]/{node.name})"
            return f"{function}({ref(node)})"
        if way == "count":
            return f"count-selected({ref(self.one_of(*several))})"
        if way == "position":
            return f"position({ref(around[-1])})"
        if way == "coalesce":
            return f"coalesce({self.number(around, depth + 1)}, {self.draw(NUMBERS)})"
        if way == "if":
            asked = self.condition(around, depth + 1)
            then, other = (self.number(around, depth + 1) for _ in range(2))
            return f"if({asked}, {then}, {other})"
        sign = self.one_of("+", "+", "*", "div", "mod")
        # Never by zero (docs/conformance.md).
        other = self.number(around, depth + 1) if sign in "+*" else self.one_of("2", "3")
        return f"({self.number(around, depth + 1)} {sign} {other})"

    def _flat(self, node):
        return len(node.around) == 1 and node.path == f"/data/{node.around[0]}/{node.name}"

    def text(self, around, depth=0):
        """An expression that is a text."""
        near = self.readable(around)
        far = self.elsewhere(around, "text", "integer", "select_one")
        ways = ["constant"] + ["read"] * 4 * bool(near) + ["join"] * 2 * bool(far)
        ways += ["concat", "concat", "if"] * (depth < 2)
        way = self.one_of(*ways)
        if way == "constant":
            return self.one_of("'a'", "''", "'x y'")
        if way == "read":
            return f"string({ref(self.one_of(*near))})"
        if way == "join":
            return f"join('-', {ref(self.one_of(*far))})"
        if way == "if":
            asked = self.condition(around, depth + 1)
            then, other = (self.text(around, depth + 1) for _ in range(2))
            return f"if({asked}, {then}, {other})"
        return f"concat({self.text(around, depth + 1)}, '/', {self.number(around, depth + 1)})"

    def condition(self, around, depth=0):
        """An expression that is true or false."""
        near = self.readable(around)
        chosen = self.readable(around, "select_one", "select_multiple")
        ways = ["compare"] * 3 + ["empty"] * 2 * bool(near) + ["selected"] * 2 * bool(chosen)
        ways += ["and", "not"] * (depth < 2)
        way = self.one_of(*ways)
        if way == "empty":
            return f"{ref(self.one_of(*near))} {self.one_of('=', '!=')} ''"
        if way == "selected":
            return f"selected({ref(self.one_of(*chosen))}, '{self.one_of(*'abxy')}')"
        if way == "and":
            sign = self.one_of("and", "or")
            return (
                f"({self.condition(around, depth + 1)} {sign} {self.condition(around, depth + 1)})"
            )
        if way == "not":
            return f"not({self.condition(around, depth + 1)})"
        sign = self.one_of("=", "!=", "<", "<=", ">", ">=")
        return f"{self.number(around, depth + 1)} {sign} {self.number(around, depth + 1)}"

    # Rows ---------------------------------------------------------------------------------------

    def row(self, **cells):
        self.rows.append([cells.get(column, "") for column in HEAD])

    def body(self, around, path, depth, least, most):
        for _ in range(self.draw(st.integers(least, most))):
            ways = ["question"] * 6 + ["calculate"] * 3 + ["note"]
            ways += ["group", "repeat", "repeat"] * (depth < 3)
            way = self.one_of(*ways)
            if way == "group":
                name = self.name()
                self.row(type="begin group", name=name, label="G", relevant=self.maybe(around, 50))
                self.question(around, f"{path}/{name}")
                self.body(around, f"{path}/{name}", depth + 1, 1, 4)
                self.row(type="end group")
            elif way == "repeat":
                self.repeat(around, path, depth)
            elif way == "calculate":
                self.calculate(around, path)
            elif way == "note":
                name = self.name()
                self.row(type="note", name=name, label=f"Note {self.output(around)}",
                         relevant=self.maybe(around, 40))  # fmt: skip
            else:
                self.question(around, path)

    def repeat(self, around, path, depth):
        name = self.name()
        counts = self.readable(around, "integer")
        count = self.one_of("", "", "2", *map(ref, counts))
        self.row(type="begin repeat", name=name, label="R", repeat_count=count,
                 relevant=self.maybe(around, 30))  # fmt: skip
        self.repeats[name] = around
        self.question((*around, name), f"{path}/{name}")
        self.body((*around, name), f"{path}/{name}", depth + 1, 1, 4)
        self.row(type="end repeat")

    def maybe(self, around, chance):
        return self.condition(around) if self.chance(chance) else ""

    def output(self, around):
        near = self.readable(around)
        return ref(self.one_of(*near)) if near and self.chance(60) else "text"

    def calculate(self, around, path):
        name = self.name()
        kind = self.one_of("number", "number", "words", "truth")
        made = {"number": self.number, "words": self.text, "truth": self.condition}[kind](around)
        self.row(type="calculate", name=name, calculation=made, relevant=self.maybe(around, 20))
        self.nodes.append(Node(name, kind, around, f"{path}/{name}", by_person=False))

    def question(self, around, path):
        name = self.name()
        kind = self.one_of("integer", "integer", "integer", "decimal", "text", "select_one",
                           "select_one", "select_multiple")  # fmt: skip
        cells = {"type": kind, "label": f"Q {self.output(around)}"}
        if kind.startswith("select"):
            listed = self.one_of("l", "l", "k")
            cells["type"] = f"{kind} {listed}"
            numbers = self.readable(around, "integer")
            kinds = self.readable(around, "select_one")
            if listed == "l" and numbers and self.chance(35):
                sign = self.one_of("=", "<", ">=")
                cells["choice_filter"] = f"size {sign} {ref(self.one_of(*numbers))}"
            elif listed == "l" and kinds and self.chance(35):
                cells["choice_filter"] = f"kind = {ref(self.one_of(*kinds))}"
        if self.chance(40):
            cells["relevant"] = self.condition(around)
        if self.chance(25):
            cells["constraint"] = self.one_of(*{
                "integer": (". > 1", f". < {self.number(around, 1)}", ". != 3"),
                "decimal": (". > 1", f". <= {self.number(around, 1)}"),
                "text": ("string-length(.) < 3", "regex(., '[a-z ]+')"),
                "select_one": (". != 'a'", "selected('b x', .)"),
                "select_multiple": ("count-selected(.) < 3", "not(selected(., 'a')) or . = 'a'"),
            }[kind])  # fmt: skip
            cells["constraint_message"] = f"No: {self.output(around)}"
        if self.chance(12):
            cells["required"] = self.one_of("yes", self.condition(around))
        if self.chance(12) and "choice_filter" not in cells:
            cells["readonly"] = self.one_of("yes", self.condition(around))
        extra = self.draw(st.integers(1, 100))
        triggers = [one for one in self.readable(around) if one.by_person and one.place == path]
        if extra <= 12:
            cells["default"] = {"integer": "2", "decimal": "1.5", "text": "old", "select_one": "b",
                                "select_multiple": "a b"}[kind]  # fmt: skip
            if kind.startswith("select") and cells["type"].endswith("k"):
                cells["default"] = "x"
        elif extra <= 20 and kind == "integer":
            # Nothing that may not be relevant: JavaRosa does not know yet (docs/conformance.md).
            cells["default"] = f"{self.one_of('1', *self.steady)} + 1"
        elif extra <= 30 and kind == "integer" and triggers:
            cells["trigger"] = ref(self.one_of(*triggers))
            cells["calculation"] = self.number(around, 1)
        elif extra <= 36 and kind in ("integer", "text") and not around:
            # Like no other: JavaRosa computes what is alike together (docs/conformance.md).
            own = f"{self.number(around, 1)} + {self.count}"
            cells["calculation"] = own if kind == "integer" else f"concat({own}, 'x')"
        if kind == "integer" and path == "/data" and "relevant" not in cells:
            self.steady.append(ref(name))
        self.row(name=name, **cells)
        self.nodes.append(Node(name, kind, around, f"{path}/{name}"))

    def table(self):
        lines = ["| survey |", f"| | {' | '.join(HEAD)} |"]
        lines += [f"| | {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines) + CHOICES

    # Answers ------------------------------------------------------------------------------------

    def value(self, kind):
        if self.chance(12):
            return None
        if kind == "integer":
            return self.draw(NUMBERS)
        if kind == "decimal":
            return self.one_of(0.5, 1.25, 2, 7)
        if kind == "text":
            return self.draw(TEXTS)
        if kind == "select_one":
            return self.one_of(*"abcdxy")
        return self.one_of("a", "b", "a b", "c a", "x", "x y", "b c d", "a q")

    def lists(self, kind, depth):
        if depth == 0:
            return self.value(kind)
        return [self.lists(kind, depth - 1) for _ in range(self.draw(st.integers(0, 3)))]

    def answers(self):
        found = {}
        asked = [node for node in self.nodes if node.by_person]
        for node in asked:
            if self.chance(85):
                found[node.path] = self.lists(node.kind, len(node.around))
        corrections = []
        for _ in range(self.draw(st.integers(0, 3))):
            node = self.one_of(*asked)
            path = "/data"
            for step in node.path.split("/")[2:]:
                path += f"/{step}"
                if step in node.around:
                    path += f"[{self.one_of(1, 1, 2)}]"
            corrections.append([path, self.value(node.kind)])
        return {**found, "corrections": corrections}


@st.composite
def forms(draw):
    """A workbook as a Markdown table, and answers to it."""
    writing = Writing(draw)
    writing.question((), "/data")
    writing.body((), "/data", 0, 4, 9)
    return writing.table(), writing.answers()
