"""What is asked where: form versions, villages, waves, and who may see their results."""

from surveys.publish.areas import UnknownArea, find_area, programme
from surveys.publish.forms import AlreadyPublished, PublishedVersion, publish
from surveys.publish.invites import INVITE_DAYS, Granted, accept_invite, invite
from surveys.publish.villages import ImportResult, VillagesRefused, import_villages
from surveys.publish.waves import (
    NoSuchWave,
    NothingPublished,
    WaveAlreadyOpen,
    close_wave,
    end_wave,
    ensure_ready,
    keep_open,
    open_wave,
)

__all__ = [
    "INVITE_DAYS",
    "AlreadyPublished",
    "Granted",
    "ImportResult",
    "NoSuchWave",
    "NothingPublished",
    "PublishedVersion",
    "UnknownArea",
    "VillagesRefused",
    "WaveAlreadyOpen",
    "accept_invite",
    "close_wave",
    "end_wave",
    "ensure_ready",
    "find_area",
    "import_villages",
    "invite",
    "keep_open",
    "open_wave",
    "programme",
    "publish",
]
