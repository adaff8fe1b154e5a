"""The app as a server: `streamlit run server.py`, warm before the first click and with the headers a browser obeys."""

import base64
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.pages_manager import PagesManager

from ui import warmup
from ui.compressed import Compressed

ROOT = Path(__file__).parent
MAX_SESSIONS = int(os.environ.get("LOSSVIZ_MAX_SESSIONS", "300"))
FRAME_ANCESTORS = os.environ.get("LOSSVIZ_FRAME_ANCESTORS", "'self'")
PROBES = ("/_stcore/health", "/ready")
CLOSED = ("/_stcore/upload_file", "/_stcore/metrics", "/_stcore/agent")  # the app has no use for them


def inline_scripts() -> str:
    """CSP sources of the scripts inside Streamlit's own page; they change with its release, so they are read."""
    page = (files("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def headers() -> dict[str, str]:
    """Security headers of every answer; components are blob: modules, styles are inline."""
    policy = [
        "default-src 'self'",
        f"script-src 'self' 'wasm-unsafe-eval' blob: {inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        f"frame-ancestors {FRAME_ANCESTORS}",
    ]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",  # the visitor's text is in the address
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


class SecurityHeaders:
    """Adds the security headers to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.headers = app, headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class Visits:
    """Tells the warm-up that a visitor is being served."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PROBES:
            warmup.visited()
        await self.app(scope, receive, send)


HALF_PAIR = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # how a browser writes half of a surrogate pair
REPLACEMENT = "\ufffd".encode()  # as long, so that the lengths inside a message still hold


def well_formed(message: bytes) -> bytes:
    """A visitor's message as it is, or, where text in it is no UTF-8, with U+FFFD for each half of a surrogate pair."""
    try:
        BackMsg.FromString(message)
    except DecodeError:
        return HALF_PAIR.sub(REPLACEMENT, message)
    return message


class WellFormed:
    """Mends messages with half a surrogate pair: Streamlit would drop each whole, and the visitor hear nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def mended() -> Message:
            message = await receive()
            if data := message.get("bytes"):
                message["bytes"] = well_formed(data)
            return message

        await self.app(scope, mended if scope["type"] == "websocket" else receive, send)


class Limits:
    """Refuses the routes that the app does not use, and further visitors when the process is full."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.sessions = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CLOSED):
            await PlainTextResponse("Not found.", status_code=404)(scope, receive, send)
        elif scope["type"] == "websocket" and self.sessions >= MAX_SESSIONS:
            await send(
                {"type": "websocket.close", "code": 1013, "reason": "The server is full; try again in a minute."}
            )
        elif scope["type"] == "websocket":
            await self._count(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.sessions += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.sessions -= 1


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Starts the warm-up beside the server, so that health answers at once."""
    warmup.start()
    yield


async def ready(_: Request) -> PlainTextResponse:
    """Whether a visitor would find everything loaded: 200, or 503 during the warm-up. Health is 200 from the start."""
    return PlainTextResponse("ready") if warmup.ready() else PlainTextResponse("warming up", status_code=503)


# A folder called pages makes Streamlit's first run in a process look for pages of its older kind: a link to one of ours
# would then open under the words "Page not found".
PagesManager.uses_pages_directory = False
app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    routes=[Route("/ready", ready)],
    middleware=list(map(Middleware, (Visits, SecurityHeaders, Limits, WellFormed, Compressed))),
)
