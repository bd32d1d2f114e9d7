# SPDX-License-Identifier: EUPL-1.2
"""All that the daemon has to reach, it reaches under the whole confinement of its unit: names, an endpoint with TLS, Kafka."""
import json
import shutil
import subprocess
import unittest

import machine

SOURCES = ("name,kind,url,template,allow_private\nfeed,coa,https://feed.example.test:8443/signals,native,yes\n")
SCRIPT = """
systemd-sysusers && chgrp -R signaald /etc/signaald && chmod 0750 /etc/signaald
chmod 0644 /etc/signaald/ca.pem
python3 /world.py /etc/signaald/ca.pem /world.key 2>/out/world & world=$!
mkfifo /orders; /mock_broker signals 3 </orders >/broker & broker=$!
exec 9>/orders
n=0; until grep -q ready /broker || [ $n -ge 300 ]; do sleep 0.1; n=$((n+1)); done
port=$(sed 's/.*://' /broker)
sed -i -e "s|^kafka:|kafka:\\n  brokers: broker.example.test:$port\\n  settings:\\n    security.protocol: plaintext|" -e 's|^  \\(counts\\|current\\)_topic:.*|  \\1_topic: none|' -e 's|^  oin:.*|  oin: "00000001823288444000"|' -e 's|^poll:|poll:\\n  ca_file: /etc/signaald/ca.pem|' \\
    /etc/signaald/signaald.yaml
signaald --init >/out/init 2>&1
systemctl start signaald; echo $? >/out/start
signaalctl poll feed >/out/poll 2>&1
n=0; until [ "$(signaalctl --json status 2>&1 | sed 's/.*"published":\\([0-9]*\\).*/\\1/')" = 1 ] || [ $n -ge 300 ]; do sleep 0.1; n=$((n+1)); done
signaalctl --json status >/out/status
signaalctl --json feeds feed >/out/feed
systemctl stop signaald; echo $? >/out/stop
kill $world; exec 9>&-; wait $broker
journalctl --no-pager >/out/journal
"""


class Reach(unittest.TestCase):
    def test_names_endpoints_and_kafka(self):
        def prepare(root):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=feed.example.test", "-addext", "subjectAltName=DNS:feed.example.test",
                            "-keyout", root / "world.key", "-out", root / "etc/signaald/ca.pem"],
                           check=True, capture_output=True, timeout=60)
            shutil.copy(machine.BUILD / "tests/mock_broker", root / "mock_broker")
        world = (machine.ROOT / "tests/machine/world.py").read_text()
        files = {"etc/signaald/sources.csv": SOURCES, "etc/resolv.conf": "nameserver 127.0.0.1\n", "world.py": world,
                 "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}
        out = machine.run(type(self), SCRIPT, files, prepare=prepare)
        self.assertEqual((out["start"], out["stop"]), ("0\n", "0\n"), out["journal"])
        status = json.loads(out["status"])
        self.assertEqual((status["ledger"]["accepted"], status["ledger"]["published"]), (1, 1), (out["feed"], status, out["journal"]))
        self.assertEqual((status["kafka"]["state"], status["feeds"]["failing"]), ("running", 0))


if __name__ == "__main__":
    unittest.main()
