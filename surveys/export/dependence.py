"""Which columns would give away what was coarsened: what is computed from it, or asked by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from surveys.form.expression import Expression
from surveys.form.model import Form, Question

MOST_TRIED = 20_000
"""A condition that more than so many answers would have to be tried with counts as telling."""


def computed_from(forms: Iterable[Form], paths: Collection[str]) -> set[str]:
    """The computed nodes of any version that read these nodes, directly or through others."""
    found: set[str] = set()
    for form in forms:
        for path in form.order:
            node = form.nodes[path]
            if not isinstance(node, Question) or node.calculation is None:
                continue
            if not (found | set(paths)).isdisjoint(node.calculation.reads):
                found.add(path)
    return found


_Key = tuple[str, frozenset[str]]


def _key(one: Expression) -> _Key:
    """The same text may read other nodes in another group."""
    return one.text, one.reads


class Conditions:
    """The conditions under which questions are asked that read what was coarsened.

    Whether somebody was asked tells nothing if the condition comes out alike whatever that is.
    """

    def __init__(self, forms: Iterable[Form], risky: Collection[str]) -> None:
        """`risky`: the nodes that were coarsened, and what is computed from them."""
        self._risky = frozenset(risky)
        self._asking: defaultdict[str, list[Expression]] = defaultdict(list)
        """Path of a question -> its conditions, those of the groups around it included."""
        self._seen: dict[
            _Key, tuple[Expression, str, set[tuple[str, ...]], set[tuple[str, ...]]]
        ] = {}
        for form in forms:
            for question in form.questions:
                around = [form.nodes[path].relevant for path in form.parents[question.path]]
                for one in (*around, question.relevant):
                    if one is not None and not self._risky.isdisjoint(one.reads):
                        self._asking[question.path].append(one)
                        self._seen.setdefault(_key(one), (one, question.path, set(), set()))

    def see(self, submission: Mapping[str, str]) -> None:
        """Look at a submission's answers."""
        for one, _, risky, others in self._seen.values():
            if len(risky) * len(others) <= MOST_TRIED:
                risky.add(tuple(submission.get(path, "") for path in self._of(one, risky=True)))
                others.add(tuple(submission.get(path, "") for path in self._of(one, risky=False)))

    def telling(self) -> set[str]:
        """The paths of the questions of which having been asked would tell."""
        found = {
            key
            for key, (one, here, risky, others) in self._seen.items()
            if self._tells(one, here, risky, others)
        }
        return {
            path
            for path, asking in self._asking.items()
            if any(_key(one) in found for one in asking)
        }

    def _of(self, one: Expression, *, risky: bool) -> Sequence[str]:
        return sorted(path for path in one.reads if (path in self._risky) == risky)

    def _tells(
        self,
        one: Expression,
        here: str,
        risky: Collection[tuple[str, ...]],
        others: Collection[tuple[str, ...]],
    ) -> bool:
        if len(risky) * len(others) > MOST_TRIED:
            return True
        names = (self._of(one, risky=True), self._of(one, risky=False))
        for other in others:
            outcomes = {
                one.as_truth(
                    _Answers(
                        here,
                        dict(zip((*names[0], *names[1]), (*combined, *other), strict=True)),
                    )
                )
                for combined in risky
            }
            if len(outcomes) > 1:
                return True
        return False


class _Answers:
    """What an expression may see: answers alone, at no time in particular."""

    now = datetime(2000, 1, 1, tzinfo=UTC)

    def __init__(self, here: str, answers: Mapping[str, str]) -> None:
        self.here = here
        self._answers = answers

    def value(self, path: str) -> str:
        return self._answers.get(path, "")

    stored = value

    def random(self) -> float:
        return 0.5

    def uuid(self) -> str:
        return ""

    def choice_label(self, path: str, value: str) -> str:
        return value
