"""Which module has which command: one is imported when somebody asks for it."""

from __future__ import annotations

import importlib

import click

MODULES: dict[str, tuple[str, ...]] = {
    "authoring": (
        *("list-templates", "init", "revision", "migrate", "rename", "edit", "merge"),
    ),
    "inspecting": (
        *("show", "history", "heads", "branches", "current", "check", "status"),
        *("lock", "wait", "log"),
    ),
    "planning": ("plan", "apply"),
    "applying": ("upgrade", "downgrade", "stamp", "ensure-version", "create", "drop"),
    "repairing": ("repair",),
    "branching": ("rebase", "amend"),
    "returning": ("rollback", "redo", "tag", "prepare", "template", "leave"),
}
"""The names of the commands, by their module beside this one."""


def load_command(name: str) -> click.Command | None:
    """Return one command, and import no other module for it."""
    found = (module for module, names in MODULES.items() if name in names)
    module = next(found, None)
    return None if module is None else _load(module)[name]


def load_commands() -> dict[str, click.Command]:
    """Return every command, by its name."""
    return {
        name: command for module in MODULES for name, command in _load(module).items()
    }


def _load(module: str) -> dict[str, click.Command]:
    loaded = importlib.import_module(f".{module}", __package__)
    commands: tuple[click.Command, ...] = loaded.COMMANDS
    return {str(command.name): command for command in commands}
