"""Streamlit's own scripts and styles, compressed once in the background: a first visit is a third of the bytes."""

import gzip
import mimetypes
from importlib.resources import files
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

FOREVER = "public, immutable, max-age=31536000"  # their names change with their content
_ready: dict[str, tuple[str, bytes]] = {}


def compress() -> None:
    """Compress every script and style of Streamlit's front end; what is ready is served from then on. Takes a second."""
    folder = Path(str(files("streamlit"))) / "static" / "static"
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".js", ".css"):
            kind = mimetypes.guess_type(path.name)[0] or "text/plain"
            _ready[path.relative_to(folder).as_posix()] = kind, gzip.compress(path.read_bytes(), mtime=0)


class Compressed:
    """Answers from memory for a compressed file, where the browser takes gzip; everything else goes on as it came."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _ready.get(scope["path"].rpartition("/static/")[2]) if scope["type"] == "http" else None
        if found and scope["method"] == "GET" and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
            await _answer(*found, send)
        else:
            await self.app(scope, receive, send)


async def _answer(kind: str, body: bytes, send: Send) -> None:
    headers = {
        "content-type": f"{kind}; charset=utf-8",
        "content-encoding": "gzip",
        "content-length": str(len(body)),
        "cache-control": FOREVER,
        "vary": "accept-encoding",
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
