"""Streamlit's own scripts and styles, compressed once: a first visit is a third of the bytes."""

import gzip
import mimetypes
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

FOREVER = "public, immutable, max-age=31536000"  # their names change with their content


class Compressed:
    """Answers from memory for a script or style, where the browser takes gzip; everything else goes on as it came.

    A file is compressed beside its first visitor, who gets it as it is: nobody waits for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        folder = Path(str(files("streamlit"))) / "static" / "static"
        known = (path for path in folder.rglob("*") if path.suffix in (".js", ".css"))
        self.waiting = {path.relative_to(folder).as_posix(): path for path in known}
        self.ready: dict[str, bytes] = {}
        self.beside = ThreadPoolExecutor(1, "compress")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].rpartition("/static/")[2] if _takes_gzip(scope) else ""
        if body := self.ready.get(name):
            await _answer(name, body, send)
            return
        if path := self.waiting.pop(name, None):
            self.beside.submit(self._compress, name, path)
        await self.app(scope, receive, send)

    def _compress(self, name: str, path: Path) -> None:
        self.ready[name] = gzip.compress(path.read_bytes(), mtime=0)


def _takes_gzip(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
    )


async def _answer(name: str, body: bytes, send: Send) -> None:
    headers = {
        "content-type": f"{mimetypes.guess_type(name)[0]}; charset=utf-8",
        "content-encoding": "gzip",
        "content-length": str(len(body)),
        "cache-control": FOREVER,
        "vary": "accept-encoding",
    }
    encoded = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
