"""Guess passwords at a steady rate, each of another account: `python -m benchmarks.guess URL --rate 200`.

Prints how many answers had which status. Connections are kept: what the guesser's own work costs must not pass for the
server's, on a machine that runs both.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

WORKERS = 4


def run(url: str, *, rate: float, seconds: float) -> Counter[str]:
    """Send `rate` guesses a second from several threads; those that come late are not made up for."""
    answers: Counter[str] = Counter()
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=_guess, args=(url, n, rate / WORKERS, until, answers)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _guess(url: str, worker: int, rate: float, until: float, answers: Counter[str]) -> None:
    target, number, due = urlsplit(url), 0, time.monotonic()
    connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port, timeout=30)
    while (now := time.monotonic()) < until:
        if now < due:
            time.sleep(due - now)
        due, number = max(due + 1 / rate, time.monotonic() - 0.1), number + 1
        body = json.dumps({"email": f"guess-{worker}-{number}-{now}@example.org", "password": "wrong password"})
        try:
            connection.request("POST", "/v1/sessions", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            answers[str(answer.status)] += 1
        except (OSError, http.client.HTTPException):
            answers["none"] += 1
            connection.close()
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = vars(parser.parse_args())
    json.dump(run(options.pop("url"), **options), sys.stdout)
    print()


if __name__ == "__main__":
    main()
