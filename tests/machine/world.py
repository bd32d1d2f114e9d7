# SPDX-License-Identifier: EUPL-1.2
"""What is outside of the service, on loopback: a server of names (each is 127.0.0.1), and an endpoint with TLS that lists one
signal. python3 world.py CERTIFICATE KEY"""
import http.server
import json
import socket
import ssl
import sys
import threading


def answer_names():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    while True:
        asked, peer = sock.recvfrom(512)
        end = asked.index(b"\0", 12) + 5
        is_a = asked[end - 4:end - 2] == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_a else b""
        sock.sendto(asked[:2] + b"\x81\x80\0\1\0" + bytes([is_a]) + b"\0\0\0\0" + asked[12:end] + record, peer)


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([{"id": "2017-1", "reported": "2017-03-05", "category": "gedwongen prostitutie"}]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


threading.Thread(target=answer_names, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Endpoint)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
