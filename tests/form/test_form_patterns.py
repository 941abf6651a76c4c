"""Regular expressions: Java's, and never slow."""

import random
import subprocess
import time
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.form.java_patterns import DEEPEST, HEAVIEST
from surveys.form.patterns import (
    LONGEST_PATTERN,
    LONGEST_TEXT,
    PatternError,
    compiled,
    matches,
)
from tests.javarosa import compiled as java_command


def words(text: str) -> list[str]:
    return text.split()


SIGNS = [
    "a", "b", "k", "A", "K", "1", "2", "_", " ", "-", "\n", "\r", "\r\n", "é", "É", "ß", "汉", "😀",
    "\t", "\x85", "\u3000", "٣", "[", "ſ", "\u212a", "α", "Ω", ".", "\u200d", "",
]  # fmt: skip
# Without \\b, which Java changed in its version 19.
ATOMS = [
    *words(r"a b k K 1 . ^ $ - é ß 汉 😀 # ] } \d \D \w \W \s \S \h \H \v \V \R \X"),
    *words(r"\A \Z \z \G \p{L} \P{Lu} \pL \p{Lower} \p{Upper} \p{IsHan} \p{InGreek}"),
    *words(r"\p{IsAlphabetic} \p{Punct} \p{Alpha} \p{Lu} \p{gc=Ll} \p{sc=Han} \p{IsGreek}"),
    *words(r"\p{javaLowerCase} \p{Space} \p{Blank} \t \n \x41 \u0061 \x{1F600} \ud83d\ude00"),
    *words(r"\0101 \. \- \[ \\ \Qa.[\E \Q1 [a-c] [^a] [a-z&&[^b]] [ab[kK]] [^a&&b] [\w-]"),
    *words(r"[a-] []a] [-a] [\d&&[^2]] [^\p{L}] [é-ü] [\n\t] [K-k] [\W\d] [^[^a]]"),
    *words(r"(?<=a) (?<![ab]) (?<=\R)"),
    r"\N{LATIN SMALL LETTER A}",
    "[a b]",
]
AROUND = [
    *words("({}) (?:{}) (?={}) (?!{}) (?>{}) (?i:{}) (?iu:{}) (?s:{}) (?m-s:{}) (?x:{})"),
    *words(r"(?d:{}) (?U:{}) (?<n>{})\k<n> ({0}|{0}b)"),
]
QUANTIFIERS = words("* + ? *? +? ?? *+ ++ ?+ {2} {0,2} {1,} {1,2}? {0,1}+")
FLAGS = words("(?i) (?iu) (?s) (?m) (?x) (?d) (?U) (?-i) (?md) (?i-s)")


def pattern(chance: random.Random, depth: int = 2) -> str:
    """A pattern that makes sense to Java, most of them."""
    pieces = []
    for _ in range(chance.randint(1, 3)):
        piece = chance.choice(ATOMS)
        if depth and chance.random() < 0.4:
            piece = chance.choice(AROUND).format(pattern(chance, depth - 1))
        if chance.random() < 0.3:
            piece += chance.choice(QUANTIFIERS)
        if chance.random() < 0.15:
            piece = chance.choice(FLAGS) + piece
        if chance.random() < 0.1:
            piece += "|"
        pieces.append(piece)
    return "".join(pieces)


def digits(text: str) -> str:
    return text.encode("utf-16-be").hex()


def test_patterns_mean_what_they_mean_to_java(tmp_path):
    command = java_command(Path(__file__).with_name("Patterns.java"), tmp_path)
    chance = random.Random(6)
    asked = []
    for _ in range(1_500):
        expression = pattern(chance)
        asked += [
            (expression, "".join(chance.choices(SIGNS, k=chance.randint(0, 3)))) for _ in range(4)
        ]
    lines = "".join(f"{digits(one)}\t{digits(text)}\n" for one, text in asked)
    told = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=True)
    agreed = {"true": 0, "false": 0, "error": 0}
    for (expression, text), theirs in zip(asked, told.stdout.split(), strict=True):
        try:
            compiled(expression)
            ours = str(matches(text, expression)).lower()
        except PatternError:
            ours = "error"
        assert ours == theirs, (expression, text)
        agreed[ours] += 1
    assert agreed["true"] > 400
    assert agreed["error"] < 1_000


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"(a)\1", "aa"),
        (r"(?i)(a)\1", "aA"),
        (r"(a)(b)\2\1", "abba"),
        (r"(a)\11", "aa1"),
        ("(a)" * 10 + r"(b)\11", "a" * 10 + "bb"),
        (r"[a-\x63]", "c"),
        (r"(?x)[a- ]", "-"),
        (r"\p{IsLu}", "A"),
        (r"a\Bb\b ", "ab "),
    ],
)
def test_what_java_reads_apart(expression, text):
    assert matches(text, expression)
    assert not matches(text + text, expression)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a(b", "a bracket is not closed"),
        ("a)", "a closing bracket stands alone"),
        ("[a", "a square bracket is not closed"),
        ("*a", "nothing stands before *"),
        ("a{2}{3}", "nothing stands before {"),
        ("a{x}", "braces hold numbers"),
        ("a{3,2}", "the larger number stands first"),
        ("a{1000000000}", "so often"),
        ("((((a{99}){99}){99}){99}", "so often"),
        (f"a{{{HEAVIEST}}}", "so often"),
        ("(?P<n>a)", "not known"),
        ("(?<1>a)", "a group's name"),
        ("(?<n>a)(?<n>b)", "two groups are named n"),
        (r"(a)\2", "no group 2 ends before it"),
        (r"(a\1)", "no group 1 ends before it"),
        (r"\k<n>", "no group before has this name"),
        (r"\p{Nonsense}", "no property is named Nonsense"),
        (r"\p{IsNonsense}", "no property is named IsNonsense"),
        (r"\p{Is$}", "no property is named Is$"),
        (r"\p{color=red}", "no property is named color=red"),
        (r"(?<n>a\k<n>)", "no group 1 ends before it"),
        (r"\x{zz}", r"\x is not known"),
        (r"\x1", r"\x is not known"),
        (r"\u00", r"\u is not known"),
        (r"\ud83d\u0041", r"\u is not known"),
        (r"\ud83d\u00", r"\u is not known"),
        (r"\N{NONSENSE}", r"\N is not known"),
        (r"\0", r"\0 is not known"),
        (r"\c", r"\c is not known"),
        (r"\y", r"\y is not known"),
        (r"\b{g}", r"\b{g} is not known"),
        ("[z-a]", "z-a runs backwards"),
        ("[a&&]", "nothing stands behind &&"),
        ("[&&a]", "nothing stands before &&"),
        ("a\\", "a backslash stands at the end"),
        ("[\\", "is not known"),
        ("(?i)*", "nothing stands before *"),
        ("(" * (DEEPEST + 2) + ")" * (DEEPEST + 2), "too many brackets"),
        ("[" * (DEEPEST + 2) + "a" + "]" * (DEEPEST + 2), "too many brackets"),
        ("a" * (LONGEST_PATTERN + 1), "2001 characters"),
        (r"\ud83d", r"\u is not known"),
    ],
)
def test_what_cannot_be_read_says_why(expression, why):
    with pytest.raises(PatternError) as caught:
        compiled(expression)
    assert why in caught.value.why
    assert not matches("a", expression)


def test_what_the_package_cannot_read_is_refused(monkeypatch):
    def refuse(*_):
        raise regex.error("too much")

    monkeypatch.setattr(regex, "compile", refuse)
    with pytest.raises(PatternError, match="cannot be read"):
        compiled("refused")


SLOW = [
    *words(r"(a+)+b (a|aa)+c (x+x+)+y ([a-z]+)+[0-9] (a+)\1+b ((a{0,99}){0,99})b"),
    *words(r"(a?){500}a{500} (.*)*x ^(([a-z])+.)+[A-Z]([a-z])+$ (?=(a+)+b)a"),
    *words(r"(?<=(a|aa)+b)c (.*?,){11}P (\w*\W*)*!"),
    "a*" * 60 + "b",
    "(?:" * 30 + "a" + ")*" * 30 + "b",
]


def seconds(text: str, expression: str) -> float:
    start = time.process_time()
    matches(text, expression)
    return time.process_time() - start


@pytest.mark.parametrize("expression", SLOW)
def test_no_pattern_is_slow(expression):
    for text in ("a" * 30, "a" * LONGEST_TEXT, "ax" * (LONGEST_TEXT // 2), "a," * 300):
        assert seconds(text, expression) < 0.2
    assert not matches("a" * (LONGEST_TEXT + 1), "a*")


alphabet = st.sampled_from(
    [*"ab.*+?()[]|{}1,9^$\\&-:=!<>ixdw", "(a+)+", "{1,99}", "[a-z]", r"\w", "(?:"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(alphabet, max_size=40).map("".join) | st.text(max_size=20),
    st.text("ab1 ", max_size=40) | st.text(max_size=20),
    st.integers(1, 300),
)
def test_no_pattern_and_no_text_take_long(expression, text, times):
    assert seconds((text * times)[:LONGEST_TEXT], expression) < 0.2
