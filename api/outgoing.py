"""Calls to other machines: only to hosts that were named before, and never into the network behind us (OWASP SSRF Prevention Cheat Sheet).

A call goes over https to a host of the list. Its name is resolved once, each address that it stands for must be a public one (RFC 6890),
and the connection is made to the address that was checked, so that a name cannot mean something else a moment later. No redirect is
followed, no proxy of the environment is used, an answer is read up to `BODY_MAX`, and after `PATIENCE_S` in all the call is over.

Whoever runs the platform may open the private network for a host (`private=True`: an identity provider within a government's own
network); link-local and multicast addresses, where clouds keep their secrets, stay closed all the same. Without TLS only the loopback
is spoken to, and only where it was opened.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
import httpx

PATIENCE_S = 5.0
BODY_MAX = 2**20
PORT_MAX = 65535
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
_NAMES = ThreadPoolExecutor(max_workers=8, thread_name_prefix="names")  # the system's resolver takes no deadline


class OutgoingRefused(Exception):
    """An address that this platform does not call; nothing was sent."""

    code = "outgoing.refused"

    def __init__(self, *, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{url}: {reason}")


class OutgoingFailed(Exception):
    """The other machine did not answer, or not in time, or with too much."""

    code = "outgoing.failed"

    def __init__(self, *, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{url}: {reason}: try again later, or ask who runs it")


def addresses(host: str, port: int) -> list[str]:
    """What the system's resolver says of a name, without duplicates."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a call may reach: the hosts by name, and whether they may lie in a private network."""

    hosts: frozenset[str]
    private: bool = False
    resolve: Resolve = addresses
    patience_s: float = PATIENCE_S

    def checked(self, url: httpx.URL) -> str:
        """The host of an address that may be called. Raises OutgoingRefused; no name is resolved yet."""
        shown = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
        host = url.raw_host.decode("ascii", "replace").lower()
        if host not in self.hosts:
            raise OutgoingRefused(url=host or shown, reason="this host was not named as one to call")
        if url.userinfo:
            raise OutgoingRefused(url=host, reason="leave name and password out of the address")
        if not 1 <= (url.port or 443) <= PORT_MAX:
            raise OutgoingRefused(url=host, reason=f"a port is 1 to {PORT_MAX}")
        if url.scheme != "https" and not (url.scheme == "http" and self.private and is_loopback_name(host)):
            raise OutgoingRefused(url=shown, reason="only https:// is called")
        return host

    def found(self, host: str, port: int, *, deadline: float) -> list[str]:
        """The addresses behind a host, all of them open to us. Raises OutgoingRefused, OutgoingFailed."""
        try:
            named = _NAMES.submit(self.resolve, host, port).result(timeout=max(0.0, deadline - time.monotonic()))
        except (OSError, UnicodeError, TookTooLong) as error:
            raise OutgoingFailed(url=host, reason="the name was not found") from error
        for one in named:
            if not is_open(one, private=self.private):
                raise OutgoingRefused(url=host, reason="this name stands for an address of a private network")
        if not named:
            raise OutgoingFailed(url=host, reason="the name was not found")
        return named


def is_loopback_name(host: str) -> bool:
    """Whether a host is written as the loopback itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_open(address: str, *, private: bool = False) -> bool:
    """Whether an address may be called: a public one, or with `private` one of a private network or the loopback.

    An IPv6 address that carries an IPv4 one (RFC 4291, 2.5.5; RFC 3056; RFC 4380; RFC 6052) is as open as that is.
    """
    try:
        one: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_open(each, private=private) for each in _carried(one))


def _carried(address: Address) -> Iterable[Address]:
    """The address, or those that it carries."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    return (address, *(address.teredo or ()))


def _is_open(address: Address, *, private: bool) -> bool:
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    if address.is_loopback:
        return private
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return private
    if address.is_global:
        return not address.is_reserved
    return private and address.is_private and not address.is_reserved


class _Line(httpcore.NetworkStream):
    """A connection whose every step ends at the call's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self.stream.read(max_bytes, timeout=_left(self.deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self.stream.write(buffer, timeout=_left(self.deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = _left(self.deadline, httpcore.ConnectTimeout)
        return _Line(self.stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=left), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever a name may mean by now."""

    def __init__(self, named: list[str], deadline: float) -> None:
        self.named, self.deadline = named, deadline

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Any = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for one in self.named:
            try:
                stream = httpcore.SyncBackend().connect_tcp(one, port, timeout=_left(self.deadline, httpcore.ConnectTimeout))
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _Line(stream, self.deadline)
        raise failure


def _left(deadline: float, late: type[Exception]) -> float:
    """The seconds that are left; `late` where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the call took too long")
    return left


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class Transport(httpx.BaseTransport):
    """What a client of httpx sends through: each request is checked, pinned to its address, and over in time."""

    def __init__(self, reach: Reach, *, trust: ssl.SSLContext | None = None) -> None:
        self.reach, self.trust = reach, trust

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, read whole. Raises OutgoingRefused, OutgoingFailed."""
        deadline = time.monotonic() + self.reach.patience_s
        host = self.reach.checked(request.url)
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        named = self.reach.found(host, port, deadline=deadline)
        request.headers["Accept-Encoding"] = "identity"  # an answer packed a thousandfold is not unpacked
        try:
            with httpcore.ConnectionPool(
                ssl_context=self.trust or _trust(), max_connections=1, network_backend=_Pinned(named, deadline)
            ) as pool, pool.stream(
                request.method, str(request.url), headers=request.headers.raw, content=request.read()
            ) as answer:  # fmt: skip
                body = _read(answer.iter_stream(), url=host)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise OutgoingFailed(url=host, reason=_reason(error)) from error
        if any(name.lower() == b"content-encoding" and value.lower() != b"identity" for name, value in answer.headers):
            raise OutgoingFailed(url=host, reason="the answer is packed, which was not asked for")
        return httpx.Response(answer.status, headers=answer.headers, content=body, request=request)


def _read(chunks: Iterable[bytes], *, url: str) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > BODY_MAX:
            raise OutgoingFailed(url=url, reason=f"the answer is longer than {BODY_MAX} bytes")
    return bytes(body)


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return "there was no answer in time"
    return "the connection failed"


def client(reach: Reach, *, trust: ssl.SSLContext | None = None, **given: Any) -> httpx.Client:
    """A client of httpx that calls within `reach`. `trust` is who vouches for certificates, the usual authorities where nothing is said."""
    return httpx.Client(transport=Transport(reach, trust=trust), follow_redirects=False, trust_env=False, timeout=reach.patience_s, **given)


def call(reach: Reach, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"") -> httpx.Response:
    """One call. Its answer may be of any status, a redirect among them. Raises OutgoingRefused, OutgoingFailed."""
    with client(reach) as one:
        try:
            return one.request(method, url, headers=headers, content=content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            raise OutgoingRefused(url=url[:200], reason="this is no address of the web") from error
