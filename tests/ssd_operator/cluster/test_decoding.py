"""What msgspec decodes is what the standard library decodes; what is no JSON is a ValueError from both."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_operator.cluster import decode

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_it_means_the_same(value: object, escaped: bool) -> None:
    """Numbers of any size, texts in any script, escaped or not."""
    written = json.dumps(value, ensure_ascii=escaped)
    assert decode(written) == decode(written.encode()) == json.loads(written)


@pytest.mark.parametrize("text", [b"", b"{", b'{"kind": "Job"', b"<html>", b"\xff", b'"\xed\xa0\x80"', b"{} {}"])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    """An answer that was cut off, a proxy's page, bytes that are no text."""
    with pytest.raises(ValueError):  # noqa: PT011 - the class is the contract, the words are the library's
        decode(text)
