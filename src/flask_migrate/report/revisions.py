"""Revisions as text, byte for byte as Alembic 1.20 prints them: scripts parse it."""

from __future__ import annotations

import collections.abc as cabc

from ..plan import Revision


def format_line(
    revision: Revision,
    *,
    with_branches: bool = False,
    with_message: bool = False,
    with_parents: bool = False,
    with_tree: bool = True,
) -> str:
    """Return one revision on one line.

    :param with_branches: its branch labels.
    :param with_message: its message.
    :param with_parents: what it follows and depends on.
    :param with_tree: whether it is a branch point or a merge point.
    """
    effective = revision.is_head and not revision.is_effective_head
    parts = [
        _format_parents(revision) if with_parents else "",
        revision.revision,
        f" ({', '.join(revision.branch_labels)})"
        if with_branches and revision.branch_labels
        else "",
        " (head)" if revision.is_effective_head else "",
        " (effective head)" if effective else "",
        " (current)" if revision.is_current else "",
        " (branchpoint)" if with_tree and revision.is_branch_point else "",
        " (mergepoint)" if with_tree and revision.is_merge_point else "",
        f", {revision.message}" if with_message else "",
    ]
    return "".join(parts)


def format_entry(revision: Revision) -> str:
    """Return everything about one revision, on several lines."""
    marks = (
        (revision.is_head, " (head)"),
        (revision.is_branch_point, " (branchpoint)"),
        (revision.is_merge_point, " (mergepoint)"),
        (revision.is_current, " (current)"),
    )
    verb = "Merges" if revision.is_merge_point else "Parent"
    lines = [
        f"Rev: {revision.revision}{''.join(mark for yes, mark in marks if yes)}",
        f"{verb}: {_format_down(revision)}",
    ]

    if revision.dependencies:
        lines.append(f"Also depends on: {', '.join(revision.dependencies)}")

    if revision.is_branch_point:
        lines.append(f"Branches into: {', '.join(revision.next_revisions)}")

    if revision.branch_labels:
        lines.append(f"Branch names: {', '.join(revision.branch_labels)}")

    paragraphs = revision.documentation.splitlines()
    lines += [f"Path: {revision.path}", "", *(f"    {one}" for one in paragraphs), ""]

    if not paragraphs:
        lines.insert(-1, "")

    return "\n".join(lines)


def format_branch_point(
    revision: Revision, following: cabc.Iterable[Revision], *, verbose: bool
) -> str:
    """Return a branch point with the revisions that follow it.

    :param verbose: everything about it, and the messages of the others.
    """
    first = (
        format_entry(revision) if verbose else format_line(revision, with_branches=True)
    )
    indent = " " * len(revision.revision)
    rest = (
        f"{indent} -> {format_line(one, with_branches=True, with_message=verbose)}"
        for one in following
    )
    return "\n".join([first, *rest]) + "\n"


def _format_parents(revision: Revision) -> str:
    needs = f" ({', '.join(revision.dependencies)})" if revision.dependencies else ""
    return f"{_format_down(revision)}{needs} -> "


def _format_down(revision: Revision) -> str:
    return ", ".join(revision.down_revisions) or "<base>"
