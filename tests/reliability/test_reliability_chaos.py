"""`make chaos`, shorter: killed and failed by Telegram, every answer is kept once, in order."""

import asyncio

import pytest

from tests.chaos.runs import Plan, run

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
