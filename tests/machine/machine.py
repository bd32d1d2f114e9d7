# SPDX-License-Identifier: EUPL-1.2
"""A systemd that has booted, with what is installed (systemd-nspawn, without a network). Needs root.

The machine is this one's /usr, with what `cmake --install` puts there over it, and a root folder of its own. It runs one script,
whose results are the files that it leaves in /out.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIGNAALD_BUILD", ROOT / "build/release")).absolute()
BOOT_S = 300
PRELUDE = """#!/bin/sh
# Each result is a file in /out: what was printed, and the exit status in its last line.
as() { result=$1 user=$2; shift 2; setpriv --reuid "$user" --regid "$user" --init-groups "$@" >"/out/$result" 2>&1; echo $? >>"/out/$result"; }
"""
UNIT = """[Unit]
Description=What is tried
[Service]
Type=oneshot
ExecStart=/bin/sh /try
TimeoutStartSec=240
"""
TARGET = """[Unit]
Description=The machine is up
Requires=basic.target
After=basic.target
Wants=try.service
"""
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
MACHINE_ID = "0123456789abcdef0123456789abcdef\n"  # it has been there before: nothing is enabled by itself
GROUP = "root:x:0:\nnogroup:x:65534:\n"


def as_root(*words):
    """Needs a machine that lets us be root; tests/run is on one, since it installs packages."""
    return list(words) if os.geteuid() == 0 else ["sudo", "-n", *words]


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make(folder, script, files, users):
    """A root folder, and what is installed over /usr. users: name -> number, each in a group of its own."""
    root, installed = folder / "root", folder / "installed"
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env={**os.environ, "DESTDIR": str(installed)}, check=True,
                   capture_output=True)
    for name in ("etc/systemd/system", "usr", "var", "tmp", "run", "proc", "sys", "dev", "root", "out"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    shutil.move(installed / "etc/signaald", root / "etc/signaald")
    for name in ("ld.so.cache", "ld.so.conf", "nsswitch.conf"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    passwd = PASSWD + "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in users.items())
    group = GROUP + "".join(f"{name}:x:{number}:\n" for name, number in users.items())
    for name, text in {"etc/passwd": passwd, "etc/group": group, "etc/os-release": "ID=debian\n", "etc/machine-id": MACHINE_ID, "try": PRELUDE + script,
                       "etc/systemd/system/try.service": UNIT, "etc/systemd/system/default.target": TARGET, **files}.items():
        write(root, name, text)
    for name in ("systemd-networkd", "systemd-networkd-wait-online"):  # there is no network to wait for
        (root / f"etc/systemd/system/{name}.service").symlink_to("/dev/null")
    return root, installed / "usr"


def run(case, script, files, users=None, prepare=None):
    """Boots it for a class of tests, until the script has ended. The results: name of the file -> text."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-machine-"))
    folder.chmod(0o755)
    case.addClassCleanup(lambda: subprocess.run(as_root("rm", "-rf", str(folder)), check=True))
    root, usr = make(folder, script + "echo >/out/ended\nsystemctl poweroff --force\n", files, users or {})
    if prepare:
        prepare(root)
    subprocess.run(as_root("chown", "-R", "root:root", str(root), str(usr)), check=True)
    done = subprocess.run(as_root("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no", "--private-network",
                                  "--console=pipe", f"--directory={root}", f"--overlay-ro=/usr:{usr}:/usr", "--boot"),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_S)
    out = {path.name: path.read_text() for path in (root / "out").iterdir()}
    assert "ended" in out, f"the machine did not come to its end: {done.stdout}{done.stderr}{out}"
    return out
