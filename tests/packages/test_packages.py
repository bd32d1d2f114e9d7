# SPDX-License-Identifier: EUPL-1.2
"""The Debian packages: what is in them, that the same source gives the same bytes, and their life on a Debian of their own, from the
version before to the purge. `cmake --workflow --preset packages` makes them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from machine import run, tried

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import outside  # noqa: E402  (behind the path that finds it)

NAMES = ("signaald", "signaalctl", "signaald-doc")
BEFORE = "0.0.1"
FOREIGN = re.compile(r"rdkafka|lmdb|libuv|microhttpd|systemd")
PLACES = re.compile(r"\./(etc/signaald|lib/systemd/system|usr/(s?bin|share/(bash-completion/completions|doc/signaal\w+(-doc)?|man/man[158]|"
                    r"signaald|zsh/vendor-completions)|lib/(systemd/(system|catalog)|sysusers\.d)))(/|$)")


def version(tree):
    return re.search(r"\((.*)\)", (tree / "conf/deb/changelog").read_text())[1]


def make(tree, umask=0o022, **environment):
    """Without a cache of compiled files, which may name the sources otherwise."""
    env = {name: value for name, value in os.environ.items() if name != "CMAKE_C_COMPILER_LAUNCHER"}
    run("cmake", "--workflow", "--preset", "packages", cwd=tree, env={**env, "CCACHE_DISABLE": "1", **environment}, umask=umask)


def copy_of(tree, folder):
    """What is there, without what was built."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=tree, check=True,
                           capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if name and (tree / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tree / name, folder / name)
    return folder


def packages(tree):
    return {name: next((tree / "build/packages").glob(f"{name}_{version(tree)}_*.deb")) for name in NAMES}


def set_back(tree):
    """To a version before this one, which lacked a name and a word."""
    for name, old, new in (("conf/deb/changelog", re.escape(f"({version(tree)})"), f"({BEFORE})"),
                           ("conf/name-variants.csv", r"[^\n]*\n\Z", ""), ("conf/display-allowlist.txt", r"[^\n]*\n\Z", "")):
        text, count = re.subn(old, new, (tree / name).read_text(), count=1)
        assert count == 1, name
        (tree / name).write_text(text)


def setUpModule():
    """This version twice, the second time elsewhere and later; and the version before it, made by somebody whose files are for nobody
    else."""
    global folder, debs, again, before
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-packages-"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    folder.chmod(0o755)
    tree = copy_of(ROOT, folder / "here")
    make(tree)
    debs = packages(tree)
    tree = copy_of(ROOT, folder / "else where/signaald")
    make(tree, TZ="Asia/Tokyo")
    run("faketime", "-f", "+400d", "cpack", "--preset", "packages", cwd=tree, umask=0o022)
    again = {name: path.read_bytes() for name, path in packages(tree).items()}
    set_back(tree)
    make(tree, umask=0o077)
    before = packages(tree)
    for name, paths in (("now", debs), ("before", before)):
        (folder / name).mkdir()
        for path in paths.values():
            shutil.copyfile(path, folder / name / path.name)


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        (folder / "contents").mkdir()
        cls.roots = {}
        for name, path in debs.items():
            cls.roots[name] = folder / "contents" / name
            run("dpkg-deb", "--raw-extract", path, cls.roots[name])

    def field(self, name, *fields):
        return run("dpkg-deb", "--field", debs[name], *fields)

    @staticmethod
    def entries(deb):
        """(mode, owner, path)"""
        for line in run("dpkg-deb", "--contents", deb).splitlines():
            mode, owner, _, _, _, path, *_ = line.split()
            yield mode, owner, path

    def test_same_bytes(self):
        for name, path in debs.items():
            self.assertTrue(path.read_bytes() == again[name], f"{name} is another one when it is built elsewhere")

    def test_lintian(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *debs.values()], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_places_owners_and_modes(self):
        for deb in (*debs.values(), *before.values()):
            for mode, owner, path in self.entries(deb):
                self.assertEqual(owner, "root/root", path)
                runs = re.search(r"/s?bin/.|/examples/.*\.py$", path)
                self.assertEqual(mode, "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if runs else "-rw-r--r--", path)
                parents = any(place.startswith(path) for place in ("./etc/", "./usr/lib/systemd/", "./usr/share/bash-completion/",
                                                                   "./usr/share/doc/", "./usr/share/man/", "./usr/share/zsh/"))
                self.assertTrue(parents or PLACES.match(path), path)

    def test_what_operators_edit_is_asked_for(self):
        listed = (self.roots["signaald"] / "DEBIAN/conffiles").read_text().split()
        there = [path[1:] for deb in debs.values() for _, _, path in self.entries(deb) if path.startswith("./etc/") and not path.endswith("/")]
        self.assertEqual(sorted(listed), sorted(there))
        for name in ("signaald.yaml", "sources.csv", "municipalities.csv", "templates/signalen.yaml"):
            self.assertIn(f"/etc/signaald/{name}", listed)

    def test_needs(self):
        self.assertIn("librdkafka1", self.field("signaald", "Depends"))
        self.assertIn(f"signaalctl (= {version(ROOT)})", self.field("signaald", "Depends"))
        self.assertIn("libcurl4", self.field("signaalctl", "Depends"))
        self.assertIsNone(FOREIGN.search(self.field("signaalctl", "Depends", "Recommends")))
        self.assertEqual(self.field("signaald-doc", "Depends", "Architecture"), "Architecture: all\n")

    def test_what_each_has(self):
        for name, paths in (("signaald", ["usr/share/man/man8/signaald.8.gz", "usr/share/man/man5/sources.csv.5.gz"]),
                            ("signaalctl", ["usr/share/man/man1/signaalctl.1.gz", "usr/share/zsh/vendor-completions/_signaalctl",
                                            "usr/share/bash-completion/completions/signaalctl"]),
                            ("signaald-doc", ["usr/share/doc/signaald/operators.md", "usr/share/signaald/api/schemas/signal.v1.json",
                                              "usr/share/doc/signaald/examples/tally.py"])):
            for path in (*paths, f"usr/share/doc/{name}/copyright", f"usr/share/doc/{name}/changelog.gz"):
                self.assertTrue((self.roots[name] / path).is_file(), path)
        for unit in (*ROOT.glob("systemd/*.service"), *ROOT.glob("systemd/*.socket")):
            self.assertEqual((self.roots["signaald"] / "usr/lib/systemd/system" / unit.name).read_text(), unit.read_text())
            for script in ("postinst", "prerm", "postrm"):
                self.assertIn(unit.name, (self.roots["signaald"] / "DEBIAN" / script).read_text())

    def programs(self):
        return {"signaald": self.roots["signaald"] / "usr/sbin/signaald", "signaalctl": self.roots["signaalctl"] / "usr/bin/signaalctl"}

    def test_hardened(self):
        for name, program in self.programs().items():
            about = run("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", "--notes", "--dyn-syms", program)
            self.assertRegex(about, r"Type: +DYN", name)
            self.assertRegex(about, r"FLAGS_1.* NOW.* PIE|FLAGS_1.* PIE.* NOW", name)
            self.assertIn("GNU_RELRO", about)
            self.assertRegex(about, r"GNU_STACK.* RW  ", name)
            for symbol in ("__stack_chk_fail", "__memcpy_chk", "__snprintf_chk"):
                self.assertIn(symbol, about, name)
            self.assertNotRegex(about, r"RPATH|RUNPATH|TEXTREL")

    def test_every_function_may_be_entered_where_it_begins(self):
        """CET: all objects of ours are made for it. (Whether the program is used so is for Debian's own start files to say.)"""
        for name, program in self.programs().items():
            self.assertGreater(run("objdump", "-d", "--no-show-raw-insn", program).count("endbr64"), 100, name)

    def test_bill_of_materials(self):
        parse = "import sys; from spdx_tools.spdx.parser.parse_anything import parse_file as p; " \
                "from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document as v; " \
                "found = [m.validation_message for m in v(p(sys.argv[1]))]; sys.exit('\\n'.join(found) or 0)"
        for name, program in self.programs().items():
            path = self.roots[name] / f"usr/share/doc/{name}/sbom.spdx.json"
            run("/usr/bin/python3", "-c", parse, path, env={**os.environ, "PYTHONPATH": str(outside.python_packages("spdx.txt"))})
            bill = json.loads(path.read_text())
            told = {package["name"]: package["versionInfo"] for package in bill["packages"]}
            libraries = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", program))
            self.assertGreater(len(libraries), 4)
            for library in libraries:
                owners = {line.split(":")[0] for line in run("dpkg-query", "-S", f"*/lib/*-linux-gnu/{library}").splitlines()}
                self.assertTrue(owners & set(told), library)
            self.assertEqual(told.pop(name), version(ROOT))
            for package, known in told.items():
                self.assertEqual(run("dpkg-query", "-W", "-f", "${Version}", package), known)
            linked = {(link["spdxElementId"], link["relatedSpdxElement"]) for link in bill["relationships"]
                      if link["relationshipType"] == "DYNAMIC_LINK"}
            self.assertEqual(len(linked), len(told))


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tried((HERE / "try.sh").read_text(), folder, folder / "now")

    def good(self, *steps):
        for step in steps:
            self.assertEqual(self.out[step].splitlines()[-1], "0", f"{step}: {self.out[step]}{self.out['journal'][-6000:]}")

    def test_a_fresh_install_starts_nothing(self):
        self.good("install", "check", "check-example")
        self.assertEqual((self.out["state-installed"], self.out["enabled-installed"]), ("inactive\n", "disabled\n"))
        self.assertIn("signaald --init && systemctl enable --now signaald", self.out["install"])

    def test_where_nothing_has_booted(self):
        self.good("install-still", "purge-still")
        self.assertEqual(self.out["left-still"], "")
        self.assertNotIn("The ledger", self.out["purge-still"])

    def test_whose_things_are(self):
        self.assertEqual(self.out["folder"], "root:signaald 750\n")
        self.assertRegex(self.out["user"], r"^signaald:.*:/var/lib/signaald:/usr/sbin/nologin$")
        others = [path for path in self.out["new-files"].splitlines() if re.search(r"signaal", path) and not PLACES.match("." + path)]
        self.assertEqual(others, [])

    def test_a_signal_goes_through(self):
        self.good("init", "start", "post", "why")
        self.assertIn('"registered"', self.out["post"])

    def test_an_upgrade_goes_on_with_the_new_version(self):
        self.good("upgrade", "why-upgraded", "post-upgraded")
        self.assertEqual((self.out["state-upgraded"], self.out["enabled-upgraded"]), ("active\n", "enabled\n"))
        self.assertNotEqual(self.out["pid-before"], self.out["pid-upgraded"])
        self.assertEqual(json.loads(self.out["status-upgraded"])["version"], version(ROOT))
        self.assertEqual(self.out["files-before"], self.out["files-upgraded"])
        self.assertIn("data.mdb signaald 600", self.out["files-upgraded"])

    def test_an_upgrade_brings_tables_but_where_they_were_edited(self):
        digest = run("sha256sum", ROOT / "conf/name-variants.csv").split()[0]
        self.assertIn(f"{digest}  name-variants.csv", self.out["tables"])
        digest = run("sha256sum", ROOT / "conf/display-allowlist.txt").split()[0]
        self.assertNotIn(digest, self.out["tables"])
        self.assertIn("\ndisplay-allowlist.txt.dpkg-dist\n", self.out["tables"])

    def test_what_the_new_version_would_refuse_goes_on_as_it_is(self):
        self.good("upgrade-bad")
        self.assertEqual(self.out["pid-good"], self.out["pid-bad"])
        self.assertIn('unknown section "no"', self.out["upgrade-bad"])
        self.assertIn("systemctl restart signaald", self.out["upgrade-bad"])

    def test_an_upgrade_tells_what_does_not_start(self):
        self.good("upgrade-fails", "start-mended")
        self.assertIn("signaald did not start again: journalctl -u signaald", self.out["upgrade-fails"])

    def test_a_removal_keeps_state_and_configuration(self):
        self.good("remove", "again", "start-again", "post-again", "why-again")
        self.assertEqual(self.out["state-removed"], "inactive\n")
        self.assertEqual(self.out["files-removed"], self.out["files-before"])
        self.assertIn("sources.csv", self.out["etc-removed"])

    def test_a_purge_keeps_the_ledger_and_what_it_did_not_bring(self):
        self.good("purge")
        self.assertEqual(self.out["files-purged"], self.out["files-before"])
        self.assertEqual(self.out["etc-purged"], "/etc/signaald\n/etc/signaald/secret\n/etc/signaald/secret/mine\n")
        self.assertIn("The ledger and its keys are kept", self.out["purge"])


if __name__ == "__main__":
    unittest.main()
