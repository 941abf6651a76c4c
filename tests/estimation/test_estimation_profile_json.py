"""Profiles as they are stored: written, read, and refused."""

import json

import pytest
from profile_samples import whole

from surveys.estimation.profile import from_json, to_json


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
