"""The local Bot API server alone in a process, its people driven over HTTP.

    python -m bot.demo.server --port 8081 [--no-limits]

POST /control/VERB with a JSON object; every answer is one, too:

    person    {"person", "language_code"?, "name"?}
    send      {"person", "text"}                          -> {"message_id"}
    other     {"person", "what": "sticker"}               -> {"message_id"}
    file      {"person", "filename", "text", "caption"?}  -> {"message_id"}
    place     {"person", "latitude", "longitude"}         -> {"message_id"}
    tap       {"person", "message_id", "button"}          -> {"tap"}
    block, unblock, messages, next {"person", "timeout"?}
    fault     {"method", "what", "times"?, "retry_after"?, "chat_id"?}
    redeliver {"count"}       counts {}
    behind    {"addresses": ["127.0.0.1:8081"]}   replicas that share a webhook, in turn
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.demo.server import Telegram
from bot.demo.world import Person, SeenMessage

Verb = Callable[[Telegram, dict[str, Any]], Awaitable[dict[str, Any]]]


def control(telegram: Telegram) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of /control/{verb}."""

    async def handle(request: web.Request) -> web.Response:
        verb = VERBS.get(request.match_info["verb"])
        if verb is None:
            return web.json_response({"error": "no such verb"}, status=404)
        try:
            given = await request.json()
            return web.json_response(await verb(telegram, given))
        except TimeoutError:
            return web.json_response({"error": "nothing came in time"}, status=408)
        except (LookupError, ValueError, TypeError) as error:
            return web.json_response({"error": type(error).__name__}, status=400)

    return handle


def _person(telegram: Telegram, given: dict[str, Any]) -> Person:
    return telegram.person(
        int(given["person"]), given.get("language_code", ""), given.get("name", "")
    )


def _shown(message: SeenMessage) -> dict[str, Any]:
    return {
        "message_id": message.message_id, "from_bot": message.from_bot, "text": message.text,
        "buttons": message.buttons, "edits": message.edits,
    }  # fmt: skip


async def _make(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    person = _person(telegram, given)
    return {"person": person.id, "notices": person.notices, "menu": person.menu}


async def _send(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return {"message_id": await _person(telegram, given).send(str(given["text"]))}


async def _other(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return {"message_id": await _person(telegram, given).send_other(str(given["what"]))}


async def _file(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    content = str(given["text"]).encode()
    person = _person(telegram, given)
    return {
        "message_id": await person.send_file(
            str(given["filename"]), content, str(given.get("caption", ""))
        )
    }


async def _place(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    where = float(given["latitude"]), float(given["longitude"])
    return {"message_id": await _person(telegram, given).send_location(*where)}


async def _tap(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    person = _person(telegram, given)
    return {"tap": await person.tap(person.now(int(given["message_id"])), given["button"])}


async def _block(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    await _person(telegram, given).block()
    return {}


async def _unblock(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    await _person(telegram, given).unblock()
    return {}


async def _messages(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [_shown(one) for one in _person(telegram, given).messages]}


async def _next(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return _shown(await _person(telegram, given).next_message(float(given.get("timeout", 10))))


async def _fault(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    telegram.fault(
        str(given["method"]), given["what"], int(given.get("times", 1)),
        retry_after=given.get("retry_after"), chat_id=given.get("chat_id"),
    )  # fmt: skip
    return {}


async def _redeliver(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return {"count": telegram.redeliver(int(given["count"]))}


async def _behind(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    telegram.world.delivering.behind = tuple(str(one) for one in given["addresses"])
    return {}


async def _counts(telegram: Telegram, given: dict[str, Any]) -> dict[str, Any]:
    return {"counts": telegram.counts, "refusals": telegram.refusals,
            "waiting": len(telegram.world.updates)}  # fmt: skip


VERBS: dict[str, Verb] = {
    "person": _make, "send": _send, "other": _other, "file": _file, "place": _place, "tap": _tap,
    "block": _block, "unblock": _unblock, "messages": _messages, "next": _next, "fault": _fault,
    "redeliver": _redeliver, "counts": _counts, "behind": _behind,
}  # fmt: skip


async def _serve(port: int, limits: bool) -> None:
    telegram = Telegram(limits=limits)
    telegram.extra_routes.append(("/control/{verb}", control(telegram)))
    await telegram.start(port)
    print(json.dumps({"url": telegram.url, "token": telegram.token}), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await telegram.stop()


def main() -> None:
    """Serve until interrupted; the first line printed is {"url", "token"}."""
    parser = argparse.ArgumentParser(prog="python -m bot.demo.server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-limits", action="store_true")
    chosen = parser.parse_args()
    try:
        asyncio.run(_serve(chosen.port, not chosen.no_limits))
    except KeyboardInterrupt:
        return
