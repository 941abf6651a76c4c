"""Small forms made by hand and at random, and the plainest reading of what a form means."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from surveys.form.expression import Expression
from surveys.form.model import Beginning, Choice, Choices, Form, Group, Question, Text

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LANGUAGES = ("English (en)", "中文 (zh)")
VALUES = ("a", "b", "c", "none")


def expression(text, reads, evaluate):
    """An expression from a function of a scope that gives a bool or a str."""

    def as_text(scope):
        found = evaluate(scope)
        return {True: "true", False: "false"}.get(found, found)

    def as_number(scope):
        return number(as_text(scope))

    return Expression(
        text=text,
        reads=frozenset(reads),
        _text=as_text,
        _number=as_number,
        truth=lambda scope: bool(evaluate(scope)),
    )


def number(text):
    try:
        return float(text)
    except ValueError:
        return float("nan")


def always(answer=True):
    return expression(f"{answer}()".lower(), (), lambda scope: answer)


def label(words):
    return Text({LANGUAGES[0]: (words,), LANGUAGES[1]: (f"{words}？",)})


def choices(values=VALUES, shuffled=False, seed=None):
    return Choices(
        "list", tuple(Choice(one, label(f"choice {one}")) for one in values), shuffled, seed
    )


def form_of(*children, order=None):
    root = Group("/d", "d", None, None, tuple(children))

    def walk(group):
        for child in group.children:
            yield child.path
            if isinstance(child, Group):
                yield from walk(child)

    defaults = {one.path: one.default for one in questions_in(root) if one.default}
    return Form(
        "d", "1", "D", LANGUAGES, root, order or tuple(walk(root)), beginning=Beginning(defaults)
    )


def questions_in(group):
    for child in group.children:
        yield from questions_in(child) if isinstance(child, Group) else (child,)


def condition(question, negated):
    """Something that is true of some answers to this question."""
    path = question.path

    def holds(scope):
        value = scope.value(path)
        if question.type == "select_multiple":
            found = "b" in value.split()
        elif question.type in ("integer", "decimal", "calculate"):
            found = number(value) > 2
        elif question.type == "select_one":
            found = value == "a"
        else:
            found = value != ""
        return found != negated

    return expression(f"{'not ' * negated}{path}", {path}, holds)


def computed(question, path, kind):
    source = question.path
    if kind == "once":
        return expression("once(random())", {path}, lambda s: s.stored(path) or f"{s.random():.6f}")
    if kind == "random":
        return expression("random()", (), lambda s: f"{s.random():.6f}")
    if kind == "words":
        return expression("count", {source}, lambda s: str(len(s.value(source).split())))
    return expression(
        "plus", {source}, lambda s: f"{number(s.value(source)) + 1:g}".replace("nan", "NaN")
    )


def constraint(kind, path, earlier):
    def value(scope):
        return scope.value(path).split()

    if kind == "exclusive":
        return expression(kind, {path}, lambda s: not ("none" in value(s) and len(value(s)) > 1))
    if kind == "two":
        return expression(kind, {path}, lambda s: len(value(s)) <= 2)
    if kind == "not c":
        return expression(kind, {path}, lambda s: s.value(path) != "c")
    if kind == "range":
        return expression(kind, {path}, lambda s: 1 <= number(s.value(path)) <= 15)
    return expression(
        kind,
        {path, earlier.path},
        lambda s: not number(s.value(path)) > number(s.value(earlier.path)),
    )


CONSTRAINTS = {
    "select_one": ["not c"],
    "select_multiple": ["exclusive", "two"],
    "integer": ["range", "no more than"],
    "decimal": ["range", "no more than"],
}
DEFAULTS = {"select_one": "b", "select_multiple": "a b", "integer": "2", "text": "so"}
TYPES = [
    "select_one", "select_one", "select_multiple", "select_multiple", "integer", "integer",
    "decimal", "text", "date", "note", "calculate", "calculate", "calculate",
]  # fmt: skip


@st.composite
def questions(draw, earlier, path, steady):
    kind = draw(st.sampled_from(TYPES if earlier else TYPES[:-3]))
    before = [one for one in earlier if one.type != "note"]
    # The latest twice: chains, where one thing follows from another, are what goes wrong.
    some = st.sampled_from([*before[-2:], *before[-1:], *before]) if before else None

    def maybe(chance):
        return some is not None and draw(st.integers(0, 99)) < chance

    given = {}
    if maybe(60):
        given["relevant"] = condition(draw(some), draw(st.booleans()))
    if kind == "calculate":
        if some is None:
            kind = "note"
        else:
            ways = ["words", "plus", "once"] if steady else ["words", "plus", "once", "random"]
            given["calculation"] = computed(draw(some), path, draw(st.sampled_from(ways)))
    if kind in CONSTRAINTS and draw(st.booleans()):
        rule = draw(st.sampled_from(CONSTRAINTS[kind]))
        numbers = [one for one in before if one.type in ("integer", "decimal")]
        rule = "no more than" if "integer" in kind and numbers else rule
        if rule != "no more than" or numbers:
            given["constraint"] = constraint(rule, path, draw(st.sampled_from(numbers or [None])))
            given["constraint_message"] = label("no")
    if draw(st.booleans()):
        given["required"] = condition(draw(some), False) if maybe(30) else always()
    if kind in DEFAULTS and draw(st.integers(0, 5)) == 0:
        given["default"] = DEFAULTS[kind]
    if maybe(5):
        given["read_only"] = condition(draw(some), False)
    if kind.startswith("select"):
        given["choices"] = choices(shuffled=draw(st.booleans()))
    return Question(path=path, name=path, type=kind, label=label(path), **given)


@st.composite
def forms(draw, steady=False):
    """Forms of up to eight nodes, some in a group; `steady`: nothing changes by itself."""
    made, children, group = [], [], None
    size = draw(st.integers(1, 8))
    start = draw(st.integers(0, size))
    end = draw(st.integers(start, size))
    before_group = []
    for place in range(size):
        inside = start <= place < end
        path = f"/d/g/q{place}" if inside else f"/d/q{place}"
        if place == start:
            before_group = [one for one in made if one.type != "note"]
        question = draw(questions(made, path, steady))
        made.append(question)
        if inside:
            group = [*(group or []), question]
        else:
            children.append(question)
    if group:
        gate = None
        if before_group and draw(st.booleans()):
            gate = condition(draw(st.sampled_from(before_group)), draw(st.booleans()))
        children.insert(start, Group("/d/g", "g", label("group"), gate, tuple(group)))
    return form_of(*children)


class Plain:
    """A form settled node by node, from the top, with no cleverness: what the engine is held to."""

    def __init__(self, form, interview, compute=True):
        self.now, self.here = NOW, ""
        self.answers = dict(interview.answers)
        self.shown = {}
        relevant = {form.root.path: True}
        for path in form.order:
            node = form.nodes[path]
            around = form.parents[path]
            self.here = path
            relevant[path] = all(relevant[group] for group in around) and (
                node.relevant is None or node.relevant.as_truth(self)
            )
            if not isinstance(node, Question) or not relevant[path]:
                continue
            if compute and node.calculation is not None and "random" not in node.calculation.text:
                found = node.calculation.as_text(self)
                self.answers[path] = "" if found == "NaN" else found
            self.shown[path] = self.answers.get(path, "")
        self.answers = {path: value for path, value in self.answers.items() if value}
        self.submission = {path: value for path, value in self.shown.items() if value}
        self.relevant = {path for path, found in relevant.items() if found}

    def value(self, path):
        return self.shown.get(path, "")

    def stored(self, path):
        return self.answers.get(path, "")

    def allows(self, question):
        self.here = question.path
        return question.constraint is None or question.constraint.as_truth(self)
