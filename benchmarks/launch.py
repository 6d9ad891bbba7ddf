"""Run a program, and tell what it has used: `launch.py PROGRAM WORDS`.

A process begins as a copy of the one that starts it, and Linux counts the memory of
that one as a peak of its own: a `pass` of 11 MB, started by a process of 210 MB, had a
peak of 210 MB (measured on Linux 6.18). This one is smaller than whatever it starts.
What the program says goes to the standard error, the figures to the standard output.
"""

from __future__ import annotations

import os
import sys
import time

began = time.monotonic()
process = os.posix_spawn(
    sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)]
)
_, status, used = os.wait4(process, 0)
cpu = used.ru_utime + used.ru_stime
print(cpu, time.monotonic() - began, used.ru_maxrss, os.waitstatus_to_exitcode(status))
