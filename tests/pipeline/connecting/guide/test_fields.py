"""Fields of a form: words for every field of every request type, and rules that are those of the type."""

import re
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from pipeline.authentication.methods import METHODS
from pipeline.connecting.guide.fields import Words, fields, undescribed
from pipeline.connecting.guide.views import GuideField
from pipeline.connecting.guide.ways import GUID, REQUEST_WORDS, WAYS
from pipeline.requests import ConnectRequest, MethodName, Request

FORMS = [(METHODS[name].request_type, WAYS[name].words) for name in WAYS]
ASKED = [
    pytest.param(of, field, id=f"{of.__name__}-{field.name}")
    for of, words in FORMS
    for field in fields(of, words)
]
GUIDS = st.from_regex(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", fullmatch=True)
TEXTS = (
    st.text(max_size=70) | GUIDS | st.dates().map(str) | st.sampled_from([GUID, GUID + "\n", "x" * 10_001])
)


def passes(field: GuideField, value: str) -> bool:
    """Tell what a form that knows nothing but the guide thinks of a value."""
    rules = field.validation
    return (
        (rules.min_length or 0) <= len(value)
        and (rules.max_length is None or len(value) <= rules.max_length)
        and (rules.pattern is None or re.search(rules.pattern, value) is not None)
    )


def accepted(of: type[Request], field: GuideField, value: str) -> bool:
    """Tell what the type that parses the request thinks of it."""
    described = inspect.type_info(of)
    assert isinstance(described, inspect.StructType)
    body = {one.encode_name: "x" if one.encode_name == "sign_in_id" else GUID for one in described.fields}
    if "secret_expires_on" in body:
        body["secret_expires_on"] = "2027-05-01"
    try:
        msgspec.convert({"method": described.tag, **body, field.name: value}, of)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(("of", "field"), ASKED)
@given(value=TEXTS)
def test_a_form_accepts_what_the_request_does(of: type[Request], field: GuideField, value: str) -> None:
    """Whatever is typed: the rules of the guide and the type that parses the request agree."""
    assert passes(field, value) == accepted(of, field, value)


def test_every_method_is_a_way() -> None:
    """The guide has each method that can be asked for, and the filter names the same."""
    assert set(WAYS) == set(METHODS) == set(MethodName.__value__.__args__)


@pytest.mark.parametrize(("of", "words"), [*FORMS, (ConnectRequest, REQUEST_WORDS)])
def test_every_field_has_words(of: type[Request], words: Sequence[Words]) -> None:
    """No field of a request is missing in its form, and each stands there once."""
    assert list(undescribed(of, words)) == []
    assert len({one.name for one in words}) == len(words)


def test_a_missing_field_is_found() -> None:
    """The rule above finds what it is there to find."""
    of, words = FORMS[0]

    assert list(undescribed(of, words[1:])) == [words[0].name]


def test_words_for_no_field_are_refused() -> None:
    """A form cannot ask for what the request does not take."""
    words = Words(name="password", label="x", help="x", example="x")

    with pytest.raises(KeyError):
        fields(FORMS[0][0], [words])


@pytest.mark.parametrize(("of", "field"), ASKED)
def test_what_is_required_is_what_the_request_misses(of: type[Request], field: GuideField) -> None:
    """A field is required exactly if the request has no default for it."""
    assert field.required == (field.name in of.__struct_fields__[: -len(of.__struct_defaults__) or None])


def test_secrets_are_marked() -> None:
    """The two that must never be shown again, and no other."""
    found = {field.name for of, words in FORMS for field in fields(of, words) if field.secret}

    assert found == {"client_secret", "certificate_pem"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "text"),
        ("subscription_ids", "list"),
        ("frequency", "choice"),
        ("services", "list"),
        ("sync_now", "boolean"),
    ],
)
def test_each_kind_of_field_is_told(name: str, kind: str) -> None:
    """A form knows which control to show."""
    found = {field.name: field for field in fields(ConnectRequest, REQUEST_WORDS, services=("defender",))}

    assert found[name].kind == kind


def test_choices_are_told() -> None:
    """Those of the type, and of the services those of this app."""
    found = {field.name: field for field in fields(ConnectRequest, REQUEST_WORDS, services=("defender",))}

    assert found["frequency"].validation.choices == ("daily", "hourly")
    assert found["services"].validation.choices == ("defender",)
    assert found["subscription_ids"].validation.format == "uuid"
    assert found["subscription_ids"].validation.min_items == 1


def test_a_form_knows_no_objects() -> None:
    """A field with fields of its own is told apart when it is declared."""
    words = Words(name="auth", label="x", help="x", example="x")

    with pytest.raises(TypeError, match="StructType"):
        fields(ConnectRequest, [words])
