"""A metadata service that says what the files in its folder say, read at each request.
Arguments: the folder, the file of the policy in force, and the probe's port.

  userData   the answer; none: 404
  status     another status than 200
  slow       seconds between two bytes of the answer
  hang       there while no answer comes at all; `hung` is written by the request that waits

Asks for `Metadata: true`, as Azure does. On the probe's port it stands for the NVA's own health,
which is 503 while the policy whose hash is in the file `breaks` is in force.
"""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER, POLICY, PROBE_PORT = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])


def say_file(name: str, default: str) -> str:
    """Content of a file of the folder."""
    try:
        return (FOLDER / name).read_text().strip()
    except FileNotFoundError:
        return default


class Imds(BaseHTTPRequestHandler):
    """Answers for userData."""

    def do_GET(self) -> None:
        """One answer, as slow as asked for."""
        while (FOLDER / "hang").exists():
            (FOLDER / "hung").touch()
            time.sleep(0.05)
        body = say_file("userData", "").encode()
        status = int(say_file("status", "200"))
        if self.headers.get("Metadata") != "true" or "compute/userData" not in self.path:
            status = 400
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if slow := float(say_file("slow", "0")):
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                time.sleep(slow)
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


class Health(Imds):
    """Answers for the NVA's health."""

    def do_GET(self) -> None:
        """Well, unless the policy in force is the one that breaks it."""
        in_force = POLICY.read_text() if POLICY.exists() else ""
        broken = f'"hash": "{say_file("breaks", "-")}", "source"' in in_force
        self.send_response(503 if broken else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def main() -> None:
    """Serves on loopback until it is ended."""
    health = ThreadingHTTPServer(("127.0.0.1", PROBE_PORT), Health)
    threading.Thread(target=health.serve_forever, daemon=True).start()
    imds = ThreadingHTTPServer(("127.0.0.1", 8169), Imds)
    print("ready", flush=True)
    imds.serve_forever()


if __name__ == "__main__":
    main()
