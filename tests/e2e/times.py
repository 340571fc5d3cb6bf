# SPDX-License-Identifier: Apache-2.0
"""The times that alerts and gaps have in JSON."""

import datetime


def seconds(text):
    """Of an RFC 3339 time in UTC, since the epoch."""
    return datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp() + float(f"0{text[19:].rstrip('Z')}")
