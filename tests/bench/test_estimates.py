"""What `make bench-estimates` measures is what it says: the same numbers, whole profiles."""

import json

import numpy as np
import pytest

from tests.bench.estimates import ABOUT, best, floor, ours, part
from tests.bench.estimates_people import arrays


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_floor_and_ours_are_the_same_numbers(missing):
    one = arrays(600, 10, missing, 4)
    for mine, theirs in zip(ours(one), floor(one), strict=True):
        assert np.isfinite(mine).all()
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    village = one.of_home[one.home] == 3
    y, w = one.y[2][village], one.w[village]
    known = np.isfinite(y)
    assert ours(one)[0][2, 3] == pytest.approx(np.average(y[known], weights=w[known]))


def test_every_part_can_be_measured(tmp_path):
    part("wave", 600, 10, 0, tmp_path)
    table = part("table", 600, 10, 0, tmp_path)
    assert set(table) == {"seconds", "cpu", "mib", "read"}
    assert part("village", 600, 10, 0, tmp_path)["seconds"] > 0
    assert json.dumps(part("ours", 600, 10, 0.1, tmp_path))
    assert set(ABOUT) >= {"wave", "form_id", "computed_at"}
    assert best(lambda: None, 3)["seconds"] >= 0
