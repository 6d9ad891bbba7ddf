"""The databases of an application: their engines and their models' metadata."""

from __future__ import annotations
