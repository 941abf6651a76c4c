"""The methods of the Bot API that the local server knows, each as strict as Telegram's."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.demo import strict
from bot.demo.delivering import target_of, truth
from bot.demo.strict import Refusal, Rich, bad, whole_number
from bot.demo.updates import kinds_of
from bot.demo.world import Person, Stored, World, edited

Parameters = Mapping[str, Any]
Files = Mapping[str, tuple[str, bytes]]
"""Name of the part -> (filename, content)."""
Method = Callable[[World, Parameters, Files], Awaitable[Any]]

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


async def get_me(world: World, given: Parameters, files: Files) -> Any:
    """The bot as a user."""
    return world.me() | {
        "can_join_groups": True, "can_read_all_group_messages": False,
        "supports_inline_queries": False, "can_connect_to_business": False,
        "has_main_web_app": False,
    }  # fmt: skip


async def get_updates(world: World, given: Parameters, files: Files) -> Any:
    """Confirm, wait, deliver."""
    world.updates.allow(kinds_of(given.get("allowed_updates")))
    return await world.updates.poll(
        whole_number(given.get("offset", 0), "offset must be a number"),
        whole_number(given.get("limit", 100), "limit must be a number"),
        min(float(given.get("timeout", 0)), 50.0),
    )


async def send_message(world: World, given: Parameters, files: Files) -> Any:
    """A message with text."""
    person = _reached(world, given)
    rich = strict.message_text(given)
    buttons = strict.keyboard(given.get("reply_markup"))
    reply_keyboard = strict.reply_keyboard(given.get("reply_markup"))
    world.floods.check(person.id, message=True)
    stored = person.receive(rich, buttons)
    person.offer(reply_keyboard, stored.message_id)
    return person.raw(stored)


async def send_photo(world: World, given: Parameters, files: Files) -> Any:
    """A picture."""
    return _send_file(world, given, files, "photo", strict.photo)


async def send_document(world: World, given: Parameters, files: Files) -> Any:
    """A file."""
    return _send_file(world, given, files, "document", strict.document)


async def send_audio(world: World, given: Parameters, files: Files) -> Any:
    """Music, or speech with a name."""
    return _send_file(world, given, files, "audio", strict.document)


async def send_voice(world: World, given: Parameters, files: Files) -> Any:
    """A voice message."""
    return _send_file(world, given, files, "voice", strict.document)


async def send_video(world: World, given: Parameters, files: Files) -> Any:
    """A film."""
    return _send_file(world, given, files, "video", strict.document)


async def send_animation(world: World, given: Parameters, files: Files) -> Any:
    """A film without sound."""
    return _send_file(world, given, files, "animation", strict.document)


def _send_file(
    world: World, given: Parameters, files: Files, kind: str, check: Callable[[bytes], None]
) -> Any:
    person = _reached(world, given)
    rich = strict.caption(given)
    buttons = strict.keyboard(given.get("reply_markup"))
    named = str(given.get(kind, ""))
    part = named.removeprefix("attach://") if named.startswith("attach://") else kind
    if part in files:
        filename, content = files[part]
        check(content)
        file = world.files.add(kind, filename, content)
    elif (known := world.files.find(named)) is not None:
        if known.kind != kind:
            # A file cannot be sent as another kind by its id.
            raise bad(f"can't use file of type {_type(known.kind)} as {_type(kind)}")
        file = known
    elif named:
        raise bad("wrong file identifier/HTTP URL specified")
    else:
        raise bad(f"there is no {kind} in the request")
    world.floods.check(person.id, message=True)
    return person.raw(person.receive(rich, buttons, file))


def _type(kind: str) -> str:
    """As Telegram writes it: "VideoNote"."""
    return kind.title().replace("_", "")


async def edit_message_text(world: World, given: Parameters, files: Files) -> Any:
    """Another text for a message of the bot."""
    rich = strict.message_text(given)
    buttons = strict.keyboard(given.get("reply_markup"), edits=True)
    person, stored = _to_edit(world, given)
    if stored.file is not None:
        raise bad("there is no text in the message to edit")
    return _edit(world, person, stored, rich, buttons)


async def edit_message_caption(world: World, given: Parameters, files: Files) -> Any:
    """Other words under a file."""
    rich = strict.caption(given)
    buttons = strict.keyboard(given.get("reply_markup"), edits=True)
    person, stored = _to_edit(world, given)
    if stored.file is None:
        raise bad("there is no caption in the message to edit")
    return _edit(world, person, stored, rich, buttons)


async def edit_message_reply_markup(world: World, given: Parameters, files: Files) -> Any:
    """Other buttons, or none."""
    buttons = strict.keyboard(given.get("reply_markup"), edits=True)
    person, stored = _to_edit(world, given)
    return _edit(world, person, stored, stored.rich, buttons)


def _edit(
    world: World, person: Person, stored: Stored, rich: Rich, buttons: list[list[dict[str, Any]]]
) -> Any:
    world.floods.check(person.id, message=False)
    if not edited(stored, rich, buttons):
        raise bad(NOT_MODIFIED)
    person.changed(stored.message_id)
    return person.raw(stored)


def _to_edit(world: World, given: Parameters) -> tuple[Person, Stored]:
    person = _reached(world, given)
    message_id = whole_number(given.get("message_id"), "message identifier is not specified")
    stored = person.find(message_id)
    if stored is None:
        raise bad("message to edit not found")
    if not stored.from_bot:
        raise bad("message can't be edited")
    return person, stored


async def delete_message(world: World, given: Parameters, files: Files) -> Any:
    """Take one message out of a chat."""
    person = _reached(world, given)
    message_id = whole_number(given.get("message_id"), "message identifier is not specified")
    world.floods.check(person.id, message=False)
    if not person.delete(message_id):
        raise bad("message to delete not found")
    return True


async def delete_messages(world: World, given: Parameters, files: Files) -> Any:
    """Take up to 100 messages out of a chat; those that are not there are passed over."""
    person = _reached(world, given)
    message_ids = given.get("message_ids")
    if not isinstance(message_ids, list) or not message_ids:
        raise bad("message identifiers are not specified")
    if len(message_ids) > 100:
        raise bad("too many message identifiers specified")
    world.floods.check(person.id, message=False)
    for message_id in message_ids:
        person.delete(whole_number(message_id, "message identifiers are not specified"))
    return True


async def answer_callback_query(world: World, given: Parameters, files: Files) -> Any:
    """Stop the clock of a tap, with or without a word."""
    text = str(given.get("text") or "")
    if len(text) > strict.NOTICE:
        raise bad("MESSAGE_TOO_LONG")
    tap = world.taps.get(str(given.get("callback_query_id", "")))
    if tap is None or time.monotonic() - tap.at > world.tap_seconds:
        raise bad(TOO_OLD)
    world.floods.check(tap.person.id, message=False)
    tap.person.notice(text, alert=given.get("show_alert") is True)
    return True


async def send_chat_action(world: World, given: Parameters, files: Files) -> Any:
    """ "typing …" """
    _reached(world, given)
    if given.get("action") not in ("typing", "upload_photo", "upload_document", "record_voice"):
        raise bad("wrong parameter action in request")
    return True


async def set_my_commands(world: World, given: Parameters, files: Files) -> Any:
    """The menu of commands, for a scope and a language."""
    commands = strict.commands(given.get("commands"))
    world.menus[_menu(world, given)] = commands
    return True


async def get_my_commands(world: World, given: Parameters, files: Files) -> Any:
    """The menu as it was set."""
    return world.menus.get(_menu(world, given), [])


async def delete_my_commands(world: World, given: Parameters, files: Files) -> Any:
    """No menu of its own for a scope and a language."""
    world.menus.pop(_menu(world, given), None)
    return True


def _menu(world: World, given: Parameters) -> tuple[str, int, str]:
    kind, chat = strict.scope(given.get("scope"))
    language = str(given.get("language_code") or "")
    if language and not (len(language) == 2 and language.isascii() and language.islower()):
        raise bad("invalid language code specified")
    if kind == "chat" and chat not in world.people:
        raise bad("chat not found")
    return kind, chat, language


async def get_file(world: World, given: Parameters, files: Files) -> Any:
    """Where a file can be downloaded, for an hour."""
    return world.files.lend(str(given.get("file_id", "")))


async def set_webhook(world: World, given: Parameters, files: Files) -> Any:
    """From now on updates are sent there, and getUpdates is refused; without an url as before."""
    target = target_of(given)
    if target is None:
        return await delete_webhook(world, given, files)
    world.floods.check_webhook()
    world.updates.allow(kinds_of(given.get("allowed_updates")))
    drop = truth(given.get("drop_pending_updates"))
    if drop:
        world.updates.drop()
    world.delivering.begin(target, anew=drop)
    return True


async def delete_webhook(world: World, given: Parameters, files: Files) -> Any:
    """Back to getUpdates."""
    world.delivering.end()
    if truth(given.get("drop_pending_updates")):
        world.updates.drop()
    return True


async def get_webhook_info(world: World, given: Parameters, files: Files) -> Any:
    """Which webhook is set, how many updates wait for it, and what went wrong last."""
    return world.delivering.said()


def _reached(world: World, given: Parameters) -> Person:
    """The person whom a call is for; refuses those whom the bot cannot reach."""
    chat_id = whole_number(given.get("chat_id"), "chat_id is empty")
    person = world.people.get(chat_id)
    if person is None or not person.opened:
        raise bad("chat not found")
    if person.deactivated:
        raise Refusal("Forbidden: user is deactivated", 403)
    if person.blocked:
        raise Refusal("Forbidden: bot was blocked by the user", 403)
    return person


METHODS: Mapping[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "sendaudio": send_audio,
    "sendvoice": send_voice,
    "sendvideo": send_video,
    "sendanimation": send_animation,
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "answercallbackquery": answer_callback_query,
    "sendchataction": send_chat_action,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "getfile": get_file,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
}
"""By their names in small letters: Telegram takes them in any case."""
