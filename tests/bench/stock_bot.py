"""The peer of `make bench`: a stock python-telegram-bot bot that asks and stores nothing.

It makes the same three Bot API calls an answer as usegap does (answer the tap, edit the question,
send the next one), with the same texts and buttons, over its own httpx transport.

    python -m tests.bench.stock_bot API_URL TOKEN CONCURRENT_UPDATES
"""

from __future__ import annotations

import sys

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes

from tests.bench.questions import CHOICES, QUESTIONS, text_of


def keyboard(number: int) -> InlineKeyboardMarkup:
    """A row a choice, and the row of Back and Stop."""
    rows = [
        [InlineKeyboardButton(label, callback_data=f"i:1:{number}:{place}")]
        for place, label in enumerate(CHOICES)
    ]
    control = [
        InlineKeyboardButton("◀ Back", callback_data=f"i:1:{number}:b"),
        InlineKeyboardButton("⏸ Stop", callback_data=f"i:1:{number}:x"),
    ]
    return InlineKeyboardMarkup([*rows, control])


async def ask(update: Update, context: ContextTypes.DEFAULT_TYPE, number: int) -> None:
    """Send question `number`."""
    assert update.effective_chat is not None
    await context.bot.send_message(
        update.effective_chat.id,
        f"<b>{number} / {QUESTIONS}</b>  {text_of(number)}",
        parse_mode="HTML",
        reply_markup=keyboard(number),
    )


async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """/start: the first question."""
    await ask(update, context, 1)


async def tap(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """A choice: answer the tap, show the answer with the question, ask the next one."""
    query = update.callback_query
    assert query is not None
    assert query.data is not None
    number, place = (int(part) for part in query.data.split(":")[2:])
    await query.answer()
    await query.edit_message_text(
        f"<b>{number} / {QUESTIONS}</b>  {text_of(number)}\n\n✓ <b>{CHOICES[place]}</b>",
        parse_mode="HTML",
    )
    if number < QUESTIONS:
        await ask(update, context, number + 1)


def main() -> None:
    """Run until terminated."""
    api, token, concurrent = sys.argv[1:4]
    builder = Application.builder().token(token).base_url(f"{api}/bot")
    if int(concurrent) > 1:
        builder = builder.concurrent_updates(int(concurrent)).connection_pool_size(256)
    application = builder.build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(tap))
    application.run_polling()


if __name__ == "__main__":
    main()
