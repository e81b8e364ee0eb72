"""Route templates of HTTP functions: read, matched against a path, ordered as in ASP.NET Core."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.host.errors import StartRefusedError
from local.host.route_constraints import Constraint, parse_constraint

_PARAMETER = re.compile(
    r"\{(?P<stars>\*{0,2})(?P<name>[A-Za-z_]\w*)(?P<constraints>(?::[a-z]+(?:\(.*?\))?(?=[:=?}]))*)"
    r"(?:=(?P<default>[^{}]*))?(?P<optional>\?)?\}"
)
_SEGMENTS = re.compile(r"/(?![^{]*\})")
_CONSTRAINTS = re.compile(r":([a-z]+)(?:\((.*?)\))?(?=:|$)")

# Rank of a segment, lower wins: RoutePrecedence.ComputeInbound of ASP.NET Core.
_LITERAL, _CONSTRAINED, _PLAIN, _CATCH_ALL_CONSTRAINED, _CATCH_ALL = range(1, 6)


@dataclass(frozen=True)
class Segment:
    """One part of a template between slashes: a literal when `name` is empty, else a parameter."""

    literal: str = ""
    name: str = ""
    constraints: tuple[Constraint, ...] = ()
    default: str | None = None
    optional: bool = False
    catch_all: bool = False

    @property
    def rank(self) -> int:
        """Give how specific the segment is; lower is more specific."""
        if not self.name:
            return _LITERAL
        if self.catch_all:
            return _CATCH_ALL_CONSTRAINED if self.constraints else _CATCH_ALL
        return _CONSTRAINED if self.constraints else _PLAIN

    @property
    def shape(self) -> str:
        """Give what the segment matches, whatever its parameter is called."""
        if not self.name:
            return self.literal.lower()
        return (
            "{"
            + "*" * self.catch_all
            + ":".join(sorted(constraint.text for constraint in self.constraints))
            + "}"
        )


@dataclass(frozen=True)
class Route:
    """A read route template."""

    template: str
    segments: tuple[Segment, ...]

    @property
    def precedence(self) -> tuple[int, ...]:
        """Give the sort key among routes that match the same path; the lowest is tried first."""
        return tuple(segment.rank for segment in self.segments)

    @property
    def shape(self) -> tuple[str, ...]:
        """Give what two routes share when no path can tell them apart."""
        return tuple(segment.shape for segment in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """Match the decoded parts of a path.

        Args:
            parts: The path split at its slashes.

        Returns:
            Parameter name to value, without absent optional ones; None when the path does not match.
        """
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.catch_all:
                return _catch_all(segment, "/".join(parts[index:]), values)
            if index >= len(parts):
                if not segment.optional and segment.default is None:
                    return None
                if segment.default is not None:
                    values[segment.name] = segment.default
            elif not _accepts(segment, parts[index], values):
                return None
        return values if len(parts) <= len(self.segments) else None


def _accepts(segment: Segment, part: str, values: dict[str, str]) -> bool:
    if not segment.name:
        return segment.literal.lower() == part.lower()
    values[segment.name] = part
    return bool(part) and all(constraint.accepts(part) for constraint in segment.constraints)


def _catch_all(segment: Segment, rest: str, values: dict[str, str]) -> dict[str, str] | None:
    if not all(constraint.accepts(rest) for constraint in segment.constraints):
        return None
    value = rest or segment.default
    return {**values, segment.name: value} if value is not None and (rest or segment.default) else values


def parse_route(template: str, *, where: str) -> Route:
    """Read a route template.

    Source: learn.microsoft.com/aspnet/core/fundamentals/routing, "Route templates".

    Args:
        template: Literals, `{id}`, `{id?}`, `{id=1}`, `{id:guid}`, `{*rest}`, between slashes.
        where: What to name in the message when it does not parse.

    Returns:
        The route.

    Raises:
        StartRefusedError: The real host refuses the template, or it mixes text and parameter in one segment.
    """
    if template.startswith(("/", "~")):
        message = f"{where}: route {template!r} must not begin with '/' or '~'."
        raise StartRefusedError(message)
    texts = [text for text in _SEGMENTS.split(template.strip("/")) if text]
    segments = tuple(_parse_segment(text, f"{where}: route {template!r}") for text in texts)
    _refuse_misplaced(segments, f"{where}: route {template!r}")
    return Route(template, segments)


def _parse_segment(text: str, where: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Segment(literal=text)
    parts = _PARAMETER.fullmatch(text)
    if parts is None:
        message = f"{where}: the segment {text!r} is neither a literal nor one whole parameter."
        raise StartRefusedError(message)
    constraints = [
        parse_constraint(name, arguments or "", where=where)
        for name, arguments in _CONSTRAINTS.findall(parts["constraints"])
    ]
    return Segment(
        name=parts["name"],
        constraints=tuple(constraints),
        default=parts["default"],
        optional=bool(parts["optional"]),
        catch_all=bool(parts["stars"]),
    )


def _refuse_misplaced(segments: Sequence[Segment], where: str) -> None:
    names = [segment.name.lower() for segment in segments if segment.name]
    if len(names) != len(set(names)):
        message = f"{where} names a parameter twice."
        raise StartRefusedError(message)
    if any(segment.catch_all or segment.optional for segment in segments[:-1]):
        message = f"{where}: an optional or catch-all parameter must come last."
        raise StartRefusedError(message)
