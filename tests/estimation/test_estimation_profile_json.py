"""Profiles as they are stored: written, read, and refused."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace

import pytest
from profile_samples import whole

from surveys.estimation.profile import (
    NONE,
    Figure,
    Place,
    VillageProfile,
    Within,
    from_json,
    to_json,
)


def test_json_and_back() -> None:
    for profile in whole().values():
        assert from_json(json.loads(json.dumps(to_json(profile)))) == profile
    document = to_json(whole()["v1"])
    for broken, where in (
        ({**document, "extra": 1}, "profile: fields missing or unknown: extra"),
        ({k: v for k, v in document.items() if k != "gap"}, "unknown: gap"),
        ({**document, "persons": "12"}, "profile.persons"),
        ({**document, "persons": True}, "profile.persons"),
        ({**document, "online": {**document["online"], "value": True}}, "profile.online.value"),
        ({**document, "level": "huge"}, "profile.level"),
        ({**document, "area": "County"}, "profile.area"),
        ({**document, "by_mode": [1]}, "profile.by_mode"),
        ({**document, "online": 4}, "profile.online"),
        ({**document, "indices": [{}]}, r"profile.indices\[0\]"),
    ):
        with pytest.raises(ValueError, match=where):
            from_json(broken)
    whole_number = {**document["online"], "value": 57}
    assert from_json({**document, "online": whole_number}).online.value == 57.0


def test_what_an_earlier_version_wrote_is_read() -> None:
    """Fields that were added later have a default; whatever else is missing or new is refused."""
    for profile in whole().values():
        document = to_json(profile)
        for one in fields(VillageProfile):
            less = {key: value for key, value in document.items() if key != one.name}
            if one.default is MISSING:
                with pytest.raises(ValueError, match=f"missing or unknown: {one.name}"):
                    from_json(less)
            else:
                assert from_json(less) == replace(profile, **{one.name: one.default})
    document = to_json(whole()["v1"])
    added = {one.name for one in fields(VillageProfile) if one.default is not MISSING}
    assert {"kind", "followup", "band", "breakdowns", "within", "waiting"} <= added
    first = from_json({key: value for key, value in document.items() if key not in added})
    assert (first.kind, first.complementary, first.margins, first.within) == (
        "village", False, (), None,
    )  # fmt: skip
    # The parts of a gap and of a link were fewer, too.
    gap = {key: document["gap"][key] for key in ("total", "access", "behaviour")}
    links = [{k: v for k, v in link.items() if k != "base"} for link in document["chain"]]
    figure = {"value": 41.0}
    old = from_json({**document, "gap": gap, "chain": links, "online": figure})
    assert old.gap is not None
    assert old.gap.rate == NONE
    assert {one.base for one in old.chain} == {""}
    assert old.online == Figure(41.0)


ANY = (("label",), ("sources",), ("by_mode",), ("flags",))
"""Labels by language, counts by name: these may have any name."""


def test_what_is_unknown_is_refused_wherever_it_stands() -> None:
    within = Within((Place("a", "A", 12, NONE, NONE, "same", (1, 3)),), None, 0, ())
    document = to_json(replace(whole()["v1"], within=within))

    def everywhere(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
        if isinstance(value, dict) and path[-1:] not in ANY:
            yield path
        for key, one in value.items() if isinstance(value, dict) else ():
            yield from everywhere(one, (*path, key))
        for key, one in enumerate(value) if isinstance(value, list) else ():
            yield from everywhere(one, (*path, key))

    places = list(everywhere(document))
    assert {path[0] for path in places if path} >= {"online", "gap", "chain", "within", "shares"}
    for path in places:
        broken = json.loads(json.dumps(document))
        inner = broken
        for key in path:
            inner = inner[key]
        inner["from tomorrow"] = 1
        with pytest.raises(ValueError, match="unknown: from tomorrow"):
            from_json(broken)
    assert from_json(document).within == within
