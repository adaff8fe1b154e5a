"""The server alone: headers, closed routes, limits."""

import gzip
import re
import urllib.request
from urllib.error import HTTPError

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.chromium import ROOT, Server, serving
from server import well_formed

SAYS_TOO_BIG = 1009


def stream(server: Server) -> str:
    """The address of the server's websocket."""
    return f"{server.url.replace('http', 'ws')}/_stcore/stream"


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    with urllib.request.urlopen(server.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "'unsafe-eval'" not in policy and "script-src 'self'" in policy and "frame-ancestors 'self'" in policy


@pytest.mark.parametrize("path", ["_stcore/metrics", "_stcore/agent/openapi.json", "_stcore/upload_file/a/b"])
def test_routes_without_a_use_are_closed(server: Server, path: str) -> None:
    with pytest.raises(HTTPError, match="404") as refused:
        urllib.request.urlopen(f"{server.url}/{path}")
    refused.value.close()


def test_a_warm_server_says_so(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/ready") as answer:
        assert answer.read() == b"ready"


def test_a_script_is_compressed_for_its_second_visitor_and_is_the_same(server: Server) -> None:
    with urllib.request.urlopen(server.url) as answer:
        script = re.findall(r'src="\./(static/js/index\.[^"]+)"', answer.read().decode())[0]
    asked = urllib.request.Request(f"{server.url}/{script}", headers={"Accept-Encoding": "gzip"})
    plain = urllib.request.urlopen(f"{server.url}/{script}").read()
    for _ in range(1000):  # it is compressed beside the first answers
        with urllib.request.urlopen(asked) as answer:
            if answer.headers["Content-Encoding"] == "gzip":
                break
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with urllib.request.urlopen(asked) as answer:
        assert "javascript" in answer.headers["Content-Type"] and "immutable" in answer.headers["Cache-Control"]
        assert gzip.decompress(answer.read()) == plain


def test_a_stranger_page_cannot_open_a_session(server: Server) -> None:
    with pytest.raises(InvalidStatus, match="403"), connect(stream(server), origin=Origin("https://example.org")):
        pass


def test_a_message_beyond_the_limit_ends_the_session(server: Server) -> None:
    with connect(stream(server)) as session:
        with pytest.raises(ConnectionClosed):
            session.send(bytes(5_000_000))
            while True:
                session.recv(timeout=20)
        assert session.close_code == SAYS_TOO_BIG


def test_a_full_server_refuses_the_next_visitor_and_takes_one_when_one_has_gone() -> None:
    with serving(ROOT / "server.py", LOSSVIZ_MAX_SESSIONS="1") as server:
        with connect(stream(server)), pytest.raises(InvalidStatus, match="403"), connect(stream(server)):
            pass
        with connect(stream(server)):
            pass


def test_only_messages_that_are_no_utf_8_are_mended() -> None:
    good = BackMsg(rerun_script={"query_string": "text=\u4e2d"}).SerializeToString()
    broken = good.replace("\u4e2d".encode(), b"\xed\xa0\x80")
    assert well_formed(good) == good
    assert BackMsg.FromString(well_formed(broken)).rerun_script.query_string == "text=\ufffd"
