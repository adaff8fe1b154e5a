"""The warm-up runs once, ends whatever happens, and says what happened."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from ui import warmup


@pytest.fixture
def cold() -> ModuleType:
    """The module as a new process sees it."""
    spec = spec_from_file_location("cold_warmup", warmup.__file__)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_runs_once_however_many_visitors_start_it(cold: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(cold, "warm", lambda: runs.append(1))
    for _ in range(3):
        cold.start()
        assert cold.wait(20)
    assert cold.ready() and len(runs) == 1


def test_a_cold_process_is_not_ready(cold: ModuleType) -> None:
    assert not cold.ready()


def test_a_fault_is_logged_and_lets_the_pages_go_on(
    cold: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError("no checkpoint")

    monkeypatch.setattr(cold, "warm", fail)
    assert cold.wait(20)
    assert cold.ready() and "no checkpoint" in caplog.text
