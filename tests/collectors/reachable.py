"""What a judge can come to say, read off its code: the functions and values it reaches, however deep."""

from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType

import msgspec

from collectors.contract import Status
from collectors.declarations.rules import Judgement

_DECISIONS = {"PASS": Status.PASS, "FAIL": Status.FAIL}


def decisions(start: object) -> set[Status]:
    """Tell which of `pass` and `fail` something can give, by itself or through whatever it reaches.

    Args:
        start: a judge, or anything that holds one.
    """
    said: set[Status] = set()
    for one in everything(start):
        if isinstance(one, Judgement):
            said |= {one.status} & {*_DECISIONS.values()}
        if isinstance(one, FunctionType):
            said |= {_DECISIONS[name] for name in _names(one.__code__) if name in _DECISIONS}
    return said


def everything(start: object) -> Iterator[object]:
    """Give an object and all that it reaches, each once."""
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            yield one
            waiting.extend(_reached(one))


def _reached(one: object) -> Iterator[object]:
    """Give what an object holds or uses, one step deep; of functions only our own are looked into."""
    match one:
        case FunctionType():
            if one.__module__.startswith("collectors."):
                yield from (one.__globals__[name] for name in _names(one.__code__) if name in one.__globals__)
                yield from (cell.cell_contents for cell in one.__closure__ or ())
                yield from one.__defaults__ or ()
                yield from (one.__kwdefaults__ or {}).values()
        case partial():
            yield from (one.func, *one.args, *one.keywords.values())
        case dict():
            yield from one.values()
        case tuple() | list() | set() | frozenset():
            yield from one
        case msgspec.Struct():
            yield from (getattr(one, name) for name in one.__struct_fields__)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
