"""What to say of the errors that every server has: a class, a message and a hint.

Each function takes where the server is and why it refused, both without a password.
"""

from __future__ import annotations

from ...errors import ConnectionFailed
from ...errors import DatabaseError
from ...errors import DatabaseNotFound
from ...errors import LockNotAcquired
from ...errors import MigrationError

Explanation = tuple[type[MigrationError], str, str | None]
"""An error class, a message and a hint."""


def explain_unreachable(where: str, why: str) -> Explanation:
    """Return what to say of a server that does not answer."""
    return (
        ConnectionFailed,
        f"The database server at {where} cannot be reached: {why}",
        "Check that it runs and that the host and port in the URL are right.",
    )


def explain_refused(where: str, why: str) -> Explanation:
    """Return what to say of a server that refuses the user."""
    return (
        ConnectionFailed,
        f"The database server at {where} refuses the connection: {why}",
        "Check the user and the password in the URL; a `@ / : # %` in a password must"
        " be percent-encoded.",
    )


def explain_full(where: str, why: str) -> Explanation:
    """Return what to say of a server that takes no more connections."""
    return (
        ConnectionFailed,
        f"The database server at {where} has no free connection: {why}",
        "Wait, close idle sessions, or raise the limit.",
    )


def explain_lost(where: str, why: str) -> Explanation:
    """Return what to say of a connection that ended in the middle."""
    return (
        ConnectionFailed,
        f"The connection to the database server at {where} was lost: {why}",
        "Run the command again; `flask db current` says where the database stands.",
    )


def explain_missing(where: str, name: str) -> Explanation:
    """Return what to say of a database that does not exist."""
    return (
        DatabaseNotFound,
        f'There is no database "{name}" on {where}.',
        "Run `flask db create`, or `flask db upgrade --create` to do both.",
    )


def explain_denied(where: str, why: str) -> Explanation:
    """Return what to say when the user lacks a right."""
    return (
        DatabaseError,
        f"The database user is not allowed to do this: {why}",
        "Grant it the right, or let migrations connect as a user that has it:"
        " MIGRATE_DATABASE_URI, or `flask db --url URL`.",
    )


def explain_read_only(where: str, why: str) -> Explanation:
    """Return what to say of a server that takes no changes."""
    return (
        DatabaseError,
        f"The server at {where} is read-only: {why}",
        "Connect to the primary, not to a replica.",
    )


def explain_locked(where: str, why: str) -> Explanation:
    """Return what to say when another session held a lock for too long."""
    return (
        LockNotAcquired,
        f"Another session kept a lock for longer than it may: {why}",
        "End the transaction that holds it (in the same process: commit or close"
        " db.session), then run the command again. MIGRATE_DDL_DEADLINE says how"
        " long to wait.",
    )


def explain_exists(where: str, why: str) -> Explanation:
    """Return what to say of something that is there before it is made."""
    return (
        DatabaseError,
        why,
        "What is there already came from create_all(), from a run that stopped, or from"
        " before the version table was lost. Remove it, or say where the database"
        " stands: `flask db stamp REVISION`.",
    )


def explain_nulls(where: str, why: str) -> Explanation:
    """Return what to say of rows that a NOT NULL does not allow."""
    return (
        DatabaseError,
        why,
        "Rows are there already: give the column a server_default, or add it as"
        " nullable, fill it, and set NOT NULL then.",
    )
