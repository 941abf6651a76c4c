"""Every node after what it reads, or the circle by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.form.order import CircleError, in_order

NAMES = "abcdefgh"
graphs = st.dictionaries(
    st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES), max_size=3), min_size=len(NAMES)
)


def ends(reads, path, seen=()) -> bool:
    """Whether following what is read comes to an end, tried out."""
    return path not in seen and all(ends(reads, one, (*seen, path)) for one in reads[path])


@given(graphs)
def test_the_order_or_a_circle(reads):
    try:
        ordered = in_order(reads)
    except CircleError as found:
        ordered, way = None, found.paths
    if all(ends(reads, path) for path in reads):
        assert ordered is not None
        assert sorted(ordered) == sorted(reads)
        for place, path in enumerate(ordered):
            assert reads[path] <= set(ordered[:place])
    else:
        assert ordered is None
        assert all(two in reads[one] for one, two in zip(way, (*way[1:], way[0]), strict=True))


def test_a_circle_is_named():
    with pytest.raises(CircleError, match=r"^b → c$"):
        in_order({"a": {"b"}, "b": {"c"}, "c": {"b"}})


@given(st.permutations(NAMES))
def test_what_reads_nothing_stays_as_it_was(names):
    assert in_order(dict.fromkeys(names, ())) == tuple(names)
