"""Run plans; nothing here makes one."""

from __future__ import annotations
