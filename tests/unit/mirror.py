"""A mirror with one suite, on this machine: packages that dpkg-deb(1) made, and a server that may stop half way."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: Ada <ada@example.org>
{more}Description: the kernel's source, or what goes for it
"""


def add_package(mirror: Path, name: str, version: str, content: Path, more: str = "") -> Path:
    """Packs `content`, which becomes the package's `usr`, and lists it in the mirror's index; `more` is for the file
    that describes it."""
    made = mirror.parent / f"{name}_{version}"
    (made / "DEBIAN").mkdir(parents=True)
    control = CONTROL.format(name=name, version=version, more=more)
    (made / "DEBIAN/control").write_text(control)
    content.rename(made / "usr")
    mirror.mkdir(exist_ok=True)
    file = mirror / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--build", made, file], check=True, capture_output=True)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with (mirror / "Packages").open("a") as index:
        index.write(f"{control}Filename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n\n")
    return file


def add_suite(mirror: Path, suite: str, codename: str) -> None:
    """Gives the packages that are listed now to a suite of their own, whose Release file calls it `codename`."""
    asked = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    architecture = asked.stdout.strip()
    folder, index = mirror / "dists" / suite, f"main/binary-{architecture}/Packages"
    (folder / index).parent.mkdir(parents=True)
    (mirror / "Packages").rename(folder / index)
    content = (folder / index).read_bytes()
    release = f"Codename: {codename}\nArchitectures: {architecture}\nComponents: main\nSHA256:\n"
    digest = hashlib.sha256(content).hexdigest()
    (folder / "Release").write_text(f"{release} {digest} {len(content)} {index}\n")


class Server:
    """What is asked of it, and how much of a file it gives before it hangs up."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.given: int | None = None
        self.ranges: list[str] = []
        """The Range headers of the packages asked for; empty for the whole."""


@contextmanager
def serve(mirror: Path) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            file = mirror / unquote(self.path).lstrip("/")
            if not file.is_file():
                self.send_error(404)
                return
            data, wanted = file.read_bytes(), self.headers.get("Range", "")
            start = int(wanted.removeprefix("bytes=").partition("-")[0] or 0)
            if file.suffix == ".deb":
                server.ranges.append(wanted)
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.send_header("Last-Modified", formatdate(file.stat().st_mtime, usegmt=True))
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            cut = server.given is not None and file.suffix == ".deb"
            self.wfile.write(data[start : start + (server.given or 0)] if cut else data[start:])
            self.close_connection = cut

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_port}")
        Thread(target=http.serve_forever, daemon=True).start()
        yield server
        http.shutdown()
