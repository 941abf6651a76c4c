"""`make chaos`, shorter: killed and failed by Telegram, every answer is kept once, in order."""

import asyncio
import random

import pytest

from bot.demo.server import Telegram
from tests.chaos.outages import AT_START, LASTS, trouble
from tests.chaos.runs import Plan, run
from tests.own_time import in_own_time

PLANS = (
    Plan("sqlite", False, 1, residents=12, each=12, kills=4),
    Plan("postgresql", True, 3, residents=12, each=12, kills=4),
    Plan("postgresql", True, 2, residents=8, each=8, outage="database", seconds=4),
    Plan("sqlite", False, 1, residents=8, each=8, outage="disk", seconds=3),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_nothing_is_lost_and_nothing_doubled(plan, request):
    if plan.database == "postgresql":
        request.getfixturevalue("_postgres_server")
    verdict = asyncio.run(run(plan))
    assert verdict.wrong == []
    assert verdict.answers >= plan.residents * plan.each
    assert verdict.kills == plan.kills
    if plan.faults:
        assert verdict.faults
        assert verdict.redelivered
    # A reply is said twice at most once a kill, and once an answer of Telegram's that was lost.
    assert verdict.most - 1 <= plan.kills + verdict.unheard + 1


@in_own_time
async def test_trouble_that_nobody_met_does_not_wait_for_whoever_comes_next():
    """Who comes again every ten seconds would else meet one each time."""
    seen, there = {}, []
    async with Telegram() as telegram:
        going = asyncio.create_task(trouble(telegram, random.Random(1), seen))
        for _ in range(200):
            await asyncio.sleep(10 * LASTS)
            there.append(bool(telegram._faults["sendmessage"]))
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert 0 < sum(there) < 100
        left = [one.left for faults in telegram._faults.values() for one in faults]
        # Those that were not met are not counted, those of a start wait for it.
        assert seen["faults"] == sum(left)
        assert all(telegram._faults[name.lower()] for name in AT_START)
