"""A Bot API server on this machine: real HTTP, as strict as Telegram, with people to play.

    async with Telegram() as telegram:
        alice = telegram.person(1, "zh-hans", "Alice")
        … the bot runs against telegram.url with telegram.token …
        await alice.send("/start V1")
        message = await alice.next_message()
        await alice.tap(message, 0)

`python -m bot.demo.server --port N` runs it alone; its people are then driven over HTTP
(bot.demo.control).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import BodyPartReader, web

from bot.demo.methods import METHODS, Files
from bot.demo.shelf import SeenFile
from bot.demo.strict import Refusal
from bot.demo.world import Person, SeenMessage, World

__all__ = ["Person", "SeenFile", "SeenMessage", "Telegram"]

TOKEN = "777000:Local-Bot-API-server-of-usegap_0000000"  # noqa: S105 - opens nothing but this server
USERNAME = "usegap_demo_bot"
LARGEST = 64 * 1024 * 1024
LISTS = ("allowed_updates", "message_ids")
"""Parameters that come as JSON text where a call is a form."""
Kind = Literal["timeout", "cut", "cut_after"]


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the next calls of a method."""

    what: int | Kind
    """An HTTP status; "timeout": no answer ever; "cut": the connection breaks before the call is
    carried out; "cut_after": after it."""
    left: int
    retry_after: int | None = None
    chat_id: int | None = None
    """Only for calls to this chat."""


class Telegram:
    """The server, and the people who use it."""

    def __init__(
        self, *, token: str = TOKEN, username: str = USERNAME, limits: bool = True,
        latency: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        """`limits=False` lets a bot send as fast as it can; `latency` gives seconds a call."""
        self.token = token
        self.world = World(username, int(token.partition(":")[0]))
        self.world.floods.on = limits
        self.latency = latency
        self.counts: Counter[str] = Counter()
        """Calls carried out, by method."""
        self.refusals: list[tuple[str, str]] = []
        """(method, sentence) of the calls that were refused, the oldest first."""
        self.extra_routes: list[tuple[str, Callable[[web.Request], Awaitable[web.Response]]]] = []
        """What is served by POST beside the Bot API, set before `start`."""
        self.url = ""
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.world.delivering.lost = lambda: self._fault_of("webhook", {}) is not None
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1; gives the base address (a free port for 0)."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        for path, handler in self.extra_routes:
            app.router.add_post(path, handler)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Close every connection."""
        await self.world.delivering.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    # For tests, the demo and simulations ------------------------------------------------------

    def person(self, id: int, language_code: str = "", name: str = "") -> Person:
        """The person with this id, made when first asked for."""
        if id not in self.world.people:
            self.world.people[id] = Person(self.world, id, language_code, name)
        return self.world.people[id]

    def fault(
        self, method: str, what: int | Kind, times: int = 1, *, retry_after: int | None = None,
        chat_id: int | None = None,
    ) -> None:  # fmt: skip
        """Let the next `times` calls of a method, or of "download" of a file, go wrong.

        Of "webhook", what the bot answers to the next updates gets lost on its way, whatever
        `what` is: Telegram sends them again.
        """
        self._faults[method.lower()].append(Fault(what, times, retry_after, chat_id))

    def redeliver(self, count: int) -> int:
        """Deliver the newest `count` confirmed updates once more; how many there were."""
        return self.world.updates.redeliver(count)

    # HTTP -------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        name = method.lower()
        try:
            self._authorise(request.match_info["token"])
            call = METHODS.get(name)
            if call is None:
                raise Refusal("Not Found: method not found", 404)
            given, files = await _parameters(request)
            if self.latency is not None:
                await asyncio.sleep(self.latency())
            fault = self._fault_of(name, given)
            if fault is not None and fault.what != "cut_after":
                return await self._go_wrong(request, fault)
            result = await call(self.world, given, files)
            self.counts[method] += 1
            if fault is not None:
                return _cut(request)
        except Refusal as refusal:
            self.refusals.append((method, refusal.sentence))
            return _refused(refusal)
        return _json({"ok": True, "result": result}, 200)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            self._authorise(request.match_info["token"])
        except Refusal as refusal:
            return _refused(refusal)
        fault = self._fault_of("download", {})
        if fault is not None:
            try:
                return await self._go_wrong(request, fault)
            except Refusal as refusal:
                return _refused(refusal)
        file = self.world.files.at(request.match_info["path"])
        if file is None:
            return _refused(Refusal("Not Found", 404))
        self.counts["download"] += 1
        return web.Response(body=file.content, content_type="application/octet-stream")

    def _authorise(self, token: str) -> None:
        if token == self.token:
            return
        if re.fullmatch(r"\d{3,}:[\w-]{30,}", token):
            raise Refusal("Unauthorized", 401)
        raise Refusal("Not Found", 404)

    def _fault_of(self, name: str, given: dict[str, Any]) -> Fault | None:
        for fault in self._faults[name]:
            if fault.chat_id is None or str(fault.chat_id) == str(given.get("chat_id")):
                fault.left -= 1
                if fault.left <= 0:
                    self._faults[name].remove(fault)
                return fault
        return None

    async def _go_wrong(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.what == "timeout":
            await asyncio.sleep(3600)
        if isinstance(fault.what, str):
            return _cut(request)
        if fault.what == 429:
            seconds = fault.retry_after or 1
            sentence = f"Too Many Requests: retry after {seconds}"
            raise Refusal(sentence, 429, retry_after=seconds)
        if fault.what == 409:
            raise Refusal("Conflict: terminated by other getUpdates request", 409)
        if fault.what >= 500:
            # What stands before Telegram's servers answers in HTML, and repeats the address.
            return web.Response(
                status=fault.what, text=f"<h1>Bad gateway</h1> {request.path}",
                content_type="text/html",
            )  # fmt: skip
        raise Refusal("Bad Request: fault", fault.what)


async def _parameters(request: web.Request) -> tuple[dict[str, Any], Files]:
    """What a call carries: in its address, as JSON, or as a form with files."""
    given: dict[str, Any] = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise Refusal("Bad Request: can't parse JSON object", 400) from None
        if not isinstance(body, dict):
            raise Refusal("Bad Request: object expected", 400)
        given |= body
    elif request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            if part.filename is not None:
                files[part.name] = part.filename, bytes(await part.read(decode=True))
            else:
                given[part.name] = await part.text()
    elif request.can_read_body:
        given.update((await request.post()).items())
    for name in LISTS:
        if isinstance(given.get(name), str):
            try:
                given[name] = json.loads(given[name])
            except ValueError:
                raise Refusal(f"Bad Request: can't parse {name} JSON object", 400) from None
    return given, files


def _json(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json"
    )


def _refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {
        "ok": False, "error_code": refusal.code, "description": refusal.sentence
    }  # fmt: skip
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return _json(body, refusal.code)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


if __name__ == "__main__":
    from bot.demo.control import main

    main()
