"""The split adds up whatever the numbers are, and Holm's test is that of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from surveys.estimation.decomposition import Side, _weakest, split
from surveys.estimation.estimates import Groups, product, ratio
from surveys.estimation.suppression import adding_up

homes = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 4), st.integers(0, 3)), min_size=2, max_size=15
)


def side(rows: list[tuple[int, int, int]], g: float) -> Side:
    m = len(rows)
    one, home = np.ones(m), np.arange(m)
    groups = Groups(np.zeros(m, np.int64), 1)
    y = np.array([float(score) for score, _, _ in rows])
    x = np.array([(online + offline) / online for _, online, offline in rows])
    online = ratio(groups, home, one, one, x, k=g)
    mean = ratio(groups, home, one, y, one)
    return Side(online, mean, product(online, mean), np.array([g]))


@settings(deadline=None)
@given(homes, homes, st.floats(0.1, 1), st.floats(0.1, 1))
def test_access_and_behaviour_are_the_whole_gap(
    village: list[tuple[int, int, int]], reference: list[tuple[int, int, int]], g: float, gr: float
) -> None:
    own, ref = side(village, g), side(reference, gr)
    found = split(own, ref)
    total = ref.use.value - own.use.value
    assert found.total.value == pytest.approx(total, abs=1e-9)
    assert found.access.value + found.behaviour.value == pytest.approx(total, abs=1e-9)
    for part in (found.total, found.access, found.behaviour):
        assert part.low[0] <= part.value[0] + 1e-9
        assert part.value[0] <= part.high[0] + 1e-9
    # Turned round, village for reference, every part changes its sign and nothing else.
    back = split(ref, own)
    assert back.access.value == pytest.approx(-found.access.value, abs=1e-9)
    assert back.access.low == pytest.approx(-found.access.high, abs=1e-6)
    assert back.behaviour.high == pytest.approx(-found.behaviour.low, abs=1e-6)
    shown = adding_up(found)
    assert shown.access.value + shown.behaviour.value == shown.total.value
    assert abs(shown.access.value - found.access.value)[0] <= 1 + 1e-9
    assert abs(shown.behaviour.value - found.behaviour.value)[0] <= 1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 0.2), min_size=4, max_size=4),
    st.integers(0, 4),
    st.booleans(),
)
def test_the_weakest_passes_holm_against_every_other(
    p_values: list[float], largest: int, unknown: bool
) -> None:
    d = np.zeros((5, 1))
    d[largest] = 1.0
    others = [k for k in range(5) if k != largest]
    if unknown:
        d[others[0]] = np.nan
    p = np.ones((5, 5, 1))
    p[largest, others, 0] = p_values
    expected = multipletests(p_values, alpha=0.05, method="holm")[0].all() and not unknown
    assert _weakest(d, p)[0] == (largest if expected else -1)
