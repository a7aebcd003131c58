"""Listening sockets: opened with a clear refusal, closed so that nobody who has come by then goes without an answer."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress

from macropod_server.domain.errors import Invalid

_BACKLOG = 2048
_SO_ATTACH_FILTER = 26
"""From Linux's asm-generic/socket.h; the module `socket` does not name it."""

_TAKE_NO_BYTE = struct.pack("=HBBI", 0x06, 0, 0, 0)
"""A packet filter of one instruction, `ret #0`: see bpf(4), "BPF_RET"."""


def listen(host: str, port: int) -> socket.socket:
    """Raises `Invalid` naming the setting when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        raise Invalid.field(
            "MACROPOD_PORT",
            f"The server cannot listen on {host}:{port}: {reason}. "
            "Choose another with --host and --port, or end what listens there.",
        ) from None
    listener.listen(_BACKLOG)
    return listener


def let_nobody_in(listener: socket.socket) -> None:
    """Connections made by now can still be accepted; new ones are not made.

    A socket that is closed breaks the connections that wait in it, and their questions were sent already. Here who
    comes later gets no answer to its first packet, sends that again after a second, and by then meets the next server
    or a closed port. Only Linux can do this, and not everywhere without privileges; elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    instruction = ctypes.create_string_buffer(_TAKE_NO_BYTE)
    program = struct.pack("HL", 1, ctypes.addressof(instruction))
    with suppress(PermissionError):  # To a program without privileges some kernels refuse it.
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
