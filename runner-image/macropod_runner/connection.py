"""One kept-alive HTTP/1.1 connection on a bare socket: importing http.client takes as long as starting Python."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedReader
from typing import NamedTuple
from urllib.parse import urlsplit

from macropod_runner import __version__
from macropod_runner.file_body import FileBody

_CONNECT_SECONDS = 10.0
_FETCH_SECONDS = 30.0
_BLOCK = 256 * 1024
_CONTINUE = 100
_WANTED_SECONDS = 5.0
"""How long a server may take to say that it wants the body; one that does not know this way says nothing."""


class Unreachable(Exception):
    """The server did not answer, or not in HTTP."""


class Response(NamedTuple):
    """`blocks` has to be read to its end before the next request; it may raise `Unreachable`."""

    status: int
    blocks: Iterator[bytes]


def fetch(url: str, keep: Callable[[bytes], object]) -> None:
    """The whole of what is at an address that is not the server's: no token goes there. Raises `Unreachable`."""
    parts = urlsplit(url)
    connection = Connection(f"{parts.scheme}://{parts.netloc}", None)
    try:
        path = f"{parts.path or '/'}?{parts.query}"
        answer = connection.request("GET", path, body=b"", content_type="", timeout=_FETCH_SECONDS)
        if answer.status != 200:
            raise Unreachable(f"{parts.hostname} answered {answer.status}")
        for block in answer.blocks:
            keep(block)
    finally:
        connection.close()


class Connection:
    """`token` is the run's, None for whom it does not concern.

    Connects when needed. After any trouble it is closed and the next request connects anew.
    """

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        own = f"Authorization: Bearer {token}\r\nMacropod-Runner: {__version__}\r\n" if token is not None else ""
        self._headers = f"Host: {parts.netloc.rpartition('@')[2]}\r\nAccept-Encoding: identity\r\n{own}"
        self._socket: socket.socket | None = None
        self._reader: BufferedReader | None = None

    def request(
        self, method: str, path: str, *, body: bytes | FileBody, content_type: str, timeout: float, headers: str = ""
    ) -> Response:
        """`headers` are further ones, each with its end of line."""
        about = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n" if content_type else ""
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._headers}{headers}{about}"
        try:
            line = self._connected()
            line.settimeout(timeout)
            if not isinstance(body, bytes):
                return self._send_when_wanted(line, head, body)
            line.sendall(f"{head}\r\n".encode() + body)
            return self._response()
        except (OSError, ValueError) as error:
            self.close()
            raise Unreachable(str(error) or type(error).__name__) from error

    def close(self) -> None:
        reader, self._reader = self._reader, None
        line, self._socket = self._socket, None
        for each in (reader, line):
            if each is not None:
                with suppress(OSError):
                    each.close()

    def hang_up(self) -> None:
        """Make a request that waits in another thread fail at once."""
        line = self._socket
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()  # nothing is awaited, so what can be read is the end
        if self._socket is None:
            line = socket.create_connection((self._host, self._port), _CONNECT_SECONDS)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._secured(line) if self._secure else line
            self._reader = self._socket.makefile("rb")
        return self._socket

    def _secured(self, line: socket.socket) -> socket.socket:
        import ssl

        return ssl.create_default_context().wrap_socket(line, server_hostname=self._host)

    def _send_when_wanted(self, line: socket.socket, head: str, body: FileBody) -> Response:
        """A server that refuses it says so first: in the midst of a body nobody would hear that."""
        line.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        if select.select([line], [], [], _WANTED_SECONDS)[0]:
            status, headers = self._head()
            if status != _CONTINUE:
                return self._answer(status, headers | {"connection": "close"})
        for block in body:
            line.sendall(block)
        return self._response()

    def _response(self) -> Response:
        status, headers = self._head()
        while 100 <= status < 200:
            status, headers = self._head()
        return self._answer(status, headers)

    def _answer(self, status: int, headers: dict[str, str]) -> Response:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            blocks = self._chunks()
        elif status == 204 or "content-length" in headers:
            blocks = self._measured(int(headers.get("content-length", 0)))
        else:
            blocks = self._until_closed()
        return Response(status, self._guarded(blocks, closes="close" in headers.get("connection", "").lower()))

    def _head(self) -> tuple[int, dict[str, str]]:
        version, _, rest = self._line().partition(" ")
        if not version.startswith("HTTP/1."):
            raise ConnectionError(f"The answer begins with {version[:40]!r}, not with HTTP/1.1.")
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(rest[:3]), headers

    def _guarded(self, blocks: Iterator[bytes], *, closes: bool) -> Iterator[bytes]:
        try:
            yield from blocks
        except (OSError, ValueError) as error:
            closes = True
            raise Unreachable(str(error) or type(error).__name__) from error
        except GeneratorExit:
            closes = True
            raise
        finally:
            if closes:
                self.close()

    def _measured(self, size: int) -> Iterator[bytes]:
        while size > 0:
            block = self._read(min(size, _BLOCK))
            size -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line().partition(";")[0], 16):
            yield from self._measured(size)
            self._line()
        while self._line():
            pass

    def _until_closed(self) -> Iterator[bytes]:
        while block := self._open_reader().read1(_BLOCK):
            yield block
        self.close()

    def _read(self, size: int) -> bytes:
        block = self._open_reader().read1(size)
        if not block:
            raise ConnectionError("The connection ended in the middle of an answer.")
        return block

    def _line(self) -> str:
        line = self._open_reader().readline(65536)
        if not line.endswith(b"\n"):
            raise ConnectionError("The connection ended before the answer.")
        return line.decode("latin-1").rstrip("\r\n")

    def _open_reader(self) -> BufferedReader:
        if self._reader is None:
            raise ConnectionError("The connection was closed.")
        return self._reader
