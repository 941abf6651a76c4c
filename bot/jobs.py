"""Work apart from a chat's turn: profiles and exports, made beside the conversation, then sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.outbox import Outgoing
from bot.say import file, send
from bot.texts import escape, speak
