# SPDX-License-Identifier: EUPL-1.2
"""Folders by SFTP: a real OpenSSH server on loopback, with a key of its own and one user who has a key."""
import getpass
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import BUILD, ROOT, Daemon, claim_port, wait_for

SSHD = "/usr/sbin/sshd"
CONFIG = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""
HEADER = "meldnummer;meldingsdatum;uitbuitingsvorm\n"
LONG_AGO = time.time() - 300 * 86400


class Server:
    """One that is our own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-sftp-"))
        self.drop = self.folder / "drop"
        self.drop.mkdir()
        for name in ("host", "user", "other"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.folder / name], check=True)
        (self.folder / "authorized").write_bytes((self.folder / "user.pub").read_bytes())
        self.port, self.claim = claim_port()
        (self.folder / "config").write_text(CONFIG.format(port=self.port, folder=self.folder))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.folder / "config"], stderr=self.log)
        wait_for(lambda: b"Server listening" in (self.folder / "log").read_bytes(), "sshd listens")

    def fingerprint(self, name="host"):
        told = subprocess.run(["ssh-keygen", "-l", "-f", self.folder / f"{name}.pub"], check=True, capture_output=True, text=True)
        return told.stdout.split()[1]

    def put(self, name, *rows, changed=None):
        (self.drop / name).write_text(HEADER + "".join(f"{row}\n" for row in rows))
        if changed:
            os.utime(self.drop / name, (changed, changed))

    def said(self):
        return (self.folder / "log").read_text()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.claim.close()
        subprocess.run(["rm", "-rf", self.folder], check=True)


@unittest.skipUnless(os.path.exists(SSHD), "package openssh-server")
class Folders(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def daemon(self, key="user", **more):
        row = {"name": "drop", "kind": "municipality", "municipality": "GM0363", "interval": "1s", "allow_private": "yes",
               "template": "csv-excel", "url": f"sftp://127.0.0.1:{self.server.port}{self.server.drop}/",
               "ssh_user": getpass.getuser(), "ssh_key_file": self.server.folder / key, "ssh_host_key": self.server.fingerprint(),
               **more}
        daemon = Daemon([row])
        self.addCleanup(daemon.close)
        return daemon.start()

    def feed(self, daemon):
        return daemon.control("GET", "/v1/feeds/drop").json

    def total(self, daemon, count):
        wait_for(lambda: daemon.counts()["total"] == count, f"{count} signals; {self.feed(daemon)}")

    def test_files_as_they_come(self):
        """The oldest first; a file that is corrected; one that comes late with an old time; nothing is touched over there."""
        self.server.put("b.csv", "1;02-01-2017;arbeidsuitbuiting", "2;02-01-2017;arbeidsuitbuiting", changed=LONG_AGO + 86400)
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)
        self.server.put("c met spatie.csv.filepart", "9;01-01-2017;orgaanhandel")
        (self.server.drop / "map.csv").mkdir()
        daemon = self.daemon()
        self.total(daemon, 2)
        self.assertEqual(daemon.counts("?category=ForcedLabour")["total"], 2)
        self.assertEqual([event["type"].split(".")[3] for event in daemon.events()], ["registered", "corrected", "registered"])
        (self.server.drop / "c met spatie.csv.filepart").rename(self.server.drop / "c met spatie.csv")
        self.total(daemon, 3)
        self.server.put("laat.csv", "10;01-01-2017;orgaanhandel", changed=LONG_AGO - 86400)
        self.total(daemon, 4)
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", "11;01-01-2017;orgaanhandel")
        self.total(daemon, 5)
        polls = self.feed(daemon)["polls"]
        wait_for(lambda: self.feed(daemon)["polls"] > polls + 1, "it is listed again")
        items = self.feed(daemon)["items"]
        polls = self.feed(daemon)["polls"]
        wait_for(lambda: self.feed(daemon)["polls"] > polls + 1, "and again")
        self.assertEqual(self.feed(daemon)["items"], items, "what was read is not read again")
        self.assertEqual(sorted(path.name for path in self.server.drop.iterdir()),
                         ["a.csv", "b.csv", "c met spatie.csv", "laat.csv", "map.csv"])
        self.assertEqual(self.feed(daemon)["failures"], 0)
        daemon.stop()

    def test_a_file_that_is_being_written(self):
        """It is not read as long as it grows."""
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel")
        daemon = self.daemon()
        for number in range(2, 6):
            polls = self.feed(daemon)["polls"]
            with open(self.server.drop / "a.csv", "a") as file:
                file.write(f"{number};01-01-2017;orgaanhandel\n")
            wait_for(lambda: self.feed(daemon)["polls"] > polls, "it is listed")
        self.total(daemon, 5)
        daemon.stop()

    def test_a_start_goes_on_where_it_was(self):
        """None is read again, and none is passed over: not one that came with an old time while nobody looked."""
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)
        self.server.put("b.csv", "2;01-01-2017;orgaanhandel", changed=LONG_AGO + 86400)
        daemon = self.daemon()
        self.total(daemon, 2)
        daemon.kill()
        self.server.put("c.csv", "3;01-01-2017;orgaanhandel")
        self.server.put("laat.csv", "4;01-01-2017;orgaanhandel", changed=LONG_AGO - 86400)
        (self.server.drop / "a.csv").unlink()
        daemon.start()
        self.total(daemon, 4)
        self.assertEqual(self.feed(daemon)["items"], 2, "what was read is not read again")
        daemon.kill()
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)  # it was gone, so it is another one
        self.server.put("d.csv", "5;01-01-2017;orgaanhandel")
        daemon.start()
        self.total(daemon, 5)
        self.assertEqual(self.feed(daemon)["items"], 2)
        self.assertEqual(len(daemon.events()), 5)
        daemon.stop()

    def test_the_quarantine_reads_again(self):
        """A row that could not be taken, in a file that was read: the operator lets it be read again, also after a start."""
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)
        self.server.put("b.csv", "2;33-01-2017;orgaanhandel", changed=LONG_AGO + 86400)
        daemon = self.daemon()
        entry = wait_for(lambda: daemon.control("GET", "/v1/quarantine").json["entries"], "it is in the quarantine")[0]
        daemon.kill()
        daemon.start()
        before = wait_for(lambda: (feed := self.feed(daemon))["polls"] > 2 and feed, "it polls")["items"]
        self.assertEqual(before, 0)
        wait_for(lambda: daemon.control("POST", f"/v1/quarantine/{entry['number']}/retry").status == 202, "it is free")
        wait_for(lambda: self.feed(daemon)["items"] > before, "it is read again")
        daemon.stop()

    def test_a_bad_file_stops_no_other(self):
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)
        (self.server.drop / "b.csv").write_text("naam;verhaal\nAnna;x\n")
        os.utime(self.server.drop / "b.csv", (LONG_AGO + 86400,) * 2)
        self.server.put("c.csv", "3;01-01-2017;orgaanhandel")
        daemon = self.daemon()
        self.total(daemon, 2)
        wait_for(lambda: "file " in (self.feed(daemon)["failure"] or ""), "it is told")
        self.assertNotIn("b.csv", str(self.feed(daemon)["failure"]) + daemon.log())
        self.assertLess(self.feed(daemon)["cursor"], time.strftime("%Y-%m-%d", time.gmtime(LONG_AGO + 86400)))
        self.server.put("b.csv", "2;01-01-2017;orgaanhandel", changed=LONG_AGO + 86400)
        daemon.control("POST", "/v1/feeds/drop/poll")
        self.total(daemon, 3)
        daemon.stop()

    def test_a_line_of_the_list_stops_no_file(self):
        """A name in the letters of another time cannot be read, and a file may have no time."""
        (self.server.drop / os.fsdecode(b"caf\xe9.csv")).write_text("x")
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel")
        os.utime(self.server.drop / "a.csv", (0, 0))
        daemon = self.daemon()
        self.total(daemon, 1)
        wait_for(lambda: "1 of the lines" in (self.feed(daemon)["failure"] or ""), "it is told")
        os.unlink(self.server.drop / os.fsdecode(b"caf\xe9.csv"))
        daemon.control("POST", "/v1/feeds/drop/poll")
        wait_for(lambda: self.feed(daemon)["failure"] is None, "all can be read")
        self.assertEqual(daemon.counts()["total"], 1)
        daemon.stop()

    def test_nothing_of_names_is_kept(self):
        """A file may be called by a person, and so may what cannot be read."""
        self.server.put("Anna de Vries 1234567890.csv", "1;01-01-2017;orgaanhandel")
        (self.server.drop / "Jan Jansen 0612345678.csv").write_text("naam\nJan Jansen\n")
        daemon = self.daemon()
        self.total(daemon, 1)
        wait_for(lambda: "file " in (self.feed(daemon)["failure"] or ""), "the other is told")
        told = json.dumps([self.feed(daemon), daemon.control("GET", "/v1/quarantine").json, daemon.events(), daemon.status()])
        daemon.stop()
        kept = told.encode() + daemon.log().encode()
        kept += b"".join(path.read_bytes() for path in daemon.state.rglob("*") if path.is_file())
        for part in (b"Anna", b"Vries", b"1234567890", b"Jansen", b"0612345678", str(self.server.drop).encode()):
            self.assertNotIn(part, kept)

    def test_who_it_talks_to(self):
        """Another host key, another user's key, a folder that is not there."""
        for more, told in (({"ssh_host_key": self.server.fingerprint("other")}, "SFTP: the server has another key"),
                           ({"key": "other"}, "SFTP: the server does not take our key"),
                           ({"url": f"sftp://127.0.0.1:{self.server.port}{self.server.drop}/none/"}, "SFTP: there is no such file or folder")):
            with self.subTest(told=told):
                daemon = self.daemon(**more)
                wait_for(lambda d=daemon: self.feed(d)["failures"] > 0, "it fails")
                self.assertIn(told, self.feed(daemon)["failure"])
                self.assertNotIn(str(self.server.drop), daemon.log())
                daemon.stop()

    def ctl(self, *words):
        return subprocess.run([BUILD / "signaalctl", *map(str, words)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def test_try(self):
        """The newest file that the template reads; a file of its own; what is missing or wrong is told."""
        url = f"sftp://127.0.0.1:{self.server.port}{self.server.drop}/"
        ask = ["try", "csv-excel", url, "--templates", ROOT / "conf/templates", "--tables", ROOT / "conf", "--ssh-user", getpass.getuser(),
               "--ssh-key-file", self.server.folder / "user", "--ssh-host-key"]
        good = [*ask, self.server.fingerprint()]
        told = self.ctl(*good)
        self.assertEqual(told.returncode, 1)
        self.assertIn("it has no file yet that this template reads", told.stderr)
        self.server.put("oud.csv", "7;01-01-2017;arbeidsuitbuiting", changed=LONG_AGO)
        self.server.put("met spatie.csv", "8;01-01-2017;orgaanhandel", changed=LONG_AGO + 86400)
        self.server.put("nieuw.part", "9;01-01-2017;orgaanhandel")
        told = self.ctl(*good)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("OrganRemoval", told.stdout)
        self.assertNotIn("ForcedLabour", told.stdout)
        good[2] = url + "oud.csv"
        self.assertIn("ForcedLabour", self.ctl(*good).stdout)
        self.assertIn("the server has another key", self.ctl(*ask, self.server.fingerprint("other")).stderr)
        self.assertIn("needs --ssh-user", self.ctl(*ask[:7]).stderr)

    def test_source_add(self):
        self.server.put("a.csv", "1;01-01-2017;orgaanhandel", changed=LONG_AGO)
        daemon = self.daemon()
        self.total(daemon, 1)
        other = self.server.drop / "ander"
        other.mkdir()
        add = ["--socket", daemon.control_path, "--json", "source", "add", "ander", "--config", daemon.config_path, "--kind", "ngo",
               "--url", f"sftp://127.0.0.1:{self.server.port}{other}/", "--template", "csv-excel", "--set", "allow_private=yes",
               "--set", "interval=1s", "--set", f"ssh_user={getpass.getuser()}", "--set", f"ssh_key_file={self.server.folder / 'user'}",
               "--set", f"ssh_host_key={self.server.fingerprint()}"]
        told = self.ctl(*add)
        self.assertEqual(told.returncode, 1)
        self.assertIn("no file yet", told.stderr)
        (other / "b.csv").write_text(HEADER + "2;01-01-2017;orgaanhandel\n")
        told = self.ctl(*add)
        self.assertEqual(told.returncode, 0, told.stderr)
        made = json.loads(told.stdout)
        self.assertEqual((made["tried"], made["items"], made["good"], made["written"]), (True, 1, 1, True))
        self.total(daemon, 2)
        daemon.stop()

    def test_private_addresses(self):
        daemon = self.daemon(allow_private="", interval="10s")
        daemon.control("POST", "/v1/feeds/drop/poll")
        wait_for(lambda: self.feed(daemon)["failure"] == "address not allowed", "it is refused")
        self.assertNotIn("Connection from", self.server.said())
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
