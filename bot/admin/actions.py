"""What was done, in words: the actions of the audit table."""

from __future__ import annotations

from bot.texts import Speak


def what_was_done(action: str, say: Speak) -> str:
    """An action of the audit table as people say it; one of another version as it stands there."""
    return {
        "invite": say("made an invite"),
        "accept invite": say("joined the team"),
        "withdraw invite": say("took an invite back"),
        "revoke": say("took a role away"),
        "open wave": say("opened a wave"),
        "close wave": say("closed a wave"),
        "end wave": say("set when a wave ends"),
        "keep wave open": say("kept a wave open that was to end"),
        "publish": say("published a questionnaire"),
        "import villages": say("took in a list of villages"),
        "import margins": say("took in margins"),
        "draw follow-up": say("drew homes to visit"),
        "import follow-up": say("took in visited homes"),
        "review": say("reviewed an interview"),
        "set quota": say("set a quota"),
        "clear quota": say("took a quota away"),
        "export": say("exported answers"),
        "site": say("wrote the pages of an area"),
        "remind": say("reminded people who had stopped"),
        "forget": say("asked to be forgotten"),
        "rotate key": say("changed the secret key"),
        "wrong codes": say("tried links that do not exist"),
        "expire": say("deleted what was past its time"),
        "erase": say("erased own words and recordings that were old enough"),
        "let go": say("let go of who does not want to be written to again"),
        "copy": say("copied the survey into another database"),
        "restore": say("put a backup back"),
    }.get(action, action)
