# SPDX-License-Identifier: EUPL-1.2
"""A real PostgreSQL on loopback and on a Unix socket, in a folder of its own."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import harness
import psycopg

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
SETTINGS = {"fsync": "off", "timezone": "America/New_York"}  # far from UTC, as JAVA is


class Postgres:
    """`environment` says where it is, to programs of libpq. On the socket everybody is who he says; on loopback his password is
    his name."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="signaald-postgres-")
        self.port, self.claim = harness.claim_port()
        # It refuses to run as root
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.environment = {"PGHOST": self.folder, "PGPORT": str(self.port), "PGUSER": "postgres"}
        subprocess.run([PROGRAMS / "initdb", "--no-sync", "--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
                        f"{self.folder}/data"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        self.process = None
        self.start()

    def start(self):
        settings = {**SETTINGS, "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", f"{self.folder}/data", *(f"--{key}={value}" for key, value in settings.items())],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", **self.user)
        harness.wait_for(self.answers, "PostgreSQL answers")

    def answers(self):
        assert self.process.poll() is None, pathlib.Path(self.folder, "log").read_text()
        return subprocess.run([PROGRAMS / "pg_isready", "-q"], env={**os.environ, **self.environment}).returncode == 0

    def connect(self, database, user="postgres"):
        return psycopg.connect(host=self.folder, port=self.port, dbname=database, user=user, autocommit=True)

    def stop(self):
        """At once, as after a crash."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)

    def close(self):
        self.stop()
        self.claim.close()
        shutil.rmtree(self.folder, ignore_errors=True)
