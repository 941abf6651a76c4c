"""Data classes as plain documents (JSON), and back again, checked by their types."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import orjson

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(value: DataclassInstance) -> dict[str, Any]:
    """An object as objects, lists, texts, numbers, true, false and null."""
    # By way of text, in C: a hundred figures a village, of ten thousand villages.
    found: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


Reader = Callable[[Any, str], Any]
"""Of a value and where it stands: what it was written from. Raises ValueError."""


def read(kind: Any, value: Any, where: str) -> Any:
    """`value` as the type `kind`: a data class, a tuple or a dict of one kind, a union with None, a
    literal, or what is plain. Raises ValueError, which says where.
    """
    return _reader(kind)(value, where)


@cache
def _reader(kind: Any) -> Reader:
    """How a type is read; found once, since a profile has a thousand values."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _or_none(_reader(next(one for one in inner if one is not type(None))))
    if origin is Literal:
        return _one_of(frozenset(inner))
    if origin is tuple:
        return _tuple(_reader(inner[0]))
    if origin is dict:
        return _dict(_reader(inner[1]))
    if is_dataclass(kind) and isinstance(kind, type):
        return _class(kind)
    return _number if kind is float else _same(kind)


def _or_none(reader: Reader) -> Reader:
    return lambda value, where: None if value is None else reader(value, where)


def _one_of(values: frozenset[str]) -> Reader:
    return lambda value, where: value if isinstance(value, str) and value in values else _odd(where)


def _tuple(reader: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            return _odd(where)
        return tuple([reader(one, f"{where}[{i}]") for i, one in enumerate(value)])

    return read


def _dict(reader: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return _odd(where)
        return {key: reader(one, f"{where}.{key}") for key, one in value.items()}

    return read


def _class(kind: type) -> Reader:
    names = {one.name: f".{one.name}" for one in fields(kind)}
    # What an earlier version did not know yet has a default.
    needed = frozenset(
        one.name for one in fields(kind) if one.default is one.default_factory is MISSING
    )
    readers: dict[str, Reader] = {}

    def read(value: Any, where: str) -> Any:
        if not readers:
            readers.update({name: _reader(of) for name, of in _hints(kind).items()})
        if not isinstance(value, dict):
            return _odd(where)
        if not needed <= value.keys() <= names.keys():
            odd = sorted((needed - value.keys()) | (value.keys() - names.keys()))
            raise ValueError(f"{where}: fields missing or unknown: {', '.join(odd)}")
        return kind(**{key: readers[key](one, where + names[key]) for key, one in value.items()})

    return read


def _number(value: Any, where: str) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return _odd(where)


def _same(kind: Any) -> Reader:
    return lambda value, where: value if type(value) is kind else _odd(where)


def _odd(where: str) -> Any:
    raise ValueError(f"{where}: not what was written there")
