"""PostgreSQL's locks by their short names, and where the facts about it are from."""

from __future__ import annotations

import typing as t

from .....plan import LockLevel

AS: t.Final = LockLevel.ACCESS_SHARE
RS: t.Final = LockLevel.ROW_SHARE
RX: t.Final = LockLevel.ROW_EXCLUSIVE
SUX: t.Final = LockLevel.SHARE_UPDATE_EXCLUSIVE
S: t.Final = LockLevel.SHARE
SRX: t.Final = LockLevel.SHARE_ROW_EXCLUSIVE
X: t.Final = LockLevel.EXCLUSIVE
AX: t.Final = LockLevel.ACCESS_EXCLUSIVE

SOURCE: t.Final = "measured on PostgreSQL 12 to 18"
"""Most of them; the tests measure them again on the server that they find."""
HERE: t.Final = "measured on PostgreSQL 15"
MANUAL: t.Final = "PostgreSQL manual, {}"
