"""Sending JSON through the door: whole answers, streams, and callers that leave."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import UpstreamTooLarge, UpstreamUnreachable
from smartspawn.lib.http import Answer, Door, Patience, open_door, user_agent
from tests.scripted import Request, reply_bytes, reply_events, reply_json, serve

PRIVATE = AddressRule.PRIVATE_TOO
QUICK = Patience(connect_s=0.5, read_s=0.3, attempts=3)


async def post(door: Door, url: str, body: bytes = b'{"a": 1}', *, patience: Patience = QUICK) -> Answer:
    return await door.send_json(url, body, headers={"X-Api-Key": "k"}, patience=patience, rule=PRIVATE)


async def read_lines(door: Door, url: str, *, patience: Patience = QUICK) -> list[bytes]:
    async with door.stream_json(url, b"{}", patience=patience, rule=PRIVATE) as reply:
        return [line async for line in reply.lines()]


def test_json_goes_out_as_it_is() -> None:
    async def go() -> None:
        async with serve(reply_json({"ok": True})) as server, open_door() as door:
            answer = await post(door, f"{server.url}/v1/chat?x=1")
            assert (answer.status, answer.body) == (200, b'{"ok": true}')
            (request,) = server.requests
            assert (request.method, request.path, request.body) == ("POST", "/v1/chat?x=1", b'{"a": 1}')
            assert request.headers["content-type"] == "application/json"
            assert request.headers["x-api-key"] == "k"
            assert request.headers["user-agent"] == user_agent()

    asyncio.run(go())


@pytest.mark.parametrize("status", [301, 307, 400, 401, 429, 500, 529])
def test_whatever_the_status_it_is_sent_once_and_handed_over(status: int) -> None:
    """A POST that is repeated may be paid for twice; whoever knows the price decides."""

    async def go() -> None:
        answer_with = reply_json({"error": "x"}, status, Retry_After="7", Location="/elsewhere")
        async with serve(answer_with) as server, open_door() as door:
            answer = await post(door, server.url)
            assert (answer.status, answer.headers["retry-after"]) == (status, "7")
            assert len(server.requests) == 1

    asyncio.run(go())


def test_a_stream_comes_line_by_line_whatever_the_pieces() -> None:
    async def go() -> None:
        pieces = [b"data: on", b"e\ndata: \xc3", b"\xa4\r\n", b"\n", b"last"]
        async with serve(reply_events(pieces)) as server, open_door() as door:
            assert await read_lines(door, server.url) == [b"data: one", "data: ä".encode(), b"", b"last"]

    asyncio.run(go())


def test_lines_are_there_before_the_stream_ends() -> None:
    async def go() -> None:
        hold = asyncio.Event()

        async def answer(request: Request) -> None:
            request.start()
            await request.chunk(b"first\n")
            await hold.wait()
            request.end()

        async with (
            serve(answer) as server,
            open_door() as door,
            door.stream_json(server.url, b"{}", patience=QUICK, rule=PRIVATE) as reply,
        ):
            lines = reply.lines()
            assert await anext(lines) == b"first"
            hold.set()
            assert [line async for line in lines] == []

    asyncio.run(go())


def test_a_packed_stream_is_unpacked() -> None:
    async def go() -> None:
        packed = gzip.compress(b"a\nb\n")
        answer = reply_events([packed[:9], packed[9:]], Content_Encoding="gzip")
        async with serve(answer) as server, open_door() as door:
            assert await read_lines(door, server.url) == [b"a", b"b"]

    asyncio.run(go())


def test_a_bomb_in_a_stream_is_given_up_at_the_limit() -> None:
    async def go() -> None:
        bomb = gzip.compress(b"\0" * 20_000_000)
        async with serve(reply_events([bomb], Content_Encoding="gzip")) as server, open_door() as door:
            with pytest.raises(UpstreamTooLarge):
                await read_lines(door, server.url, patience=Patience(body_bytes=100_000))

    asyncio.run(go())


def test_a_stream_that_breaks_off_is_unreachable() -> None:
    async def go() -> None:
        async with serve(reply_events([b"one\n"], is_cut=True)) as server, open_door() as door:
            with pytest.raises(UpstreamUnreachable) as broken:
                await read_lines(door, server.url)
            assert broken.value.was_connected

    asyncio.run(go())


def test_a_long_line_in_many_pieces_takes_no_time() -> None:
    async def go() -> None:
        pieces = [b"x" * 20_000] * 1500
        async with serve(reply_events([*pieces, b"\n"])) as server, open_door() as door:
            started = time.process_time()
            (line,) = await read_lines(door, server.url, patience=Patience())
            assert len(line) == 30_000_000
            assert time.process_time() - started < 1  # copied again for each piece it would take several

    asyncio.run(go())


@pytest.mark.parametrize("is_streaming", [True, False])
def test_whoever_leaves_closes_the_connection_at_once(is_streaming: bool) -> None:
    async def go() -> None:
        left_at_s = asyncio.get_running_loop().create_future()

        async def answer(request: Request) -> None:
            if is_streaming:
                request.start()
                await request.chunk(b"data: x\n")
            left_at_s.set_result(await request.gone())

        async with serve(answer) as server, open_door() as door:
            task = asyncio.ensure_future(read_lines(door, server.url, patience=Patience(read_s=30)))
            await asyncio.sleep(0.1)
            cancelled_at_s = time.perf_counter()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert await asyncio.wait_for(left_at_s, 1) - cancelled_at_s < 0.05

    asyncio.run(go())


def test_leaving_a_stream_early_closes_its_connection() -> None:
    async def go() -> None:
        left = asyncio.Event()

        async def answer(request: Request) -> None:
            request.start()
            await request.chunk(b"one\ntwo\n")
            await request.gone()
            left.set()

        async with serve(answer) as server, open_door() as door:
            async with door.stream_json(server.url, b"{}", patience=QUICK, rule=PRIVATE) as reply:
                await anext(reply.lines())
            await asyncio.wait_for(left.wait(), 1)

    asyncio.run(go())


def test_it_is_said_when_the_request_goes_out_and_not_before() -> None:
    async def go() -> None:
        sent: list[str] = []

        async def ask(url: str) -> None:
            asked = door.stream_json(url, b"{}", patience=QUICK, rule=PRIVATE, on_sent=lambda: sent.append(url))
            async with asked as reply:
                await reply.read()

        async with serve(reply_json({})) as server, open_door() as door:
            with pytest.raises(UpstreamUnreachable) as refused:
                await ask("http://127.0.0.1:9/")
            assert not refused.value.was_connected
            assert sent == []
            await ask(server.url)
            assert sent == [server.url]

    asyncio.run(go())


def test_answers_leave_no_cookies_behind() -> None:
    async def go() -> None:
        async with serve(reply_json({}, Set_Cookie="session=1; Path=/")) as server, open_door() as door:
            await post(door, server.url)
            await post(door, server.url)
            assert "cookie" not in server.requests[1].headers

    asyncio.run(go())


def test_connections_are_used_again_and_no_more_are_opened_than_allowed() -> None:
    async def go() -> None:
        async def answer(request: Request) -> None:
            await asyncio.sleep(0.01)
            await reply_json({})(request)

        async with serve(answer) as server, open_door(most_connections=4) as door:
            await asyncio.gather(*(post(door, server.url) for _ in range(40)))
            assert server.connection_count <= 4
            assert len(server.requests) == 40

    asyncio.run(go())


def test_a_large_body_goes_out_without_a_word() -> None:
    async def go() -> None:
        body = b'"' + b"x" * 5_000_000 + b'"'
        async with serve(reply_bytes(b"{}")) as server, open_door() as door:
            await post(door, server.url, body, patience=Patience())
            assert server.requests[0].body == body

    asyncio.run(go())


# --- certificates ----------------------------------------------------------------------------


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        sent: list[bool] = []
        async with serve(reply_json({}), tls=self_signed(tmp_path)) as server, open_door() as door:
            url = server.url.replace("http:", "https:")
            with pytest.raises(UpstreamUnreachable, match="BadCertificate") as refused:
                async with door.stream_json(url, b"{}", rule=PRIVATE, on_sent=lambda: sent.append(True)):
                    pass
            assert not refused.value.was_connected
            assert sent == []
            assert server.requests == []

    asyncio.run(go())
