"""The interview in a terminal, so that whoever writes a form can try it as a resident meets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePath

from bot.respondent.asking import places_shown
from bot.respondent.markup import plain
from surveys.form.model import Form, Question, language_of
from surveys.interview.engine import begin, step, submission
from surveys.interview.plan import places_of
from surveys.interview.state import (
    Action,
    Ask,
    Attached,
    Begin,
    Closed,
    Effect,
    Event,
    Explained,
    Finished,
    Interview,
    Paged,
    Prompt,
    Redraw,
    Refused,
    Say,
    Stopped,
    Tapped,
    Typed,
)  # fmt: skip

ENGLISH = {
    "welcome": "Type the number of a choice, or its words. /back, /skip and /stop work anywhere;"
    " Enter alone keeps an earlier answer, or skips.",
    "several": "(several: 1 3)",
    "optional": "(may be skipped)",
    "so_far": "Your answer so far: {answer}",
    "in_order": "(all of them in order: 2 1 3)",
    "date": "(a day: 2026-05-31)",
    "time": "(a time: 14:30)",
    "dateTime": "(a day and a time: 2026-05-31 14:30)",
    "range": "(from {first} to {last}, in steps of {step})",
    "place": "(a place: 30.2741 120.1551)",
    "places": "(all places: 30.27 120.15; 30.28 120.16)",
    "file": "(the name of a file)",
    "enter": "(Enter: OK)",
    "none_yet": "{what}: none so far. Add one? (yes, no)",
    "another": "{what}: {n} so far. Add another? (yes, no; /remove takes the last one away)",
    "page": "(page {page} of {pages}: /next, /previous; or a part of the name)",
    "found": "(found for {words}; /all shows all)",
    "more": "(? says more)",
    "media": "[{kind}: {name}]",
    "skipped": "skipped",
    "stopped": "Stopped.",
    "finished": "Finished. What would be kept:",
    "not_a_number": "That is no number I can read. Type only the number, like 3.",
    "not_a_whole_number": "Please type a whole number, like 3.",
    "not_a_date": "That is no date I can read. Type it like 2026-05-31.",
    "not_a_choice": "That is none of the choices. Type a number from 1 to {last}.",
    "several_choices": "Only one answer fits here. Type the number that fits best.",
    "ambiguous_choice": "That fits more than one choice. Type a number from 1 to {last}.",
    "text_too_long": "That is too long. Please say it more shortly.",
    "not_text": "Please type your answer.",
    "not_a_time": "That is no time I can read. Type it like 14:30.",
    "not_a_moment": "That is no day and time I can read. Type it like 2026-05-31 14:30.",
    "not_a_place": "That is no place I can read. Type it like 30.2741 120.1551.",
    "not_enough_places": "More places are needed here: two for a line, three for an area.",
    "out_of_range": "Type a number from {first} to {last}.",
    "between_steps": "Count from {first} in steps of {step}.",
    "wrong_medium": "Another kind of file is needed here.",
    "no_barcode": "There is no code to be read. Type what stands under it.",
    "not_ranked": "Type all numbers from 1 to {last}, in your order.",
    "nothing_found": "Nothing is like that. Type another part of the name.",
    "not_yes_or_no": "Type yes or no.",
    "required": "This question needs an answer.",
    "constraint": "That answer does not fit here. Look at the question once more.",
}
CHINESE = {
    "welcome": "打选项前的数字，或选项的字。随时可打 /back（返回）、/skip（跳过）、/stop（停止）；"
    "直接按回车：保留原来的答案，或跳过。",
    "several": "（可多选：1 3）",
    "optional": "（可以跳过）",
    "so_far": "你刚才的回答：{answer}",
    "in_order": "（全部按顺序打：2 1 3）",
    "date": "（日期：2026-05-31）",
    "time": "（几点：14:30）",
    "dateTime": "（日期和几点：2026-05-31 14:30）",
    "range": "（{first}到{last}，每{step}一格）",
    "place": "（位置：30.2741 120.1551）",
    "places": "（所有位置：30.27 120.15; 30.28 120.16）",
    "file": "（文件的名字）",
    "enter": "（直接按回车：知道了）",
    "none_yet": "{what}：还没有填。要填一个吗？（要，不要）",
    "another": "{what}：已经填了{n}个。还要再填一个吗？（要，不要；/remove 删掉最后一个）",
    "page": "（第{page}页，共{pages}页：/next 下一页，/previous 上一页；也可以打名字里的几个字）",
    "found": "（找“{words}”找到的；/all 全部显示）",
    "more": "（打 ? 看说明）",
    "media": "［{kind}：{name}］",
    "skipped": "跳过了",
    "stopped": "停在这里。",
    "finished": "答完了。会保存下面这些：",
    "not_a_number": "看不出是几。请只打数字，比如 3。",
    "not_a_whole_number": "请打整数，比如 3。",
    "not_a_date": "看不出是哪一天。请这样打：2026-05-31。",
    "not_a_choice": "选项里没有这个。请打 1 到 {last} 的数字。",
    "several_choices": "这里只能选一个。请打最合适的那个数字。",
    "ambiguous_choice": "不止一个选项像这个。请打 1 到 {last} 的数字。",
    "text_too_long": "太长了，请说短一点。",
    "not_text": "请打字回答。",
    "not_a_time": "看不出是几点。请这样打：14:30。",
    "not_a_moment": "看不出是哪天几点。请这样打：2026-05-31 14:30。",
    "not_a_place": "看不出是哪里。请这样打：30.2741 120.1551。",
    "not_enough_places": "位置还不够：一条线要两个，一块地要三个。",
    "out_of_range": "请打{first}到{last}的数。",
    "between_steps": "请从{first}开始，每{step}一格来数。",
    "wrong_medium": "这里要另一种文件。",
    "no_barcode": "没有读到条码。请打条码下面的字。",
    "not_ranked": "请把 1 到 {last} 的数字按你的顺序都打上。",
    "nothing_found": "没找到像这样的。请打名字里的别的字。",
    "not_yes_or_no": "请打“要”或“不要”。",
    "required": "这道题要回答才能往下走。",
    "constraint": "这个回答在这里不合适，请再看看题目。",
}

TAPPED: Mapping[str, Action] = {
    "": "done", "?": "explain", "/done": "done", "/remove": "remove",
}  # fmt: skip
"""What is typed for a button."""
TURNED: Mapping[str, int] = {"/next": 1, "/previous": -1}
HOW: Mapping[str, str] = {
    "select_multiple": "several", "rank": "in_order", "date": "date", "time": "time",
    "dateTime": "dateTime", "geopoint": "place", "geotrace": "places", "geoshape": "places",
    "image": "file", "audio": "file", "video": "file", "file": "file", "acknowledge": "enter",
}  # fmt: skip
"""By a question's type: which sentence says what to type."""


def run(
    form: Form,
    read: Callable[[], str],
    write: Callable[[str], None],
    language: str,
    now: Callable[[], datetime],
    *,
    seed: int = 1,
) -> Interview:
    """Interview whoever answers `read` until the form ends, they stop, or the input does.

    `read` gives one line and raises `EOFError` at the end of the input; `write` takes one or more
    lines without the last line end; `language` is a tag ("zh") or the form's own name of one.
    Gives the interview as it stands at the end.
    """
    spoken = language_of(form, language)
    say = CHINESE if "zh" in spoken or "中文" in spoken else ENGLISH
    write(say["welcome"])
    interview = begin(form, seed, spoken)
    event: Event = Begin()
    while True:
        interview, effects = step(form, interview, event, now())
        for effect in effects:
            _show(effect, say, write)
        if interview.status != "open":
            break
        try:
            typed = read()
        except EOFError:
            typed = "/stop"
        event = _event(typed.strip(), form, interview)
    if interview.status == "finished":
        write(_kept(submission(form, interview)))
    return interview


def _event(typed: str, form: Form, interview: Interview) -> Event:
    seq = interview.asked
    if typed in TAPPED:
        return Tapped(seq, TAPPED[typed])
    if typed in TURNED:
        return Paged(seq, max(interview.page + TURNED[typed], 0))
    if typed == "/all":
        return Paged(seq, 0)
    question = form.nodes.get(places_of(interview.current or "")[0])
    if isinstance(question, Question) and not typed.startswith("/"):
        # There is no camera here: a name stands for the file.
        match question.type:
            case "image" | "audio" | "video" | "file" as medium:
                return Attached(medium, PurePath(typed).name)
    return Typed(typed)


def _show(effect: Effect, say: Mapping[str, str], write: Callable[[str], None]) -> None:
    if isinstance(effect, Ask | Redraw):
        write(_question(effect.prompt, say))
    elif isinstance(effect, Say):
        write("\n" + "\n".join([*_media(effect.media, say), plain(effect.text)]))
    elif isinstance(effect, Explained):
        write(f"  {plain(effect.text)}")
    elif isinstance(effect, Refused):
        first, last, step = effect.prompt.bounds or ("", str(len(effect.prompt.choices)), "")
        sentence = say[effect.reason].format(first=first, last=last, step=step)
        write(f"! {plain(effect.message) or sentence}")
    elif isinstance(effect, Closed) and effect.how == "answered":
        write(f"  ✓ {effect.shown}")
    elif isinstance(effect, Closed) and effect.how == "skipped":
        write(f"  – {say['skipped']}")
    elif isinstance(effect, Stopped):
        write(say["stopped"])
    elif isinstance(effect, Finished):
        write(f"\n{say['finished']}")


def _question(prompt: Prompt, say: Mapping[str, str]) -> str:
    number = f"{prompt.number}/{prompt.total}"
    around = " › ".join(
        f"{plain(label)} {instance}".removesuffix(" 0")
        for label, instance in prompt.around
        if instance or prompt.opens
    )
    lines = [f"\n{number}  {around}"] if around else []
    lines.append(f"{' ' * len(number) if around else chr(10) + number}  {_asked(prompt, say)}")
    lines += _media(prompt.media, say)
    lines += _media(tuple((kind, name) for _, kind, name in prompt.pictured), say)
    if prompt.hint:
        lines.append(f"      {plain(prompt.hint)}")
    for place in places_shown(prompt):
        value, label = prompt.choices[place]
        lines.append(f"  {_mark(prompt, value)}{place + 1:>2}  {plain(label)}")
    if prompt.answer:
        lines.append("  " + say["so_far"].format(answer=prompt.answer))
    lines += [f"  {one}" for one in _how(prompt, say)]
    return "\n".join(lines)


def _asked(prompt: Prompt, say: Mapping[str, str]) -> str:
    if prompt.type != "repeat":
        return plain(prompt.label)
    sentence = say["another" if prompt.instances else "none_yet"]
    return sentence.format(what=plain(prompt.label), n=prompt.instances)


def _mark(prompt: Prompt, value: str) -> str:
    if value not in prompt.selected:
        return " "
    return str(prompt.selected.index(value) + 1) if prompt.type == "rank" else "*"


def _media(media: tuple[tuple[str, str], ...], say: Mapping[str, str]) -> list[str]:
    return ["      " + say["media"].format(kind=kind, name=name) for kind, name in media]


def _how(prompt: Prompt, say: Mapping[str, str]) -> list[str]:
    """What may be typed, each in brackets."""
    found = []
    if prompt.search:
        found.append(say["found"].format(words=prompt.search))
    elif prompt.pages > 1:
        found.append(say["page"].format(page=prompt.page + 1, pages=prompt.pages))
    if prompt.type in HOW:
        found.append(say[HOW[prompt.type]])
    elif prompt.bounds and not prompt.choices:
        first, last, step = prompt.bounds
        found.append(say["range"].format(first=first, last=last, step=step))
    if prompt.guidance:
        found.append(say["more"])
    if not prompt.required:
        found.append(say["optional"])
    return found


def _kept(values: Mapping[str, str]) -> str:
    """What a submission holds; in a repeat with its instance: "person[2]/name"."""
    names = {path: _name(path) for path in values}
    width = max(map(len, names.values()), default=0)
    return "\n".join(
        f"  {names[path]:<{width}}  {value}".rstrip() for path, value in values.items()
    )


def _name(path: str) -> str:
    steps = path.split("/")
    first = next((at for at, step in enumerate(steps) if step.endswith("]")), len(steps) - 1)
    return "/".join(steps[first:])
