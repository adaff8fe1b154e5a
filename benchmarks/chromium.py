"""A real Chromium in front of a real server: what the benchmark and the browser tests share."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from playwright.sync_api import Browser, Page, Playwright, TimeoutError

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (  # a root's container has no sandbox, and a browser under measurement calls nobody
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@dataclass(frozen=True)
class Server:
    """A running app: its address, its process, its log, and the seconds from its start to its first health."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    seconds_to_health: float

    def faults(self) -> str:
        """The log from its first traceback on, or nothing."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text[text.index("Traceback") :] if "Traceback" in text else ""


def executable() -> str | None:
    """The Chromium to use: `CHROMIUM`, or the first that the system has; None if there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium without a window."""
    return playwright.chromium.launch(executable_path=executable(), args=QUIET)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(script: Path, *options: str, **settings: str) -> Iterator[Server]:
    """Run `streamlit run script` on a free port until the block ends; `settings` go into its environment."""
    port, log = free_port(), Path(tempfile.mkstemp(suffix=".log")[1])
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    quiet = ["--server.headless", "true", "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    began = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *quiet, *options], cwd=script.parent, env=os.environ | settings, stdout=out, stderr=out
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_health(url, process, log)
        yield Server(url, process, log, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(10)
        log.unlink()


def wait_for_health(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Ask for health until it answers; RuntimeError with the log when the server ends or takes too long."""
    deadline = time.perf_counter() + seconds
    while not answers(f"{url}/_stcore/health"):
        if process.poll() is not None or time.perf_counter() > deadline:
            raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.01)


def wait_until_ready(server: Server, seconds: float = 120) -> None:
    """Ask our server until it has loaded everything; RuntimeError with its log when that takes too long."""
    deadline = time.perf_counter() + seconds
    while not answers(f"{server.url}/ready"):
        if time.perf_counter() > deadline:
            raise RuntimeError(f"the server is not ready after {seconds} s:\n{server.log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether the address answers, and with success."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False
    return True


def settled(page: Page, seconds: float = 60) -> None:
    """Wait until the page is connected, its script has ended and nothing is a placeholder any more."""
    idle = """() => document.querySelector(
        "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]")
        && !document.querySelector("[data-testid=stSkeleton]")"""
    page.wait_for_function(idle, timeout=seconds * 1000)


def debounced(page: Page) -> None:
    """Wait through Streamlit's delay between an input and its run, then until the run has ended."""
    with contextlib.suppress(TimeoutError):
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=running]", timeout=250)
    settled(page)
