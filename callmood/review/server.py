"""The page by HTTP, for this machine alone.

The standard library's server does for one person and five addresses: there is nothing to install, and what it lets
through is on this page. Whoever knows the token in the address may use it, so it is random, and nothing else on the
machine's other pages can guess or fetch it: requests that name another host or come from another page are refused.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from socketserver import TCPServer
from typing import Any, Final

from callmood.errors import CallmoodError
from callmood.review.session import Session

HOST: Final = "127.0.0.1"
_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "": ("review.html", "text/html; charset=utf-8"),
    "review.js": ("review.js", "text/javascript; charset=utf-8"),
    "review.css": ("review.css", "text/css; charset=utf-8"),
}
_CLIP: Final = re.compile(r"clip/(\d{1,6})(/context)?\.wav")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; media-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MOST_BYTES: Final = 100_000
_PATIENCE_S: Final = 30.0
"""After which a client that says nothing is left."""


class ReviewServer(ThreadingHTTPServer):
    """Serves a session's page at ``address`` until it is shut down."""

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0) -> None:
        """``port`` 0: any that is free. Raises CallmoodError if it is not."""
        self.session = session
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise CallmoodError(
                f"Port {port} can't be used: {error.strerror}. Choose another with --port."
            ) from None

    def server_bind(self) -> None:
        """Without asking name servers for this machine's name, as HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = _PATIENCE_S
    protocol_version = "HTTP/1.1"
    server_version = "callmood"
    sys_version = ""

    def do_GET(self) -> None:
        place = self._place()
        if place is None:
            return
        if place in _FILES:
            name, kind = _FILES[place]
            self._answer(HTTPStatus.OK, files(__package__).joinpath("page", name).read_bytes(), kind)
        elif place == "contents":
            self._json(HTTPStatus.OK, self.server.session.contents())
        elif clip := _CLIP.fullmatch(place):
            self._clip(int(clip[1]), context=clip[2] is not None)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        place = self._place()
        if place is None:
            return
        length = self.headers.get("Content-Length", "")
        if place != "review":
            self._refuse(HTTPStatus.NOT_FOUND)
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        elif not length.isdecimal() or int(length) > _MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._save(self.rfile.read(int(length)))

    def _save(self, body: bytes) -> None:
        try:
            answer = json.loads(body)
            if not isinstance(answer, dict):
                raise ValueError("no object")
            self._json(HTTPStatus.OK, self.server.session.save(answer))
        except CallmoodError as error:
            self._json(HTTPStatus.CONFLICT, {"error": str(error)})
        except (ValueError, IndexError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _clip(self, index: int, *, context: bool) -> None:
        try:
            self._answer(HTTPStatus.OK, self.server.session.sound(index, context=context), "audio/wav")
        except IndexError:
            self._refuse(HTTPStatus.NOT_FOUND)
        except CallmoodError as error:
            self._json(HTTPStatus.CONFLICT, {"error": str(error)})

    def _place(self) -> str | None:
        """What is asked for, after the token. None, and an answer, if this is not the page's own request."""
        own = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}
        origin = self.headers.get("Origin")
        from_elsewhere = self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        _, _, path = self.path.partition("?")[0].partition("/")
        token, slash, place = path.partition("/")
        if (
            self.headers.get("Host") not in own
            or (origin is not None and origin.removeprefix("http://") not in own)
            or from_elsewhere
            or not secrets.compare_digest(token.encode(), self.server.token.encode())
            or not slash
        ):
            self._refuse(HTTPStatus.NOT_FOUND)
            return None
        return place

    def _json(self, status: HTTPStatus, contents: Mapping[str, Any]) -> None:
        self._answer(status, json.dumps(contents).encode(), "application/json")

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # its body, if it has one, was not read
        self._answer(status, status.phrase.encode(), "text/plain; charset=utf-8")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: addresses hold the token."""
