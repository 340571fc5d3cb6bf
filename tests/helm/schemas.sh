#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/helm/schemas.sh DIR: installs kubernetes-validate into DIR, a virtual environment, with the schemas of
# Kubernetes 1.25 to 1.37 that it brings; prints their directory.
set -eu
[ -x "$1/bin/kubernetes-validate" ] || {
	/usr/bin/python3 -m venv "$1"
	"$1/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0 >&2
}
echo "$1"/lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema
