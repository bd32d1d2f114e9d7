# SPDX-License-Identifier: EUPL-1.2
"""A Debian with nothing but itself, for one try. What debootstrap made is kept as a tarball in a cache, with the packages that ours
need: so the second run asks nobody, and the machine itself has no network. Needs root."""
import hashlib
import os
import pathlib
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ.get("SIGNAALD_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "signaald")
MIRROR = "http://deb.debian.org/debian"
MAKE_S, BOOT_S = 600, 300
# ROOT DEBS TARBALL USER
MAKE = f"""set -eu
debootstrap --variant=minbase --include=systemd,curl bookworm "$1" {MIRROR}
echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/fast"
mkdir "$1/debs" && cp "$2"/*.deb "$1/debs"
chroot "$1" sh -c 'apt-get -qq update && apt-get -qq -y install --download-only /debs/*.deb'
rm -rf "$1/debs"
tar -C "$1" -cf "$3" . && chown "$4" "$3"
"""
TARGET = """[Unit]
Description=The machine is up
Requires=basic.target
After=basic.target
Wants=try.service
"""
UNIT = f"""[Unit]
Description=What is tried
[Service]
Type=oneshot
ExecStart=/bin/sh /in/try
ExecStopPost=/usr/bin/systemctl poweroff --force
TimeoutStartSec={BOOT_S - 60}
"""


def as_root(*words):
    """Needs a machine that lets us be root; tests/run is on one, since it installs packages."""
    return [str(word) for word in (words if os.geteuid() == 0 else ("sudo", "-n", *words))]


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def tarball(debs):
    """Of a Debian that has what these packages need in its apt's cache."""
    needs = [run("dpkg-deb", "--field", deb, "Depends", "Recommends") for deb in sorted(debs.glob("*.deb"))]
    kept = CACHE / f"debian-{hashlib.sha256((MAKE + ''.join(needs)).encode()).hexdigest()[:16]}.tar"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="signaald-debian-") as folder:
            root, partial = pathlib.Path(folder) / "root", CACHE / f"{kept.name}.{os.getpid()}"
            try:
                run(*as_root("sh", "-c", MAKE, "sh", root, debs, partial, os.geteuid()), timeout=MAKE_S)
                partial.rename(kept)
            finally:
                run(*as_root("rm", "-rf", root, partial))
    return kept


def tried(script, folder, debs):
    """What the script, which finds folder as /in, has left in /out: text by name. It is run before the machine boots, and then again."""
    root, out = folder / "root", folder / "out"
    root.mkdir()
    out.mkdir()
    (folder / "try").write_text(script)
    (folder / "try.service").write_text(UNIT)
    (folder / "try.target").write_text(TARGET)
    try:
        run(*as_root("tar", "-C", root, "-xpf", tarball(debs)))
        for words in (["/bin/sh", "/in/try"], ["--boot", "systemd.unit=try.target"]):
            done = subprocess.run(
                as_root("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no", "--private-network", "--console=pipe",
                        f"--directory={root}", f"--bind-ro={folder}:/in", f"--bind={out}:/out",
                        *(f"--bind-ro={folder}/try.{kind}:/etc/systemd/system/try.{kind}" for kind in ("service", "target")), *words),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_S)
        run(*as_root("chmod", "-R", "a+rX", out))
        texts = {path.name: path.read_text() for path in out.iterdir()}
    finally:
        run(*as_root("rm", "-rf", root, out))
    assert "end" in texts, f"the machine did not come to its end: {done.stdout[-4000:]}{done.stderr}{texts}"
    return texts
