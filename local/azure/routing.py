"""Routes by decorator: a path template, matched without regard to case as Azure does."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

PLACEHOLDER = re.compile(r"\{(\w+)(:path)?\}")


def compile_template(template: str) -> re.Pattern[str]:
    """Compile a path template.

    Takes a template in which `{name}` is one segment and `{name:path}` is one or more. Gives a pattern for
    the whole path; letters match in any case and a trailing slash is allowed.
    """
    pattern, end = "", 0
    for found in PLACEHOLDER.finditer(template):
        pattern += re.escape(template[end : found.start()])
        pattern += f"(?P<{found[1]}>{'.+?' if found[2] else '[^/]+'})"
        end = found.end()
    return re.compile(pattern + re.escape(template[end:]) + "/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route[Handler, Detail]:
    """A handler and what its declaration said."""

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    detail: Detail


@dataclass(slots=True)
class RouteTable[Handler, Detail]:
    """The routes of one service."""

    routes: list[Route[Handler, Detail]] = field(default_factory=list)

    def add(self, method: str, template: str, detail: Detail) -> Callable[[Handler], Handler]:
        """Declare a route; use as a decorator.

        Takes the method, the path template and the service's own details. Gives the decorator.
        """

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, template, compile_template(template), handler, detail))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route[Handler, Detail], dict[str, str]] | None:
        """Return the first route for a method and path with its path parameters, or None."""
        for route in self.routes:
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route, match.groupdict()
        return None
