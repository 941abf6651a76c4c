"""Sentences about lists of villages, margins and homes, to be said in other languages, too."""

from __future__ import annotations

from surveys.form.sentences import Sentence, sentence

__all__ = ["Sentence", "sentence"]
