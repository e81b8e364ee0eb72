"""Claims about reading a body as strict JSON."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InvalidRequest
from pipeline.triggers.http_bodies import MAX_BODY_BYTES, decode, trim

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    """Write lists inside lists."""
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


class TestDecode:
    """What a body may be."""

    def test_trims_every_string(self) -> None:
        """Stray spaces around a value, at any depth, are removed; those inside stay."""
        decoded = decode(b'{"a": " x y\\n", "b": [{"c": "\\u00a0z\\u200b "}]}')

        assert decoded == {"a": "x y", "b": [{"c": "z"}]}

    def test_passes_over_a_byte_order_mark(self) -> None:
        """A byte order mark, as some editors write it, does no harm."""
        assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            (b"", "The body is empty."),
            (b"  \n", "The body is empty."),
            (b"{", "The body is not JSON: see line 1, column 2."),
            (b"\xff{}", "The body is not UTF-8."),
            ("{}".encode("utf-16"), "The body is not UTF-8."),
            (b"[]", "The body is not a JSON object."),
            (b"null", "The body is not a JSON object."),
            (b'{"a": NaN}', "The body holds NaN, which JSON does not have."),
            (b'{"a": -Infinity}', "The body holds -Infinity, which JSON does not have."),
            (b'{"a": ' + b"9" * 5000 + b"}", "The body holds a number that is too long."),
            (b'{"a": 1, "a": 2}', "The body gives a twice."),
            (b'{"b": {"a": 1, "a": 1}}', "The body gives a twice."),
            (nested(17), "The body is nested too deeply."),
            (nested(30_000), "The body is nested too deeply."),
            (b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}', "The body is too large."),
        ],
        ids=lambda value: value[:12] if isinstance(value, bytes) else "",
    )
    def test_refuses_what_is_not_strict_json(self, body: bytes, detail: str) -> None:
        """Whatever RFC 8259 does not have, or a parser may read in two ways, is refused with its name."""
        with pytest.raises(InvalidRequest) as raised:
            decode(body)

        assert raised.value.detail == detail
        assert len(raised.value.errors) == 1

    def test_takes_a_body_of_64_kib(self) -> None:
        """The limit itself is within the limit."""
        text = "x" * (MAX_BODY_BYTES - len(b'{"a":""}'))

        assert decode(b'{"a":"' + text.encode() + b'"}') == {"a": text}

    @given(JSON)
    def test_any_json_is_decoded_or_refused(self, value: object) -> None:
        """No JSON of any shape ends in another error than InvalidRequest."""
        with contextlib.suppress(InvalidRequest):
            assert isinstance(decode(json.dumps(value).encode()), dict)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_decoded_or_refused(self, body: bytes) -> None:
        """No bytes end in another error than InvalidRequest."""
        with contextlib.suppress(InvalidRequest):
            assert isinstance(decode(body), dict)


@given(st.text() | st.text("\u200b \ufeffx\u3000\n"))
def test_trimming_twice_changes_nothing(text: str) -> None:
    """What is trimmed is trimmed whole, visible and invisible white space in any order."""
    assert trim(trim(text)) == trim(text)
