"""Thousands of broken requests leave the prediction service answering correctly, with flat memory."""

import http.client
import os
import random
import socket
from pathlib import Path

import pytest
from served_run import make_run, picture

from core.service_client import service

REQUESTS = int(os.environ.get("THAW_FUZZ_REQUESTS", "10000"))
EDGE = "edge"
FORM = f"multipart/form-data; boundary={EDGE}"
KINDS = (FORM, FORM, FORM, FORM, "multipart/form-data", "application/json", "image/png", "", "\t;=")
EXPLAIN = ["/explain", "/explain?class=%ff", "/explain?phase=1&format=png", "/explain?method=occlusion"]
ODD_PATHS = ["/predict?phases=both", "/predict?phases=%ff", "/", "/openapi.json", "/x/../y", *EXPLAIN]
ANSWERS = {200, 400, 401, 404, 405, 408, 413, 415, 422, 429, 431, 503}


def form(data: bytes) -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="p.png"\r\n\r\n'
    return head.encode() + data + f"\r\n--{EDGE}--\r\n".encode()


def mutated(chance: random.Random, data: bytes) -> bytes:
    """`data` with some bytes changed, cut out, or repeated."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(out) + 1)
        how = chance.random()
        if how < 0.5:
            out[place : place + 1] = chance.randbytes(1)
        elif how < 0.75:
            del out[place : place + chance.randint(1, 200)]
        else:
            out[place:place] = out[place : place + chance.randint(1, 200)] or b"x"
    return bytes(out)


def body(chance: random.Random, pictures: list[bytes]) -> bytes:
    good = chance.choice(pictures)
    makers = (
        lambda: chance.randbytes(chance.randint(0, 3000)),
        lambda: form(mutated(chance, good)),
        lambda: form(mutated(chance, good)),
        lambda: mutated(chance, form(good)),
        lambda: b"[" * chance.randint(0, 5000),
        lambda: b'{"text": ' + chance.randbytes(30) + b"}",
        lambda: form(good),
    )
    return chance.choice(makers)()


def over_http(chance: random.Random, port: int, token: str, data: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    path = chance.choice(["/predict"] * 8 + ODD_PATHS)
    headers = {
        "Authorization": f"Bearer {token if chance.random() < 0.95 else 'guess'}",
        "Content-Type": chance.choice(KINDS),
    }
    if chance.random() < 0.05:
        headers["Content-Length"] = chance.choice(["-1", "99999999999", "x", "1e3", "0"])
    try:
        connection.request(chance.choice(["POST"] * 16 + ["GET", "PUT"]), path, data, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def over_a_socket(chance: random.Random, port: int, data: bytes) -> None:
    """Bytes that are no proper HTTP, or end early."""
    head = chance.choice([b"", b"POST /predict HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", b"GET / HTTP/9\r\n\r\n"])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + data)


def resident(pid: int) -> int:
    """Memory of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("VmRSS"))) * 1024


@pytest.mark.parametrize("requests", [300, pytest.param(REQUESTS, marks=pytest.mark.slow)])
def test_fuzzed_requests_leave_it_answering_correctly_with_flat_memory(tmp_path, requests):
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    files = [picture(tmp_path / f"p.{kind}", (60, 45)) for kind in ("png", "jpg", "gif", "webp", "bmp", "tiff")]
    pictures = [file.read_bytes() for file in files]
    chance = random.Random(4)
    asked = service(make_run())
    try:
        asked.wait()
        address = asked.address()
        expected = asked.predict(pictures[0])["probabilities"]
        counts: dict[int, int] = {}
        early = 0
        for number in range(requests):
            data = body(chance, pictures)
            if chance.random() < 0.1:
                over_a_socket(chance, address["port"], data)
            else:
                try:
                    status = over_http(chance, address["port"], address["token"], data)
                except (http.client.HTTPException, OSError):
                    status = 400  # it hung up on a request that is no HTTP
                assert status in ANSWERS, (number, status)
                counts[status] = counts.get(status, 0) + 1
            if number == requests // 5:
                early = resident(address["pid"])
        assert asked.predict(pictures[0])["probabilities"] == pytest.approx(expected, abs=1e-6)
        late = resident(address["pid"])
        memory = f"{early / 1e6:.0f} MB after a fifth, {late / 1e6:.0f} MB at the end"
        print(f"{requests} requests: {counts}; {memory}")  # noqa: T201 -- the figures that a release reports
        assert counts.get(200, 0) > requests // 50
        assert late < 1.1 * early
    finally:
        asked.stop()
