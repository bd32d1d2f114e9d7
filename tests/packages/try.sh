#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The life of the packages on a machine of its own, for test_packages.py. /in has the packages of the version before and of this one.
# Each result is a file in /out: what was printed, and the exit status in its last line.
step() {
    result=$1
    shift
    "$@" >"/out/$result" 2>&1
    printf '\n%s\n' $? >>"/out/$result"
}
apt() {
    apt-get -y -q -o Dpkg::Options::=--force-confold "$@"
}
shows() {
    systemctl show signaald -p "$2" --value >"/out/$1"
}
post() {
    curl -sS --fail-with-body -H 'Authorization: Bearer secret' -H 'Content-Type: application/json' \
        http://127.0.0.1:8080/v1/signals -d "{\"id\": \"$1\", \"reported\": \"2017-03-05\", \"category\": \"arbeidsuitbuiting\"}"
}
state() {
    (cd /var/lib/signaald && stat -c '%n %U %a' . data.mdb && sha256sum -- *.key) >"/out/$1"
}
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /in -o -path /out -o -path /tmp -o -path /var/lib/apt -o \
        -path /var/cache -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/systemd \) -prune -o -print | sort >"$1"
}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

if [ ! -d /run/systemd/system ]; then # as in a chroot or a container
    step install-still apt install /in/now/*.deb
    step purge-still apt purge signaald signaalctl signaald-doc
    find / -xdev \( -path /proc -o -path /sys -o -path /in -o -path /out \) -prune -o -name '*signaal*' -print >/out/left-still
    exit
fi

files /tmp/before
step install apt install /in/before/*.deb
files /tmp/after
comm -13 /tmp/before /tmp/after >/out/new-files
shows state-installed ActiveState
shows enabled-installed UnitFileState
stat -c '%U:%G %a' /etc/signaald >/out/folder
getent passwd signaald >/out/user
step check signaald --check-config
step check-example signaald -c /usr/share/doc/signaald/examples/signaald.yaml --check-config

sed 's/HASH/'"$(printf secret | sha256sum | cut -d' ' -f1)"'/' >>/etc/signaald/sources.csv <<END
gm0363-amsterdam,municipality,GM0363,HASH,,,,,,,,,,,,,
END
install -m 0640 -g signaald -D /dev/null /etc/signaald/secret/mine
echo mine >>/etc/signaald/display-allowlist.txt
step init signaald --init
step start systemctl enable --now signaald
step post post 2017-000123
step why signaalctl why gm0363-amsterdam 2017-000123
state files-before
shows pid-before MainPID

step upgrade apt install /in/now/*.deb
shows state-upgraded ActiveState
shows pid-upgraded MainPID
shows enabled-upgraded UnitFileState
state files-upgraded
signaalctl --json status >/out/status-upgraded
step why-upgraded signaalctl why gm0363-amsterdam 2017-000123
step post-upgraded post 2017-000124
(cd /etc/signaald && sha256sum -- *.csv *.txt && ls) >/out/tables

cp /etc/signaald/signaald.yaml /kept
echo 'no: such key' >>/etc/signaald/signaald.yaml
shows pid-good MainPID
step upgrade-bad apt install --reinstall /in/now/*.deb
shows pid-bad MainPID
cp /kept /etc/signaald/signaald.yaml

mkdir /etc/systemd/system/signaald.service.d
printf '[Service]\nExecStartPre=/bin/false\n' >/etc/systemd/system/signaald.service.d/fails.conf
step upgrade-fails apt install --reinstall /in/now/*.deb
rm -r /etc/systemd/system/signaald.service.d
systemctl daemon-reload
step start-mended systemctl start signaald

step remove apt remove signaald
shows state-removed ActiveState
state files-removed
ls /etc/signaald >/out/etc-removed
step again apt install /in/now/*.deb
# shellcheck disable=SC2046 # all units that there are, the sockets too
sed -i 's/^  listen: none$/  listen: 127.0.0.1:9108/' /etc/signaald/signaald.yaml # signaald-metrics.socket is among them
step start-again systemctl enable --now $(cd /usr/lib/systemd/system && ls -d signaald*)
step post-again post 2017-000125
step why-again signaalctl why gm0363-amsterdam 2017-000123
step purge apt purge signaald signaalctl signaald-doc
state files-purged
find /etc/signaald /etc/systemd/system -name '*signaal*' -o -path '*etc/signaald*' >/out/etc-purged
journalctl --no-pager >/out/journal
touch /out/end
