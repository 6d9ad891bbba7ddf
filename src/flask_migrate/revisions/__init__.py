"""The folder of revisions: its files as a graph, and what runs them."""

from __future__ import annotations
