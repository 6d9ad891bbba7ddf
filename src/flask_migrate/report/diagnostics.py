"""Findings as text for people, and as annotations that GitHub shows in a review."""

from __future__ import annotations

import collections.abc as cabc
import os

from ..diagnostic import Diagnostic


def format_diagnostics(diagnostics: cabc.Iterable[Diagnostic]) -> str:
    """Return each finding with its code, and what to do about it."""
    return "\n".join(line for one in diagnostics for line in _format_one(one))


def _format_one(diagnostic: Diagnostic) -> list[str]:
    lines = [f"{diagnostic.code}: {diagnostic.message}"]
    return [*lines, f"  -> {diagnostic.hint}"] if diagnostic.hint else lines


def format_annotations(diagnostics: cabc.Iterable[Diagnostic]) -> str:
    """Return one workflow command of GitHub a finding, which marks the file."""
    return "\n".join(map(_annotate, diagnostics))


def _annotate(diagnostic: Diagnostic) -> str:
    facts = {
        "file": os.path.relpath(diagnostic.path) if diagnostic.path else "",
        "line": "" if diagnostic.line is None else str(diagnostic.line),
        "title": diagnostic.code,
    }
    properties = ",".join(
        f"{name}={_escape(value, also=':,')}" for name, value in facts.items() if value
    )
    text = " ".join(filter(None, (diagnostic.message, diagnostic.hint)))
    return f"::error {properties}::{_escape(text)}"


def _escape(text: str, *, also: str = "") -> str:
    for character in f"%\r\n{also}":
        text = text.replace(character, f"%{ord(character):02X}")

    return text
