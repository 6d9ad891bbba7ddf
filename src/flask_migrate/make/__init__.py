"""Make plans and drafts; nothing here runs one."""

from __future__ import annotations
