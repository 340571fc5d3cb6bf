#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: a Debian whose systemd has the monitor as a service, which /debian/hang.sh has hang. Prints what
# that one wrote as "work LINE", and what the monitor told as "told JSON"; prove_systemd.py judges them.
export PATH=/bin
# shellcheck source=tests/kernel/debian.sh
. /nezuban/debian.sh
boot_debian
wait_for_work "$systemd"
ended=$?
sed 's/^/work /' /tmp/work
sed 's/^/told /' /tmp/told
exit "$ended"
