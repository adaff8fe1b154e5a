"""Every page opens, and its picture is there."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.chromium import ROOT

NAMES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_a_picture_and_without_an_exception(visit: Callable[..., AppTest], name: str) -> None:
    app = visit(name)
    assert not app.exception
    assert app.title[0].value and len(app.get("bidi_component"))
