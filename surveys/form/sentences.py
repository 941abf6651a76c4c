"""Sentences that know their template when they are filled: to be said in other languages, too."""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """A filled sentence. The template is what catalogues translate."""

    template: str
    named: Mapping[str, object]


def sentence(template: str, /, **named: object) -> Sentence:
    """A template with its places filled.

    >>> one = sentence("the code {code} stands twice.", code="LP01")
    >>> one, one.template
    ('the code LP01 stands twice.', 'the code {code} stands twice.')
    """
    filled = Sentence(template.format(**named))
    filled.template, filled.named = template, named
    return filled
