"""What a person may mean by a word: an answer, a wish to go elsewhere, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.interview.numerals import plain
from surveys.interview.state import Action, RefusalReason

Labelled = Sequence[tuple[str, str]]
"""Choices as shown: value and label."""


@dataclass(frozen=True, slots=True)
class Read:
    """One value; several for a select_multiple."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """The name of an action, typed instead of tapped."""

    action: Action


@dataclass(frozen=True, slots=True)
class Unread:
    """Why it cannot be taken."""

    reason: RefusalReason


WORDS: dict[Action, tuple[str, ...]] = {
    "back": ("back", "go back", "previous", "返回", "上一题", "上一步", "回去", "后退"),
    "skip": ("skip", "跳过", "略过"),
    "stop": ("stop", "quit", "pause", "停止", "停", "先停下", "暂停", "退出", "不答了"),
    "done": (
        "done", "ok", "finished", "that's all", "all sent", "完成", "好了", "选好了", "好", "确定",
        "发完了", "发完",
    ),
    "explain": (
        "more about this", "explain", "这题什么意思?", "什么意思?", "什么意思", "说明",
    ),
    # Who comes back after a while does not see the question any more.
    "again": (
        "continue", "go on", "carry on", "resume", "again", "repeat", "继续", "继续答", "继续答题",
        "接着答", "接着来", "再看一遍", "再说一遍", "重新显示",
    ),
}  # fmt: skip
COMMANDS: dict[str, Action] = {"/back": "back", "/skip": "skip", "/stop": "stop"}
"""What stands for an action where any word may be the answer."""
SEEN = frozenset({
    "ok", "okay", "k", "yes", "y", "yeah", "yep", "sure", "fine", "read", "seen", "done", "got it",
    "understood", "i understand", "i see", "i have read it", "agree", "i agree", "好", "好的",
    "好了", "是", "是的", "对", "知道", "知道了", "明白", "明白了", "了解", "收到", "嗯", "行",
    "可以", "懂了", "看了", "看过了", "已读", "确定", "同意", "👌", "👍", "✅", "✓",
    "continue", "go on", "继续",
})  # fmt: skip
"""To something that is only to be read."""
MORE = frozenset({
    "yes", "y", "yeah", "yep", "sure", "yes please", "add", "add one", "add another", "add more",
    "one more", "another", "another one", "more", "next", "有", "还有", "要", "是", "是的",
    "对", "嗯", "再加一个", "再加", "加一个", "加", "添加", "增加", "再来一个", "继续", "还要",
    "还有一个", "下一个", "👍", "✅", "+",
})  # fmt: skip
ENOUGH = frozenset({
    "no", "n", "nope", "no more", "none", "no thanks", "nobody", "nobody else", "nothing else",
    "that's all", "thats all", "that is all", "that's it", "enough", "done", "finished", "all done",
    "end", "没有", "没有了", "没了", "没", "无", "不", "不要", "不要了", "不用", "不用了", "不加",
    "不加了", "否", "不是", "够了", "完了", "完成", "好了", "就这些", "就这样", "就这些了",
    "没别的了", "结束", "👎", "❌",
})  # fmt: skip
FEWER = frozenset({
    "remove", "delete", "undo", "remove it", "remove the last", "remove the last one",
    "delete the last one", "删除", "删掉", "删了", "去掉", "移除", "撤销", "去掉最后一个",
    "删掉最后一个",
})  # fmt: skip
"""To "another one?", as wishes to add, to go on, and to take the last one away."""


def wish(text: str) -> Wish | None:
    """The action that this is the name of, None where it is none."""
    said = word(text)
    return next((Wish(action) for action, words in WORDS.items() if said in words), None)


def word(text: str) -> str:
    """A text in small letters, without the signs around it."""
    return plain(text).replace("’", "'").strip("/ .,!。！，~")
