"""The app opens."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest


def test_home_opens_without_an_exception(visit: Callable[..., AppTest]) -> None:
    assert not visit().exception
