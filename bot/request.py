"""Telegram over aiohttp: python-telegram-bot's calls and errors, at a fraction of httpx's price.

The token stands in every address that is called. No text made here repeats an address, and what a
server answers is searched for the token before anyone may log it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    FormData,
    TCPConnector,
)  # fmt: skip
from telegram import Bot
from telegram.error import (
    BadRequest,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)  # fmt: skip
from telegram.request import BaseRequest, RequestData
from yarl import URL

# The library's way to ask for `retry_after` as a timedelta: without it each 429 warns on stderr.
os.environ.setdefault("PTB_TIMEDELTA", "1")

# Below a warning the library logs addresses with the token, and whole messages.
logging.getLogger("telegram").setLevel(logging.WARNING)

CONNECT = 10.0
"""Seconds to reach the server."""
READ = 20.0
"""Seconds until an answer is there, unless the caller knows better (long polling)."""
UPLOAD = 120.0
"""Seconds for a call that carries a file: village networks are slow."""
CONNECTIONS = 64
DOWNLOAD = 120.0
"""Seconds for a file that somebody sent."""
HIDDEN = "<token>"
JSON_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "usegap"}
FORM_HEADERS: Final = {"User-Agent": "usegap"}


class FileTooLarge(Exception):  # noqa: N818
    """A file that Telegram does not give to bots (over 20 MB), or that is over our own limit."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a call."""

    field: str
    """The parameter that carries it: "document", "photo"."""
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of one call as they are, where `RequestData` would take each apart."""

    payload: Mapping[str, Any]
    attached: Attached | None = None


class AiohttpRequest(BaseRequest):
    """The transport that python-telegram-bot uses in place of its own."""

    def __init__(self, token: str, *, connections: int = CONNECTIONS) -> None:
        self._token = token.encode()
        self._connections = connections
        self._session: ClientSession | None = None
        self._urls: dict[str, tuple[URL, str | None]] = {}
        self._timeouts: dict[tuple[float | None, float | None], ClientTimeout] = {}

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take by default."""
        return READ

    async def initialize(self) -> None:
        """Open the session; nothing is connected yet."""
        if self._session is None or self._session.closed:
            self._session = ClientSession(
                connector=TCPConnector(limit=self._connections, ttl_dns_cache=300),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What the server answered; raises `TelegramError` where it is no JSON object.

        Unlike the method that it replaces, it logs nothing: what was answered may be about people.
        """
        try:
            parsed = json.loads(payload)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise TelegramError("Invalid server response")
        return parsed

    async def do_request(  # noqa: PLR0917 - the base class says which
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one HTTP request; gives status and body.

        Raises `TimedOut` or `NetworkError`, whose texts name the kind of error and no address.
        """
        if self._session is None or self._session.closed:
            raise RuntimeError("the request is not initialized")
        body, headers, upload = _body(request_data)
        failure: TelegramError
        try:
            address, proxy = self._address(url)
            async with self._session.request(
                method,
                address,
                data=body,
                headers=headers,
                timeout=self._timeout(
                    _or(read_timeout, UPLOAD if upload else READ), _or(connect_timeout, CONNECT)
                ),
                proxy=proxy,
                allow_redirects=False,
            ) as response:
                answer = await response.read()
                return response.status, self._without_token(answer, response.status)
        except TimeoutError:
            failure = TimedOut()
        except (ClientError, OSError, ValueError) as error:
            # A ValueError: the address of the server cannot be read.
            failure = NetworkError(type(error).__name__)
        # Outside of the handlers, so that the original with its address is not its context.
        raise failure

    def _address(self, url: str) -> tuple[URL, str | None]:
        known = self._urls.get(url)
        if known is None:
            known = URL(url), _proxy_for(url)
            if len(self._urls) < 200:
                self._urls[url] = known
        return known

    def _timeout(self, read: float | None, connect: float | None) -> ClientTimeout:
        known = self._timeouts.get((read, connect))
        if known is None:
            known = ClientTimeout(total=read, sock_connect=connect)
            if len(self._timeouts) < 50:
                self._timeouts[read, connect] = known
        return known

    def _without_token(self, answer: bytes, status: int) -> bytes:
        # An error page may repeat the address that was asked for, and errors are logged.
        if status >= 300 and self._token in answer:
            return answer.replace(self._token, HIDDEN.encode())
        return answer

    def __repr__(self) -> str:
        return "AiohttpRequest()"


class TelegramBot(Bot):
    """python-telegram-bot's `Bot` on our transport, with a shorter way for calls made often."""

    def __init__(self, token: str, api: str) -> None:
        """`api` is the base address of a Bot API server, as "https://api.telegram.org"."""
        self._short = AiohttpRequest(token)
        self._long = AiohttpRequest(token, connections=2)
        base = api.rstrip("/")
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._short,
            get_updates_request=self._long,
        )

    async def connect(self) -> None:
        """Get ready for calls, without asking Telegram anything (`initialize` asks getMe)."""
        await asyncio.gather(self._short.initialize(), self._long.initialize())

    async def disconnect(self) -> None:
        """Close every connection."""
        await asyncio.gather(self._short.shutdown(), self._long.shutdown())

    async def call(
        self,
        method: str,
        payload: Mapping[str, Any],
        *,
        attached: Attached | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Make one Bot API call with its parameters as JSON names them; gives its `result`.

        `timeout` in seconds. Raises what python-telegram-bot raises for each kind of refusal.
        """
        # `post` only hands it on to `do_request`, which knows a `Call`.
        parameters = cast(RequestData, Call(payload, attached))
        request = self._long if method == "getUpdates" else self._short
        address = f"{self.base_url}/{method}"
        if timeout is None:
            return await request.post(address, parameters)
        return await request.post(address, parameters, read_timeout=timeout)

    async def download(self, file_id: str, most: int) -> bytes:
        """A file that somebody sent, of at most `most` bytes.

        Raises `FileTooLarge`, `BadRequest` for a file that is not there, and what `call` raises.
        """
        try:
            lent = await self.call("getFile", {"file_id": file_id})
        except BadRequest as error:
            if "too big" in error.message.lower():
                raise FileTooLarge from None
            raise
        if lent.get("file_size", 0) > most:
            raise FileTooLarge
        address = f"{self.base_file_url}/{lent['file_path']}"
        try:
            return await self._short.retrieve(address, read_timeout=DOWNLOAD)
        except InvalidToken:
            # What the library makes of a 404: the path was good for an hour, and that is over.
            raise NetworkError("the file is not there any more") from None

    def __repr__(self) -> str:
        # The original shows the token.
        return "TelegramBot()"


def _body(
    request_data: RequestData | Call | None,
) -> tuple[bytes | FormData | None, Mapping[str, str], bool]:
    """The body of a request, its headers, and whether it uploads a file."""
    if request_data is None:
        return None, FORM_HEADERS, False
    if isinstance(request_data, Call):
        attached = request_data.attached
        if attached is None:
            return json.dumps(request_data.payload).encode(), JSON_HEADERS, False
        form = FormData(_strings(request_data.payload), quote_fields=False)
        form.add_field(
            attached.field, attached.content, filename=attached.filename,
            content_type="application/octet-stream",
        )  # fmt: skip
        return form, FORM_HEADERS, True
    if not request_data.contains_files:
        return json.dumps(request_data.parameters).encode(), JSON_HEADERS, False
    form = FormData(request_data.json_parameters, quote_fields=False)
    for field, (filename, content, content_type) in request_data.multipart_data.items():
        form.add_field(field, content, filename=filename, content_type=content_type)
    return form, FORM_HEADERS, True


def _strings(payload: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as a form carries them: what is not text as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in payload.items()
    }


def _or(given: object, otherwise: float) -> float | None:
    if given is BaseRequest.DEFAULT_NONE:
        return otherwise
    return float(given) if isinstance(given, int | float) else None


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address (HTTPS_PROXY, NO_PROXY), if any.

    Asked once an address: aiohttp's `trust_env` would read the environment at every call.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy is None or proxy_bypass(parts.netloc):
        return None
    return proxy


def seconds_of(flood: RetryAfter) -> float:
    """How long Telegram wants us to wait, in seconds."""
    wait = flood.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
