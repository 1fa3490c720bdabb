#!/bin/sh
# Installs certexch from the folder that this script lies in (packaging/build makes it), or takes it away
# again. Configuration (/etc/certexch) and state (/var/lib/certexch) are never touched, by either. What runs
# goes on running as it is.
#
#   ./install.sh [--uninstall]
#
#   PREFIX     where to: /usr/local, if not set
#   DESTDIR    a folder to take for /, to make a package in; nothing outside of it is done then
set -eu
cd "$(dirname "$0")"

prefix=${PREFIX:-/usr/local}
dest=${DESTDIR:-}
case $prefix in
/usr | /usr/local) lib=$prefix/lib ;; # systemd looks in both
*) lib=/usr/local/lib ;;
esac
share=$prefix/share

# files calls $1 with MODE SOURCE TARGET for each file.
files() {
	"$1" 755 certexch "$prefix/bin/certexch"
	"$1" 755 certexch-authority "$prefix/bin/certexch-authority"
	"$1" 644 certexch.service "$lib/systemd/system/certexch.service"
	"$1" 644 sysusers.conf "$lib/sysusers.d/certexch.conf"
	"$1" 644 tmpfiles.conf "$lib/tmpfiles.d/certexch.conf"
	for program in certexch certexch-authority; do
		"$1" 644 "completion/$program" "$share/bash-completion/completions/$program"
		"$1" 644 "completion/_$program" "$share/zsh/site-functions/_$program"
		"$1" 644 "completion/$program.fish" "$share/fish/vendor_completions.d/$program.fish"
	done
	for document in README.md LICENSE SECURITY.md config.example.toml operating.md; do
		"$1" 644 "$document" "$share/doc/certexch/$document"
	done
}

# A rename takes the place of a program that is running, which keeps its own.
put() {
	install -D -m "$1" "$2" "$dest$3.new"
	if [ "$3" = "$lib/systemd/system/certexch.service" ]; then
		sed -i "s|/usr/local/bin/|$prefix/bin/|" "$dest$3.new"
	fi
	mv -f "$dest$3.new" "$dest$3"
}

take() {
	rm -f "$dest$3"
}

# here: whether this is about the machine itself, and systemd runs it.
here() {
	[ -z "$dest" ] && [ -d /run/systemd/system ]
}

user() {
	if command -v systemd-sysusers >/dev/null; then
		systemd-sysusers certexch.conf
	elif ! id certexch >/dev/null 2>&1; then
		useradd --system --user-group --home-dir /var/lib/certexch --shell /usr/sbin/nologin certexch
	fi
	install -d -m 755 /etc/certexch
	[ -d /var/lib/certexch ] || install -d -m 700 -o certexch -g certexch /var/lib/certexch
}

case ${1:-} in
"")
	if [ ! -f certexch ]; then
		echo "$0: there is no program beside this script: run packaging/build, and install from the folder that it makes" >&2
		exit 1
	fi
	files put
	if [ -n "$dest" ]; then
		exit
	fi
	user
	if here; then
		systemctl daemon-reload
		if systemctl is-active --quiet certexch; then
			echo "Installed. The old one still runs: systemctl restart certexch"
			exit
		fi
	fi
	echo "Installed. Next: certexch init; $share/doc/certexch/operating.md leads on."
	;;
--uninstall)
	if here; then
		systemctl disable --now certexch || true
	fi
	files take
	rmdir "$dest$share/doc/certexch" 2>/dev/null || true
	if here; then
		systemctl daemon-reload
	fi
	echo "Uninstalled. Left as they are: /etc/certexch, /var/lib/certexch with its keys, and the user certexch."
	;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
