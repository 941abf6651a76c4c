"""A profile that is made in a process of its own, which is killed."""

import asyncio
import os
import signal

from surveys.store.schema import Job
from tests.administrators.conftest import office, parcel
from tests.heavy import at_work as heavily_at_work
from tests.respondent.phones import PATIENCE, at_work


async def test_a_profile_whose_process_is_killed_is_made_by_another(
    field_url, tmp_path, monkeypatch
):
    monkeypatch.setattr("bot.jobs.apart.ELSEWHERE", True)
    async with at_work(tmp_path, field_url) as survey:
        wei = await office(survey, 501)
        await wei.send("/profile LP01")
        async with asyncio.timeout(PATIENCE):
            while not (found := heavily_at_work()):
                await asyncio.sleep(0.01)
            os.kill(min(found), signal.SIGKILL)
            while not any(row.tries == 1 and row.error == "Died" for row in survey.rows(Job)):
                await asyncio.sleep(0.02)
        text, *_ = await parcel(wei)
        assert "Liuping" in text.text
        assert len([one for one in wei.messages if one.file]) == 2
    assert heavily_at_work() == {}
