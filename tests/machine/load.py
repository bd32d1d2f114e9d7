# SPDX-License-Identifier: EUPL-1.2
"""Posts signals until a file is there: python3 load.py NAME TOKEN STOP. Half of the senders keep their connection, the others make
one for each signal. To /out/NAME goes, as JSON: ids that were acknowledged, refusals by kind, and how often a kept connection had
to be made anew."""
import collections
import http.client
import json
import pathlib
import socket
import sys
import threading
import time

NAME, TOKEN, STOP = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
SENDERS = 12
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
acknowledged, refused, again = [], collections.Counter(), collections.Counter()
lock = threading.Lock()


def ask(connection, name):
    body = json.dumps({"id": name, "reported": "2017-03-05", "category": "gedwongen prostitutie"})
    connection.request("POST", "/v1/signals", body, HEADERS)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def connect():
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def post(kept, name):
    """(connection to go on with, status or what went wrong). On a connection that was used before, whose end may be under way,
    a sender tries once more, as every client of HTTP has to."""
    for connection in (kept, None):
        used = connection is not None and connection.sock is not None
        try:
            connection = connection if used else connect()
            return connection, ask(connection, name)
        except (OSError, http.client.HTTPException) as error:
            if not used:
                return None, type(error).__name__
            with lock:
                again[type(error).__name__] += 1
    raise AssertionError


def send(number):
    kept, count = None, 0
    while not STOP.exists():
        name = f"{NAME}-{number}-{count}"
        kept, result = post(kept if number % 2 else None, name)
        count += 1
        with lock:
            if result in (200, 201):
                acknowledged.append(name)
            else:
                refused[str(result)] += 1
        if kept is None or not number % 2:
            if kept:
                kept.close()
            kept = None
        time.sleep(0.005 if result in (200, 201) else 0.05)


threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
pathlib.Path("/out", NAME).write_text(json.dumps({"acknowledged": acknowledged, "refused": refused, "again": again}))
