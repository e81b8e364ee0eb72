"""Route templates match as in ASP.NET Core, and what it refuses is refused."""

import pytest

from local.host.errors import StartRefusedError
from local.host.routes import parse_route


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("a/b", "A/B", {}),
        ("a/b", "a", None),
        ("a/b", "a/b/c", None),
        ("a/{id}", "a/1", {"id": "1"}),
        ("a/{id}", "a", None),
        ("a/{id}", "a/", None),
        ("a/{id?}", "a", {}),
        ("a/{id=7}", "a", {"id": "7"}),
        ("a/{id=7}", "a/8", {"id": "8"}),
        ("a/{*rest}", "a/b/c", {"rest": "b/c"}),
        ("a/{**rest}", "a", {}),
        ("{id:int}", "-12", {"id": "-12"}),
        ("{id:int}", "2147483648", None),
        ("{id:long}", "2147483648", {"id": "2147483648"}),
        ("{id:int:min(3)}", "2", None),
        ("{id:range(1,3)}", "3", {"id": "3"}),
        ("{id:max(3)}", "4", None),
        ("{id:alpha:length(2,3)}", "abc", {"id": "abc"}),
        ("{id:length(2)}", "abc", None),
        ("{id:minlength(2)}", "a", None),
        ("{id:maxlength(2)}", "abc", None),
        ("{id:bool}", "TRUE", {"id": "TRUE"}),
        ("{id:decimal}", "1.5", {"id": "1.5"}),
        ("{id:guid?}", "", {}),
        (r"{id:regex(^\d{{2}}$)}", "12", {"id": "12"}),
        (r"{id:regex(^\d{{2}}$)}", "123", None),
    ],
)
def test_template_matches(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A path gives the parameters of the route, or does not match it."""
    parts = path.split("/") if path else []

    assert parse_route(template, where="Function f").match(parts) == expected


def test_most_specific_route_comes_first() -> None:
    """A literal goes before a constrained parameter, that before a plain one, a catch-all last."""
    templates = ["{*rest}", "{*rest:guid}", "{id}", "{id:guid}", "all"]

    ordered = sorted(templates, key=lambda template: parse_route(template, where="f").precedence)

    assert ordered == ["all", "{id:guid}", "{id}", "{*rest:guid}", "{*rest}"]


@pytest.mark.parametrize(
    "template",
    [
        "/a",
        "~/a",
        "a/{id",
        "a/id}",
        "a/{}",
        "a/x{id}",
        "{a}.{b}",
        "{id?}/a",
        "{*rest}/a",
        "{id}/{ID}",
        "{id:vin}",
    ],
)
def test_malformed_template_is_refused(template: str) -> None:
    """A template that no route can be made of is named, with its function."""
    with pytest.raises(StartRefusedError, match="Function f: route"):
        parse_route(template, where="Function f")


@pytest.mark.parametrize(
    "constraint", ["range(1,2,3)", "min(1,2)", "min(a)", "regex([)", "int(1,2)", "guid(1)"]
)
def test_malformed_constraint_is_refused(constraint: str) -> None:
    """A constraint with arguments that do not fit is no constraint."""
    with pytest.raises(StartRefusedError, match="does not know the constraint"):
        parse_route("{id:" + constraint + "}", where="Function f")
