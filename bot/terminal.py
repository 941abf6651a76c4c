"""The interview in a terminal, so that whoever writes a form can try it as a resident meets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from surveys.form.model import Form, language_of
from surveys.interview.engine import begin, step, submission
from surveys.interview.state import (
    Ask,
    Begin,
    Closed,
    Effect,
    Event,
    Finished,
    Interview,
    Prompt,
    Refused,
    Say,
    Stopped,
    Tapped,
    Typed,
)

ENGLISH = {
    "welcome": "Type the number of a choice, or its words. /back, /skip and /stop work anywhere;"
    " Enter alone keeps an earlier answer, or skips.",
    "several": "(several: 1 3)",
    "optional": "(may be skipped)",
    "so_far": "Your answer so far: {answer}",
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
    "required": "This question needs an answer.",
    "constraint": "That answer does not fit here. Look at the question once more.",
}
CHINESE = {
    "welcome": "打选项前的数字，或选项的字。随时可打 /back（返回）、/skip（跳过）、/stop（停止）；"
    "直接按回车：保留原来的答案，或跳过。",
    "several": "（可多选：1 3）",
    "optional": "（可以跳过）",
    "so_far": "你刚才的回答：{answer}",
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
    "required": "这道题要回答才能往下走。",
    "constraint": "这个回答在这里不合适，请再看看题目。",
}


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
        event = _event(typed.strip(), interview)
    if interview.status == "finished":
        write(_kept(submission(form, interview)))
    return interview


def _event(typed: str, interview: Interview) -> Event:
    return Typed(typed) if typed else Tapped(interview.asked, "done")


def _show(effect: Effect, say: Mapping[str, str], write: Callable[[str], None]) -> None:
    if isinstance(effect, Ask):
        write(_question(effect.prompt, say))
    elif isinstance(effect, Say):
        write(f"\n{effect.text}")
    elif isinstance(effect, Refused):
        last = len(effect.prompt.choices)
        write(f"! {effect.message or say[effect.reason].format(last=last)}")
    elif isinstance(effect, Closed) and effect.how == "answered":
        write(f"  ✓ {effect.shown}")
    elif isinstance(effect, Closed) and effect.how == "skipped":
        write(f"  – {say['skipped']}")
    elif isinstance(effect, Stopped):
        write(say["stopped"])
    elif isinstance(effect, Finished):
        write(f"\n{say['finished']}")


def _question(prompt: Prompt, say: Mapping[str, str]) -> str:
    lines = [f"\n{prompt.number}/{prompt.total}  {prompt.label}"]
    if prompt.hint:
        lines.append(f"      {prompt.hint}")
    for place, (value, label) in enumerate(prompt.choices, start=1):
        lines.append(f"  {'*' if value in prompt.selected else ' '}{place:>2}  {label}")
    if prompt.answer:
        lines.append("  " + say["so_far"].format(answer=prompt.answer))
    if prompt.type == "select_multiple":
        lines.append("  " + say["several"])
    if not prompt.required:
        lines.append("  " + say["optional"])
    return "\n".join(lines)


def _kept(values: Mapping[str, str]) -> str:
    names = {path: path.rpartition("/")[2] for path in values}
    width = max(map(len, names.values()), default=0)
    return "\n".join(f"  {names[path]:<{width}}  {value}" for path, value in values.items())
