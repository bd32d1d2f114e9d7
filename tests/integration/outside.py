# SPDX-License-Identifier: EUPL-1.2
"""Programs of others that the documents are held against, of the versions in tests/contract: fetched at first use, then from a cache
outside of the tree."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import harness

PINNED = harness.ROOT / "tests" / "contract"
CACHE = pathlib.Path(os.environ.get("SIGNAALD_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "signaald")
FETCH_S = 600


def fetched(kind, files, fetch):
    """The folder that fetch(folder) has filled. A half of one is never seen, however many ask at once."""
    digest = hashlib.sha256(b"".join((PINNED / name).read_bytes() for name in files)).hexdigest()[:16]
    target = CACHE / f"{kind}-{digest}"
    if target.is_dir():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind}-partial-", dir=CACHE))
    try:
        for name in files:
            shutil.copy(PINNED / name, partial)
        fetch(partial)
        partial.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, timeout=FETCH_S, **more)


def node_modules():
    return fetched("node", ("package.json", "package-lock.json"), lambda folder: run(
        "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=folder)) / "node_modules"


def python_packages(requirements="requirements.txt"):
    """A folder for PYTHONPATH; bin/ in it has the programs. No virtual environment: that would know its own path."""
    return fetched("python", (requirements,), lambda folder: run(
        "/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, "-r", folder / requirements))


def java_jars(pom):
    """A class path."""
    return fetched("java", (pom,), lambda folder: run(
        "mvn", "-B", "-q", "-f", folder / pom, "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={folder}")) / "*"
