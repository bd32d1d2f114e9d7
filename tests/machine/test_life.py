# SPDX-License-Identifier: EUPL-1.2
"""The life of the service under a systemd that has booted: restarts and an upgrade under load, with systemd's sockets and without,
a commit that hangs, kill -9, credentials, and what a restart does not mend."""
import hashlib
import json
import shutil
import subprocess
import unittest

import machine

TOKEN = "token-of-coa-0123456789abcdef"
SOURCES = f"name,kind,tokens\ncoa,coa,{hashlib.sha256(TOKEN.encode()).hexdigest()}\n"
OLD = "9.9.9"  # as long as the version of now
SCRIPT = f"""
UNIT=/etc/systemd/system/signaald.service.d
systemd-sysusers && chgrp -R signaald /etc/signaald && chmod 0750 /etc/signaald && mkdir -p $UNIT
signaald --init >/out/init 2>&1
show() {{ systemctl show signaald -p ActiveState,SubState,Result,ExecMainStatus,NRestarts,StatusText >"/out/$1"; }}
drop_in() {{ printf '[Service]\\n%s\\n' "$2" >$UNIT/$1.conf; systemctl daemon-reload; }}
undo() {{ rm -f $UNIT/$1.conf; systemctl daemon-reload; }}
until_() {{ n=0; until eval "$1" || [ $n -ge 600 ]; do sleep 0.1; n=$((n+1)); done; eval "$1" || echo "$1" >>/out/not-come; }}
begin() {{ rm -f /stop; python3 /load.py "$1" {TOKEN} /stop & load=$!; sleep 1; }}
end() {{ sleep 1; touch /stop; wait $load; }}
kept() {{ curl -sS --unix-socket /run/signaald/control.sock "http://localhost/v1/events?from=1" >"/out/$1"; }}
restarts() {{ systemctl show signaald -p NRestarts --value; }}

# Without sockets of systemd.
systemctl start signaald; show started
systemctl is-active signaald.socket signaald-control.socket >/out/off
begin plain; systemctl restart signaald; echo $? >>/out/restarts; end

# With them: enabled while it runs.
sed -i 's/^  listen: none$/  listen: 127.0.0.1:9108/' /etc/signaald/signaald.yaml
systemctl enable signaald.socket signaald-control.socket signaald-metrics.socket 2>/dev/null
systemctl restart signaald; echo $? >>/out/restarts
systemctl is-active signaald.socket signaald-control.socket >/out/active
stat -c '%a %U %G' /run/signaald/control.sock >/out/mode
systemctl show signaald-metrics.socket -p SubState >/out/metrics; curl -sS http://127.0.0.1:9108/metrics >>/out/metrics 2>&1
begin sockets
systemctl restart signaald & restart=$!
while kill -0 $restart 2>/dev/null; do signaalctl status >/dev/null 2>>/out/asked || echo failed >>/out/asked; done
wait $restart; echo $? >>/out/restarts
systemctl restart signaald; echo $? >>/out/restarts
end
stat -c '%a %U %G' /run/signaald/control.sock >>/out/mode

# An upgrade: the program was another one.
drop_in old 'ExecStart=
ExecStart=/old -c /etc/signaald/signaald.yaml'
systemctl restart signaald; signaalctl --json status >/out/old
begin upgrade; undo old; systemctl restart signaald; echo $? >>/out/restarts; end
signaalctl --json status >/out/new

# The service is killed: what was acknowledged is there.
begin killed; systemctl kill -s KILL signaald; until_ '[ $(restarts) = 1 ]'; until_ 'signaalctl status >/dev/null 2>&1'; end
show killed-state; systemctl is-active signaald.socket signaald-control.socket >/out/killed-sockets

# A commit hangs: systemd hears no more of the watchdog.
drop_in hang 'Environment=LD_PRELOAD=/hang.so
WatchdogSec=1'
systemctl restart signaald; show before-hang
touch /hang; (python3 /load.py hung {TOKEN} /stop-hung & wait) &
hung=$!
until_ '[ $(restarts) = 1 ]'; rm /hang; until_ 'signaalctl status >/dev/null 2>&1'; touch /stop-hung; wait $hung
show after-hang; undo hang
systemctl restart signaald
kept events
signaalctl verify >/out/verify 2>&1; echo $? >>/out/verify

# Reload: a good one, a bad one, and two signals.
systemctl reload signaald; echo $? >/out/reloads
echo 'x,warship,' >>/etc/signaald/sources.csv
systemctl reload signaald; echo $? >>/out/reloads; systemctl is-active signaald >>/out/reloads
sed -i '$d' /etc/signaald/sources.csv
systemctl kill -s HUP signaald; systemctl kill -s HUP signaald; until_ '[ $(systemctl show signaald -p SubState --value) = running ]'
signaalctl status >/dev/null && echo answers >>/out/reloads

# Sockets that do not agree with the configuration, and a configuration with errors: it fails once and says why.
tried() {{ systemctl start signaald; sleep 0.3; curl -s http://127.0.0.1:8080/v1/health >/dev/null; echo "connect $?" >"/out/$1.curl"; sleep 0.5; show "$1"
    systemctl is-active signaald.socket >>"/out/$1"; systemctl reset-failed signaald; }}
systemctl stop signaald
systemctl is-active signaald.socket signaald-control.socket >/out/stopped; ls -A /run/signaald >>/out/stopped 2>&1
sed -i.kept 's/^  listen: "127.*/  listen: "127.0.0.1:8081"/' /etc/signaald/signaald.yaml; tried other-address
sed 's/^  listen: "127.*/  listen: none/' /etc/signaald/signaald.yaml.kept >/etc/signaald/signaald.yaml; tried no-address
cp /etc/signaald/signaald.yaml.kept /etc/signaald/signaald.yaml
echo 'no: such key' >>/etc/signaald/signaald.yaml; echo 'nor: this' >>/etc/signaald/signaald.yaml; tried bad-configuration
cp /etc/signaald/signaald.yaml.kept /etc/signaald/signaald.yaml
mkdir -p /etc/systemd/system/signaald.socket.d
printf '[Socket]\\nListenStream=0.0.0.0:8082\\n' >/etc/systemd/system/signaald.socket.d/x.conf; systemctl daemon-reload; tried in-the-clear
printf '[Socket]\\nFileDescriptorName=other\\n' >/etc/systemd/system/signaald.socket.d/x.conf; systemctl daemon-reload; tried other-name
printf '[Socket]\\nListenStream=[::1]:8080\\n' >/etc/systemd/system/signaald.socket.d/x.conf; systemctl daemon-reload
systemctl start signaald
for host in 127.0.0.1 '[::1]'; do curl -sS "http://$host:8080/v1/health" >>/out/both 2>&1; done
rm /etc/systemd/system/signaald.socket.d/x.conf
systemctl disable --now signaald.socket signaald-control.socket signaald-metrics.socket 2>/dev/null; systemctl stop signaald; systemctl daemon-reload

# Somebody else listens: it is tried again until he has gone.
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 8080)); time.sleep(600)' & other=$!
until_ 'curl -s --max-time 1 telnet://127.0.0.1:8080 </dev/null >/dev/null; [ $? != 7 ]'
systemctl start --no-block signaald; until_ '[ $(restarts) -ge 1 ]'; kill $other
until_ 'signaalctl status >/dev/null 2>&1'; show free-again; systemctl stop signaald

# Keys and the certificate as credentials.
install -d -m 0700 /secret /secret/sources
mv /var/lib/signaald/identity.key /var/lib/signaald/person.key /secret/
mv /tls.key /tls.crt /secret/
head -c 32 /dev/urandom >/secret/previous; echo polled >/secret/sources/coa; echo hush >/secret/kafka
chown -R root:root /secret; chmod 0600 /secret/tls.key /secret/*.key /secret/previous /secret/kafka /secret/sources/coa
sed -i -e 's|^state:|state:\\n  identity_key: "${{CREDENTIALS_DIRECTORY}}/identity.key"|' \\
  -e 's|^person:|person:\\n  key: "${{CREDENTIALS_DIRECTORY}}/person.key"\\n  previous_key: "${{CREDENTIALS_DIRECTORY}}/previous"|' \\
  -e 's|^intake:|intake:\\n  tls_certificate: "${{CREDENTIALS_DIRECTORY}}/tls.crt"\\n  tls_key: "${{CREDENTIALS_DIRECTORY}}/tls.key"|' \\
  -e 's|^kafka:|kafka:\\n  settings:\\n    ssl.key.password: "file:${{CREDENTIALS_DIRECTORY}}/kafka"|' /etc/signaald/signaald.yaml
printf 'name,kind,tokens,url,template,secret_file\\ncoa,coa,{hashlib.sha256(TOKEN.encode()).hexdigest()},https://192.0.2.1/,native,${{CREDENTIALS_DIRECTORY}}/source_coa\\n' >/etc/signaald/sources.csv
as sealed root systemd-creds encrypt --with-key=host --name=kafka /secret/kafka /secret/kafka.sealed; rm /secret/kafka
as unset root systemctl start signaald; show unset-state; systemctl reset-failed signaald
drop_in secret 'LoadCredential=identity.key:/secret/identity.key
LoadCredential=person.key:/secret/person.key
LoadCredential=previous:/secret/previous
LoadCredential=tls.crt:/secret/tls.crt
LoadCredential=tls.key:/secret/tls.key
LoadCredentialEncrypted=kafka:/secret/kafka.sealed
LoadCredential=source:/secret/sources'
as check-stopped root signaald --check-config
systemctl start signaald; show secret-state
as check-running root signaald --check-config
curl -sS --cacert /secret/tls.crt --resolve x:8080:127.0.0.1 https://x:8080/v1/health >/out/health 2>&1
systemctl stop signaald
rm /secret/previous
systemctl start signaald; sleep 0.5; show missing; systemctl reset-failed signaald
journalctl --no-pager >/out/journal
"""


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def prepare(root):
            program = (machine.BUILD / "signaald").read_bytes()
            version = cls.version().encode()
            (root / "old").write_bytes(program.replace(version, OLD.encode()))
            (root / "old").chmod(0o755)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=x", "-addext", "subjectAltName=DNS:x", "-keyout", root / "tls.key", "-out", root / "tls.crt"],
                           check=True, capture_output=True, timeout=60)
            shutil.copy(machine.BUILD / "tests/libhang.so", root / "hang.so")
            for name in ("old", "hang.so", "load.py"):
                (root / name).chmod(0o755)
        load = (machine.ROOT / "tests/machine/load.py").read_text()
        cls.out = machine.run(cls, SCRIPT, {"etc/signaald/sources.csv": SOURCES, "load.py": load}, prepare=prepare)

    @staticmethod
    def version():
        return subprocess.run([machine.BUILD / "signaald", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]

    def state(self, name):
        return dict(line.split("=", 1) for line in self.out[name].splitlines() if "=" in line)

    def load(self, name):
        return json.loads(self.out[name])

    def told(self, *texts):
        for text in texts:
            self.assertIn(text, self.out["journal"])

    def test_all_came(self):
        self.assertNotIn("not-come", self.out, self.out.get("not-come"))
        self.assertEqual(set(self.out["restarts"].split()), {"0"})

    def test_restart_with_sockets_refuses_nobody(self):
        self.assertEqual(self.out["off"].split(), ["inactive", "inactive"])
        for when in ("active", "killed-sockets"):
            self.assertEqual(self.out[when].split(), ["active", "active"], when)
        for name in ("sockets", "upgrade"):
            load = self.load(name)
            self.assertEqual(load["refused"], {}, load["again"])
            self.assertGreater(len(load["acknowledged"]), 100)
        self.assertEqual(self.out["asked"], "")  # signaalctl failed at no time, and said nothing

    def test_control_socket_is_as_without(self):
        self.assertEqual(set(self.out["mode"].splitlines()), {"660 signaald signaald"})

    def test_socket_of_the_metrics(self):
        self.assertEqual(self.state("metrics")["SubState"], "running")
        self.assertIn("\nsignaald_uptime_seconds ", self.out["metrics"])

    def test_without_sockets_only_connecting_fails(self):
        """Nobody listens for a moment. Whoever is connected is answered."""
        load = self.load("plain")
        self.assertLessEqual(set(load["refused"]), {"ConnectionRefusedError", "ConnectionResetError"})
        self.assertGreater(len(load["acknowledged"]), 100)

    def test_what_was_acknowledged_is_there_once(self):
        seen = {}
        for line in self.out["events"].splitlines():
            event = json.loads(line)
            if event["type"].endswith(".signal.registered.v1"):
                seen[event["data"]["signal"]] = seen.get(event["data"]["signal"], 0) + 1
        self.assertEqual(set(seen.values()), {1})
        names = [name for load in ("plain", "sockets", "upgrade", "killed", "hung") for name in self.load(load)["acknowledged"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(len(names), len(seen))
        self.assertEqual(self.out["verify"].splitlines()[-1], "0", self.out["verify"])

    def test_upgrade(self):
        old, new = (json.loads(self.out[name]) for name in ("old", "new"))
        self.assertEqual((old["version"], new["version"]), (OLD, self.version()))
        self.assertGreaterEqual(new["ledger"]["accepted"], old["ledger"]["accepted"])

    def test_watchdog(self):
        self.assertEqual(self.state("killed-state")["ActiveState"], "active")
        self.assertEqual(self.state("before-hang")["NRestarts"], "0")
        after = self.state("after-hang")
        self.assertEqual((after["NRestarts"], after["ActiveState"]), ("1", "active"))
        self.told("a commit hangs: the watchdog is not told", "Watchdog timeout")

    def test_status(self):
        self.assertRegex(self.state("started")["StatusText"], r"^running; \d+ accepted since \S+; no Kafka, \d+ wait$")

    def test_reload(self):
        self.assertEqual(self.out["reloads"].split(), ["0", "1", "active", "answers"])

    def test_stop_leaves_nothing_behind(self):
        self.assertEqual(self.out["stopped"].split("\n")[:2], ["inactive", "inactive"])
        self.assertNotIn("control.sock", self.out["stopped"])

    def test_fails_once(self):
        for name, told in (("other-address", "intake.listen is 127.0.0.1:8081 and signaald.socket listens on 127.0.0.1:8080"),
                           ("no-address", "intake.listen is none, and systemd passes a socket for it"),
                           ("bad-configuration", 'unknown section "no"'),
                           ("in-the-clear", "signaald.socket listens on 0.0.0.0:8082, which is not a loopback address"),
                           ("other-name", 'systemd passes a socket named "other"')):
            state = self.state(name)
            self.assertEqual((state["ActiveState"], state["ExecMainStatus"], state["NRestarts"]), ("failed", "2", "0"), name)
            self.assertEqual(self.out[name].splitlines()[-1], "inactive", name)
            self.assertEqual(self.out[f"{name}.curl"], "connect 7\n", name)  # nobody waits for a service that will not come
            self.assertEqual(self.out["journal"].count(told), 1, (name, told))
        self.told('unknown section "nor"')

    def test_two_addresses(self):
        self.assertEqual(self.out["both"].count('"status":"ok"'), 2, self.out["both"])

    def test_address_in_use(self):
        self.assertEqual(self.state("free-again")["ActiveState"], "active")
        self.told("cannot listen on 127.0.0.1 port 8080: another process listens there")

    def test_credentials(self):
        self.assertEqual(self.state("unset-state")["ActiveState"], "failed")
        self.told("identity_key: CREDENTIALS_DIRECTORY is not set")
        self.assertEqual(self.state("secret-state")["ActiveState"], "active", self.out["journal"][-3000:])
        self.assertIn('"status":"ok"', self.out["health"])
        self.assertRegex(self.out["check-stopped"], r"not looked at: \d+ credentials")
        self.assertEqual(self.out["check-stopped"].splitlines()[-1], "0")
        self.assertEqual(self.out["check-running"].splitlines()[-1], "0", self.out["check-running"])

    def test_credential_that_is_not_there(self):
        state = self.state("missing")
        self.assertEqual((state["ActiveState"], state["ExecMainStatus"], state["NRestarts"]), ("failed", "243", "0"))


if __name__ == "__main__":
    unittest.main()
