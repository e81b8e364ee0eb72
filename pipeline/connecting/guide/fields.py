"""The fields of a form: words declared by hand, rules read from the types that parse the request."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import inspect

from pipeline.connecting.guide.views import FieldKind, FieldRules, GuideField
from pipeline.requests import Request

type _Rules = tuple[FieldKind, FieldRules, bool]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reads about a field; the rest stands in its request type.

    Args:
        name: of the field, as in the request body.
        multiline: it has many lines.
    """

    name: str
    label: str
    help: str
    example: str
    multiline: bool = False


def fields(
    of: type[Request], words: Sequence[Words], *, under: str = "", services: tuple[str, ...] = ()
) -> tuple[GuideField, ...]:
    """Join words and rules.

    Args:
        of: the request type that parses the fields.
        words: for the fields to show, in the order to show them.
        under: the name of the object that holds them in the request body.
        services: the values that the field `services` may hold.

    Returns:
        One field for each of the words.

    Raises:
        KeyError: the request type has no field of such a name.
    """
    types = {field.encode_name: field for field in _struct(of).fields}
    return tuple(_field(one, types[one.name], under, services) for one in words)


def undescribed(of: type[Request], words: Iterable[Words]) -> Iterator[str]:
    """Name each field of a request type that has no words; objects have fields of their own."""
    known = {one.name for one in words}
    for field in _struct(of).fields:
        holds_fields = any(isinstance(kind, inspect.StructType) for kind in _alternatives(field.type))
        if field.encode_name not in known and not holds_fields:
            yield field.encode_name


def _struct(of: type[Request]) -> inspect.StructType:
    described = inspect.type_info(of)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{of.__name__} is no struct")
    return described


def _field(words: Words, field: inspect.Field, under: str, services: tuple[str, ...]) -> GuideField:
    kind, rules, secret = _rules(field.type)
    if words.name == "services":
        rules = msgspec.structs.replace(rules, choices=services)
    return GuideField(
        name=words.name,
        path=f"{under}.{words.name}" if under else words.name,
        label=words.label,
        help=words.help,
        example=words.example,
        required=field.required,
        secret=secret,
        multiline=words.multiline,
        kind=kind,
        validation=rules,
    )


def _alternatives(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    kinds = expected.types if isinstance(expected, inspect.UnionType) else (expected,)
    return tuple(kind for kind in kinds if not isinstance(kind, inspect.NoneType))


def _rules(expected: inspect.Type) -> _Rules:
    """Read what a form needs of a type; of several the first, which is the one that forms use."""
    [first, *_] = _alternatives(expected)
    match first:
        case inspect.Metadata():
            return _annotated(first)
        case inspect.StrType(pattern=pattern, min_length=least, max_length=most):
            return "text", FieldRules(pattern=pattern, min_length=least, max_length=most), False
        case inspect.VarTupleType(item_type=item, min_length=least):
            _, rules, secret = _rules(item)
            return "list", msgspec.structs.replace(rules, min_items=least), secret
        case inspect.LiteralType(values=values):
            return "choice", FieldRules(choices=tuple(map(str, values))), False
        case inspect.BoolType():
            return "boolean", FieldRules(), False
    raise TypeError(f"No form knows {type(first).__name__}")


def _annotated(expected: inspect.Metadata) -> _Rules:
    kind, rules, secret = _rules(expected.type)
    extra = expected.extra_json_schema or {}
    written = extra.get("format")
    if isinstance(written, str):
        rules = msgspec.structs.replace(rules, format=written)
        kind = "date" if written == "date" else kind
    return kind, rules, secret or extra.get("writeOnly") is True
