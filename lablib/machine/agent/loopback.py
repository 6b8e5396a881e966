"""The loopback interface of a guest."""

from __future__ import annotations

import fcntl
import struct
from _socket import AF_INET, SOCK_DGRAM
from _socket import socket as Socket

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def bring_loopback_up() -> None:
    """A new network namespace has `lo`, but down (netdevice(7)); a student expects 127.0.0.1 to answer. Raises
    OSError."""
    inet = Socket(AF_INET, SOCK_DGRAM)
    fcntl.ioctl(inet, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
    inet.close()
