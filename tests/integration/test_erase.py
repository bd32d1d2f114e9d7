# SPDX-License-Identifier: EUPL-1.2
"""What is held on one signal goes on request: counts, events, the file, and what an operator sees of it."""
import os
import subprocess
import unittest

from harness import BUILD, SIGNAL, Fresh, UnixConnection, tally

AMSTERDAM = "gm0363-amsterdam"
NOBODY = 65534
MARK = "ZK-2017-000777"


class Erase(Fresh):
    def setUp(self):
        super().setUp()
        self.daemon.start()

    def post(self, **item):
        answer = self.daemon.post(AMSTERDAM, {**SIGNAL, **item})
        self.assertIn(answer.status, (200, 201), answer.body)
        return answer.json["verdict"]

    def ctl(self, *args):
        return subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args], capture_output=True,
                              text=True, timeout=60)

    def erase(self, name, source=AMSTERDAM):
        return self.daemon.control("DELETE", f"/v1/signals/{source}/{name}")

    def test_erase(self):
        self.post(id=MARK)
        self.post(id=MARK, reported="2017-04-05")
        self.post(id="stays")
        done = self.ctl("erase", AMSTERDAM, MARK)
        self.assertEqual((done.stdout, done.returncode), ("erased: 2 versions\n", 0), done.stderr)
        self.assert_whole()
        self.assertEqual(self.daemon.counts()["total"], 1)
        events = self.daemon.events()
        erased = [e for e in events if e["type"].endswith(".signal.erased.v1")]
        self.assertEqual([e["data"]["version"] for e in erased], [1, 2, 3])
        self.assertEqual([set(e["data"]) - {"event", "counts", "signal", "version", "source"} for e in erased], [set()] * 3)
        self.assertNotIn(MARK, self.daemon.log())
        self.assertIn(f"signal erased versions=2 waiting=0 uid={os.getuid()}", self.daemon.log())
        # again, delivered again, and what was never there
        self.assertEqual(self.ctl("erase", AMSTERDAM, MARK).stdout, "erased: 0 versions\n")
        self.assertEqual(self.post(id=MARK, reported="2017-05-05"), "duplicate")
        self.assertEqual(self.daemon.counts()["total"], 1)
        done = self.ctl("erase", AMSTERDAM, "nobody-1")
        self.assertEqual((done.stdout, done.returncode), ("never seen\n", 1))
        self.assert_problem(self.erase("nobody-1"), 404)
        self.assertEqual(self.ctl("--json", "erase", AMSTERDAM, MARK).stdout.strip(), '{"erased":0,"waiting":0}')
        self.assertEqual(self.ctl("erase", AMSTERDAM).returncode, 2)
        audit = self.daemon.control("GET", "/v1/audit").body.decode()
        self.assertGreaterEqual(audit.count('"action":"erase"'), 8)  # two lines each: begun, what came of it
        self.assertNotIn(MARK, audit)
        self.daemon.stop()
        self.daemon.start()
        self.assert_whole()
        self.assertEqual(self.post(id=MARK), "duplicate")
        self.daemon.stop()

    def test_nothing_is_left_in_the_file_after_a_restart(self):
        for n in range(40):  # so that lines move about
            self.post(id=f"ZK-2018-{n}")
            if n == 20:
                self.post(id=MARK)
        file = self.daemon.state / "data.mdb"
        self.assertIn(MARK.encode(), file.read_bytes())
        self.assertEqual(self.erase(MARK).json, {"erased": 1, "waiting": 0})
        self.daemon.kill()
        self.daemon.start()
        self.assertNotIn(MARK.encode(), file.read_bytes())
        self.assertEqual(self.daemon.counts()["total"], 40)
        self.assert_whole()
        self.daemon.stop()

    def test_others_may_not(self):
        self.post(id=MARK)
        os.chmod(self.daemon.directory, 0o755)
        os.chmod(self.daemon.control_path, 0o666)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setuid(NOBODY)
            connection = UnixConnection(self.daemon.control_path)
            connection.request("DELETE", f"/v1/signals/{AMSTERDAM}/{MARK}")
            os.write(write, str(connection.getresponse().status).encode())
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(os.read(read, 10), b"403")
        os.close(read)
        os.close(write)
        self.assertEqual(self.daemon.counts()["total"], 1)

    def test_without_kafka_nothing_was_seen(self):
        self.post(id=MARK)
        self.assertEqual(sum(tally(self.daemon.events()).values()), 1)
        self.erase(MARK)
        self.assertEqual([e for e in self.daemon.events() if "previous" in e["data"]], [])
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
