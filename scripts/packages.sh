# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
# Which Debian 12 packages are needed for what, and how to install those that are missing.
# Sourced by the scripts beside it.

BUILD_PACKAGES="build-essential file cmake ninja-build ccache pkg-config clang-14 bpftool
	libbpf-dev libelf-dev zlib1g-dev
	protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev
	libzstd-dev libsqlite3-dev libspdlog-dev libyaml-cpp-dev libre2-dev libcli11-dev libexpected-dev
	libcurl4-openssl-dev libssl-dev prometheus-cpp-dev libcivetweb-dev"

# The image without a registry: the base it stands on, and its layers.
IMAGE_PACKAGES="mmdebstrap buildah"

TEST_PACKAGES="libgtest-dev libgmock-dev
	clang-format-14 clang-tidy-14 clang-tools-14 libclang-rt-14-dev shellcheck
	runc crun containerd busybox-static socat git gdb strace rsync logrotate e2fsprogs mount util-linux iproute2 python3 python3-grpcio python3-protobuf python3-grpc-tools
	python3-yaml python3-jsonschema procps openssl rsyslog rsyslog-openssl php-cli ruby systemd python3-venv $IMAGE_PACKAGES"

# What only scripts/prove works with.
PROVE_PACKAGES="etcd-server cron maven nginx-light openssh-client openssh-server openjdk-17-jre-headless postgresql podman docker.io"

# install_packages NAME...: installs those that are not there yet; asks the mirror only then. Fails
# rather than remove one that is in the way. No service of theirs is started, as the tests start their
# own; where systemd runs they begin with the next boot, unless disabled.
install_packages() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "installing:$missing"
	apt-get update -qq
	# shellcheck disable=SC2086
	(
		policy=/usr/sbin/policy-rc.d # what Debian's packages ask before they start a service
		if [ ! -e "$policy" ]; then
			trap 'rm -f "$policy"' EXIT
			trap 'exit 1' HUP INT TERM
			printf '#!/bin/sh\nexit 101\n' >"$policy"
			chmod 755 "$policy"
		fi
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends $missing >/dev/null
	)
}

# debian_mirror: where this machine's apt gets Debian from, in either form of its sources; nothing if nowhere.
debian_mirror() {
	for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		[ ! -r "$sources" ] || awk '/^URIs:/ {print $2; exit}
			$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^http/) {print $i; exit}}' "$sources"
	done | sed -n 1p
}
