"""The app without a browser, always through its entry point."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.chromium import ROOT
from ui import warmup


@pytest.fixture
def visit() -> Callable[..., AppTest]:
    """`visit("causal_lm", shift="2")` opens pages/causal_lm.py by a link; without a name, the home page."""
    warmup.wait()

    def visit_(name: str = "home", **address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for key, value in address.items():
            app.query_params[key] = value
        app.run()
        return app.switch_page(f"pages/{name}.py").run() if name != "home" else app

    return visit_
