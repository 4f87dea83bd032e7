"""Running a server: from settings to a listening socket, and back to an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import shlex
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from vestry import __version__, limits
from vestry.errors import Fault
from vestry.server.app import App
from vestry.server.committer import Committer, Published
from vestry.server.descriptors import Seats, raise_limit, room
from vestry.server.doors import Doors, Sockets
from vestry.server.front import Front
from vestry.server.handed_listeners import HandedListeners
from vestry.server.http_server import HttpServer
from vestry.server.identity_certificate import prove_identities
from vestry.server.installation import Installation
from vestry.server.issuers import IssuerKeys
from vestry.server.listening import CannotListen, endpoint_of
from vestry.server.log import Log
from vestry.server.operator import OperatorSocket, write_server_file
from vestry.server.pipeline import Pipeline
from vestry.server.protocol import BoundedProtocol
from vestry.server.ring import tend_ring
from vestry.server.settings import SERVICES, Clock, Settings
from vestry.server.signing_keys import keep_turning
from vestry.server.tls import Certificate, TlsError, private_authority
from vestry.server.transport import Turn
from vestry.server.usage import LastUsed
from vestry.store.database import Store, StoreError
from vestry.wire.model import load_service

FLUSH_SECONDS = 10

#: Requests leave hardly any cycles behind: looking for them less often saves a few microseconds a request.
GC_THRESHOLDS = (20_000, 20, 20)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says when it accepts requests."""

    event: str = "ready"
    endpoint: str
    public_url: str
    data: str
    metadata: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    version: str = __version__
    test_clock: bool = False


async def run(
    settings: Settings, clock: Clock, announce: Callable[[Ready], None], stop: asyncio.Event, log: Log
) -> None:
    """Serve until `stop` is set. Raises StoreError, TlsError and CannotListen when it cannot begin."""
    certificate = certificate_of(settings)
    with contextlib.ExitStack() as held:
        sockets = Sockets(settings, held)
        installation = Installation(settings)
        held.callback(installation.close)
        await _serve(settings, installation, sockets, certificate, clock, announce, stop, log)


async def _serve(
    settings: Settings,
    installation: Installation,
    sockets: Sockets,
    certificate: Certificate | None,
    clock: Clock,
    announce: Callable[[Ready], None],
    stop: asyncio.Event,
    log: Log,
) -> None:
    published = Published(installation.root)
    committer = Committer(published, installation.store, log)
    used = LastUsed(dict(installation.store.read_usage()))
    endpoint = endpoint_of(settings.host, sockets.endpoint.getsockname()[1], secure=certificate is not None)
    public_url = settings.public_url or endpoint
    issuers = IssuerKeys(log)
    pipeline = Pipeline(published, committer, installation.keyring, clock, used, issuers, public_url)
    front = Front(pipeline, [load_service(name) for name in SERVICES], log)
    operator = OperatorSocket(installation, committer, pipeline.decisions, clock, log)
    folder = installation.directory.path
    ready = Ready(
        endpoint=endpoint,
        public_url=public_url,
        data=str(folder),
        metadata=sockets.metadata_urls(),
        containers=sockets.container_urls(),
        test_clock=clock.adjustable,
    )
    shares = room()
    server = HttpServer(http_config(front, certificate, shares.endpoint), lambda: announce(ready))
    doors = Doors(pipeline.shared, published, clock, log, Seats(shares.link_local))
    handed = HandedListeners(folder, {"endpoint": server.serve_also, **doors.kinds}, log)
    await operator.open()
    handed.open()
    await doors.open(sockets)
    server_file = write_server_file(folder, endpoint, __version__, private_authority(settings.tls_cert))
    beside = [
        asyncio.create_task(_flush(committer, installation.store, used, log)),
        asyncio.create_task(_stop(server, handed, stop)),
        asyncio.create_task(keep_turning(published, committer, installation.keyring, clock, log)),
        asyncio.create_task(issuers.keep_fresh()),
        asyncio.create_task(pipeline.shared.sightings.keep_writing(committer)),
        asyncio.create_task(tend_ring(published, committer, clock, log)),
        asyncio.create_task(prove_identities(published, committer, installation.keyring, clock, log)),
    ]
    if certificate is not None:
        beside.append(asyncio.create_task(certificate.watch(log)))
    _spare_the_collector()
    try:
        await server.serve(sockets=[sockets.endpoint])
    finally:
        for task in beside:
            task.cancel()
        server_file.unlink(missing_ok=True)
        doors.close()
        await handed.close()
        await operator.close()
        await pipeline.shared.sightings.write(committer)
        await committer.close()
        _write_usage(installation.store, used, log)


def http_config(front: Front, certificate: Certificate | None, most: int) -> uvicorn.Config:
    """Return how uvicorn answers with `front`, on `most` connections at a time; needs a running event loop."""
    return uvicorn.Config(
        App(front),
        http=partial(BoundedProtocol, turn=Turn(asyncio.get_running_loop()), most=most),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.IDLE_SECONDS,
        timeout_graceful_shutdown=limits.REQUEST_SECONDS,
        ssl_context_factory=None if certificate is None else lambda _, __: certificate.context,
    )


def _spare_the_collector() -> None:
    """Let the garbage collector pass by what was loaded, and look seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _stop(server: HttpServer, handed: HandedListeners, stop: asyncio.Event) -> None:
    await stop.wait()
    await handed.close()
    server.should_exit = True


async def _flush(committer: Committer, store: Store, used: LastUsed, log: Log) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        await committer.in_thread(lambda: _write_usage(store, used, log))


def _write_usage(store: Store, used: LastUsed, log: Log) -> None:
    fresh = used.take()
    if fresh:
        try:
            store.write_usage(fresh)
        except StoreError as error:
            log.problem("last used not written", reason=str(error))


def certificate_of(settings: Settings) -> Certificate | None:
    """Return the certificate that the server shows, None where it speaks without TLS. Raises TlsError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key)


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    log = Log()
    raise_limit()

    def announce(ready: Ready) -> None:
        if settings.json:
            print(msgspec.json.encode(ready).decode(), flush=True)
        else:
            print(_banner(ready, settings), flush=True)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(settings, Clock(settings.test_clock), announce, stop, log)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
    except (StoreError, TlsError, CannotListen, Fault) as error:
        print(f"vestry: {error}", file=sys.stderr)
        return 1
    finally:
        log.close()
    return 0


def _banner(ready: Ready, settings: Settings) -> str:
    kept = "thrown away at the end" if settings.ephemeral else str(Path(ready.data))
    store = f" --database {settings.database}" if settings.database else f" --data {shlex.quote(ready.data)}"
    public = "" if ready.public_url == ready.endpoint else f"  public    {ready.public_url}\n"
    doors = "".join(f"  metadata  {url}\n" for url in ready.metadata)
    doors += "".join(f"  tasks     {url}\n" for url in ready.containers)
    warning = (
        "!! TEST CLOCK: sessions can be made to expire by `vestry clock advance`. Never in production.\n"
        if ready.test_clock
        else ""
    )
    return (
        f"Vestry {ready.version}: every request is authorized; there is no bypass.\n"
        f"{warning}"
        f"  endpoint  {ready.endpoint}   ({', '.join(SERVICES)})\n"
        f"{public}"
        f"{doors}"
        f"  data      {kept}\n"
        f"  next      vestry account create my-account --profile my-account{store}\n"
        "Ready."
    )
