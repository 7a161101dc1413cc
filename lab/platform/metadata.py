"""The instance metadata service, as a virtual machine of Azure sees it."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from notices import Notices

VERSIONS = (
    "2017-08-01",
    "2019-06-01",
    "2020-07-01",
    "2020-09-01",
    "2021-01-01",
    "2021-02-01",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2025-04-07",
)
USER_DATA_SINCE = "2021-01-01"
REQUESTS_A_SECOND = 5
LARGEST_BODY = 65536
PATIENCE = 10.0


def unique_id(instance: dict[str, Any]) -> str:
    """Azure's own id of the machine that an instance document is about."""
    return str(instance["compute"]["vmId"])


@dataclass
class Machine:
    """The service's knowledge of one machine."""

    key: str
    instance: dict[str, Any]
    user_data: str
    notices: Notices
    asked: deque[float] = field(default_factory=deque[float])

    @property
    def unique_id(self) -> str:
        """Another one means another machine, whatever its name."""
        return unique_id(self.instance)

    def too_often(self, now: float) -> bool:
        """Whether this request is above the limit; counts it if it is not."""
        while self.asked and now - self.asked[0] >= 1.0:
            self.asked.popleft()
        if len(self.asked) >= REQUESTS_A_SECOND:
            return True
        self.asked.append(now)
        return False


@dataclass(frozen=True)
class Request:
    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: str
    type: str = "application/json; charset=utf-8"
    wait: float = 0.0


Approve = Callable[[str, list[str]], None]

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
REASONS |= {429: "Too Many Requests"}


def refusal(status: int, text: str, **more: object) -> Response:
    """An error in the service's own form."""
    return Response(status, json.dumps({"error": text, **more}))


def answer(machine: Machine, request: Request, approve: Approve) -> Response:
    """The service's answer to a request. Pure but for the machine's request count."""
    refused = _unwelcome(machine, request)
    if refused is not None:
        return refused
    if request.path == ("metadata", "versions"):
        return Response(200, json.dumps({"apiVersions": list(VERSIONS)}))
    version = request.query.get("api-version", "")
    if version not in VERSIONS:
        text = "Bad request. api-version is invalid or was not specified in the request."
        return refusal(400, text, **{"newest-versions": list(reversed(VERSIONS[-3:]))})
    if request.path[1:2] == ("instance",):
        return _instance(machine, request, version)
    if request.path[1:] == ("scheduledevents",):
        return _events(machine, request, approve)
    return refusal(404, "Not found")


def _unwelcome(machine: Machine, request: Request) -> Response | None:
    """The refusal of a request that is not even looked at."""
    if request.headers.get("metadata", "").lower() != "true":
        return refusal(400, "Bad request. Required metadata header not specified")
    if "x-forwarded-for" in request.headers:
        return refusal(400, "Bad request. Request must not contain X-Forwarded-For header")
    if machine.too_often(time.monotonic()):
        return refusal(429, "Too many requests")
    if request.path[:1] != ("metadata",):
        return refusal(404, "Not found")
    return None


def _instance(machine: Machine, request: Request, version: str) -> Response:
    if request.method != "GET":
        return refusal(405, "Method not allowed")
    compute = dict(machine.instance["compute"])
    if version >= USER_DATA_SINCE:
        compute["userData"] = machine.user_data
    node: object = {**machine.instance, "compute": compute}
    for part in request.path[2:]:
        node = _below(node, part)
        if node is None:
            return refusal(404, "Not found")
    form = request.query.get("format", "json")
    leaf = not isinstance(node, dict | list)
    if form == "text":
        text = str(node) if leaf else "\n".join(_listing(node))
        return Response(200, text, "text/plain; charset=utf-8")
    if form == "json" and not leaf:
        return Response(200, json.dumps(node))
    # A leaf has no JSON form here: format=text must be asked for.
    return refusal(400, "Bad request. Requested format is not supported for this node")


def _below(node: object, part: str) -> object:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None


def _listing(node: Mapping[str, object] | Sequence[object]) -> list[str]:
    keys = [str(key) for key in (node if isinstance(node, Mapping) else range(len(node)))]
    return [f"{key}/" if isinstance(_below(node, key), dict | list) else key for key in keys]


def _events(machine: Machine, request: Request, approve: Approve) -> Response:
    if request.method == "GET":
        # The server of the connection waits these seconds out.
        wait = machine.notices.ask()
        return Response(200, machine.notices.document(), wait=wait)
    if request.method != "POST":
        return refusal(405, "Method not allowed")
    wanted = machine.notices.approved(request.body)
    if wanted is None:
        return refusal(400, "Bad request. Malformed StartRequests")
    approve(machine.key, wanted)
    return Response(200, "")


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    machines: Callable[[], dict[str, Machine]],
    approve: Approve,
) -> None:
    """One connection: one request, told apart by the address that it comes from."""
    try:
        async with asyncio.timeout(PATIENCE):
            machine = machines().get(writer.get_extra_info("peername")[0])
            request = await _read(reader)
            if machine is None:
                reply = refusal(404, "Not found")
            elif request is None:
                reply = refusal(400, "Bad request")
            else:
                reply = answer(machine, request, approve)
        await asyncio.sleep(reply.wait)
        async with asyncio.timeout(PATIENCE):
            body = reply.body.encode()
            head = [
                f"HTTP/1.1 {reply.status} {REASONS[reply.status]}",
                f"Content-Type: {reply.type}",
                f"Content-Length: {len(body)}",
                "Server: IMDS/150.870.65.1854",
                "Connection: close",
            ]
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + body)
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # A client that goes, or that never comes to its point, gets no answer.
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ")
    if len(words) != 3:
        return None
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    target = urlsplit(words[1])
    query = {name.lower(): values[-1] for name, values in parse_qs(target.query).items()}
    path = tuple(unquote(part) for part in target.path.split("/") if part)
    return Request(words[0], path, query, headers, await reader.readexactly(int(length)))
