"""Every test alike: the same draws, one thread, and no network."""

import ipaddress
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

settings.register_profile("lossviz", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("lossviz")


@pytest.fixture(scope="session", autouse=True)
def offline() -> Any:
    """A connection that would leave this machine is an error that names its goal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _on_loopback(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _on_loopback(socket.socket.connect_ex))
        yield


def _on_loopback(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise RuntimeError(f"tests stay on this machine, and this one calls {address[0]}: use data made here")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
