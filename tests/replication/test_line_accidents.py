"""Whatever keeps a node away is said in words that tell a coordinator what to look at."""

import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sync_server.peer_errors import BatchUnreadable, PeerAway
from sync_server.replication.line import Line
from sync_server.replication.rate_limit import RateLimit


def answer_with(raw: bytes, *, context: ssl.SSLContext | None = None, wait: float = 0) -> str:
    """Serve one connection: read a request, say these bytes, close; return the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
        with connection:
            try:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                _read_request(connection)
                threading.Event().wait(wait)
                connection.sendall(raw)
            except OSError:
                pass
            finally:
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"{'https' if context else 'http'}://127.0.0.1:{port}/"


def _read_request(connection: socket.socket) -> None:
    """Read all of it: what is left unread when a connection is closed takes the answer along."""
    sent = part = connection.recv(65_536)
    while part and sent.startswith(b"POST ") and not sent.endswith(b"{}"):
        part = connection.recv(65_536)
        sent += part


def post(url: str, *, largest: int = 1_000, **options: object) -> bytes:
    with requests.Session() as session:
        line = Line(session=session, **{"timeout": (2.0, 0.5), **options})  # type: ignore[arg-type]
        return line.post(url, {}, b"{}", largest=largest).body


def certificate(folder: Path, *, days: int) -> tuple[ssl.SSLContext, Path]:
    """A certificate for this machine that is good until so many days from now."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "centre")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days)).add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "centre.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, pem


def test_whole_answer_is_read() -> None:
    assert post(answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) == b"hi"


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"", "the line broke"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "the line broke"),
     (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", "the line broke"),
     (b"\x00\x01\x02 not http\r\n\r\n", "the line broke")],
)  # fmt: skip
def test_what_breaks_off_is_said_and_nothing_of_it_is_taken(raw: bytes, said: str) -> None:
    with pytest.raises(PeerAway, match=said):
        post(answer_with(raw))


def test_silence_is_said() -> None:
    with pytest.raises(PeerAway, match="fell silent"):
        post(answer_with(b"", wait=1))


def test_answer_that_does_not_end_is_given_up() -> None:
    with pytest.raises(BatchUnreadable, match="too large"):
        post(answer_with(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000))


def test_certificate_of_nobody_is_refused_unless_its_file_is_named(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, days=9)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    with pytest.raises(PeerAway, match="certificate is not valid"):
        post(answer_with(answer, context=context))
    assert post(answer_with(answer, context=context), ca_file=str(pem)) == b"hi"


def test_certificate_that_is_over_makes_one_look_at_the_clock(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, days=-1)
    with pytest.raises(PeerAway, match=r"expired.*clock"):
        post(answer_with(b"", context=context), ca_file=str(pem))


def test_https_with_who_does_not_speak_it_is_said() -> None:
    with pytest.raises(PeerAway, match="https"):
        post(answer_with(b"HTTP/1.1 400 Bad Request\r\n\r\n").replace("http:", "https:"))


def test_rate_holds_for_all_who_share_it() -> None:
    now, waited = [0.0], []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    rate = RateLimit(8_000, clock=lambda: now[0], pause=pause)
    for _ in range(40):
        rate.wait_for(250)
    assert now[0] == pytest.approx(10, abs=0.3)
    now[0] += 60
    before = len(waited)
    rate.wait_for(100)
    assert len(waited) == before, "what was not used is not owed"


def test_answer_is_read_at_the_lines_rate() -> None:
    waited: list[float] = []
    rate = RateLimit(800_000, clock=lambda: 0.0, pause=waited.append)
    body = b"x" * 100_000
    url = answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + body)
    assert post(url, largest=100_000, rate=rate) == body
    assert max(waited) == pytest.approx(0.75, abs=0.1)
