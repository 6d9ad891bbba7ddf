"""Plans as text: for a person, for a pull request, for a program."""

from __future__ import annotations

import collections.abc as cabc
import json
import textwrap

from ..plan import Direction
from ..plan import Effect
from ..plan import Impact
from ..plan import LockLevel
from ..plan import Operation
from ..plan import Plan
from ..plan import Statement
from ..plan import Step
from ..plan import TableLock

WIDTH = 80

_MARKS = {"create": "+", "add": "+", "insert": "+", "bulk": "+", "drop": "-"}
_WORK = {
    "rewrite": "rewrites the table",
    "scan": "scans the table",
    "index build": "builds an index",
    "foreign key check": "checks foreign keys",
    "rows": "row by row",
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def format_plans(
    plans: cabc.Iterable[Plan], *, sql: bool = False, saved: str | None = None
) -> str:
    """Return plans as a person reads them, with the next command.

    :param sql: with every statement.
    :param saved: the file that the plans were written to.
    """
    known = tuple(plans)
    blocks = ["\n".join(_format_plan(plan, sql=sql)) for plan in known]
    following = suggest(known, saved=saved)
    return "\n\n".join(blocks) + (f"\nnext: {following}" if following else "")


def format_markdown(plans: cabc.Iterable[Plan], *, sql: bool = False) -> str:
    """Return plans as Markdown, for a pull request.

    :param sql: with every statement.
    """
    lines: list[str] = []

    for plan in plans:
        lines += [f"### {_title(plan)}", ""]
        lines += [f"On {plan.server}.", ""] if plan.server and plan.steps else []

        for step in plan.steps:
            lines += [f"- **{step.revision}** {step.message}".rstrip()]
            lines += [f"  - {line}" for line in _summarise_step(step)]
            lines += _fence(step) if sql and step.statements else []

        lines += ["", *_summarise(plan), ""]

    return "\n".join(lines).rstrip()


def format_json(plans: cabc.Iterable[Plan]) -> str:
    """Return plans as JSON, as ``schemas/plan.json`` describes it."""
    values = [plan.to_dict() for plan in plans]
    return json.dumps({"schema": 1, "plans": values}, indent=2)


def suggest(plans: cabc.Iterable[Plan], *, saved: str | None = None) -> str | None:
    """Return the command that runs plans; ``None`` where there is nothing to do.

    :param saved: the file that the plans were written to.
    """
    plan = next((one for one in plans if one.steps), None)

    if plan is None:
        return None

    verb = plan.direction.value

    if ":" in plan.target:
        return f"flask db {verb} --sql {plan.target}"

    if saved is not None:
        return f"flask db apply {saved}"

    default = "head" if plan.direction is Direction.UPGRADE else "-1"
    return f"flask db {verb}" + ("" if plan.target == default else f" {plan.target}")


def _format_plan(plan: Plan, *, sql: bool) -> list[str]:
    if not plan.steps:
        return [f"{_name(plan)} is at {_list(plan.start)}. Nothing to do."]

    lines = [_title(plan), *([f"on {plan.server}"] if plan.server else [])]
    is_mixed = _is_mixed(plan)
    digits = len(str(len(plan.steps)))

    for number, step in enumerate(plan.steps, 1):
        head = f"  {number:>{digits}}  {step.revision}  {step.message}".rstrip()
        lines += ["", head, *_format_step(step, sql=sql, is_mixed=is_mixed)]

    return [*lines, "", *_summarise(plan)]


def _title(plan: Plan) -> str:
    count = f"{len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}"
    way = f"{_list(plan.start)} -> {_list(plan.end)}"
    return f"{_name(plan)}   {way}   {count}"


def _name(plan: Plan) -> str:
    path = plan.url.partition("?")[0].partition("://")[2]
    found = path.rpartition("/")[2] if "/" in path else ""
    return plan.database or found or "the database"


def _list(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "base"


def _is_mixed(plan: Plan) -> bool:
    """Tell whether some of a plan can be rolled back."""
    effects = (one.effect for step in plan.steps for one in step.statements)
    return any(one.transactional for one in effects)


def _format_step(step: Step, *, sql: bool, is_mixed: bool) -> list[str]:
    lines: list[str] = []

    for operation in step.operations:
        lines += _wrap(f"{_mark(operation)} {operation.text}", indent=5, hanging=2)
        lines += [
            line
            for text in describe_operation(operation, is_mixed=is_mixed)
            for line in _wrap(text, indent=7)
        ]

        for statement in operation.statements if sql else ():
            lines += [f"         {line}" for line in _list_sql(statement)]

    if step.opaque:
        lines += _wrap(f"? {step.opaque}", indent=5, hanging=2)
        lines += _wrap("what else it does is not known before it runs", indent=7)
    elif not step.operations:
        lines += ["     changes nothing here"]

    return lines


def _list_sql(statement: Statement) -> list[str]:
    lines = f"{statement.sql};".expandtabs(4).splitlines()
    return [line.rstrip() for line in lines if line.strip()]


def _wrap(text: str, *, indent: int, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _mark(operation: Operation) -> str:
    return _MARKS.get(operation.kind.partition("_")[0], "~")


def describe_operation(operation: Operation, *, is_mixed: bool = True) -> list[str]:
    """Return what an operation does to the people using the database, in words.

    :param is_mixed: some of the plan can be rolled back; else that is said once.
    """
    effects = [one.effect for one in operation.statements]

    if not effects:
        return []

    order = list(Impact)
    worst = max((one.impact for one in effects), key=order.index)
    parts = [
        f"effect {worst.value}" if worst is Impact.UNKNOWN else worst.value,
        *_list_locks(effects),
        *_unique(_WORK.get(word, word) for one in effects for word in one.work),
        *_unique(one.algorithm for one in effects if one.algorithm),
    ]

    if is_mixed and not all(one.transactional for one in effects):
        parts.append("cannot be rolled back")

    return [
        "; ".join(parts),
        *(f"loses {text}" for text in _list_losses(effects)),
        *_unique(f"may fail: {text}" for one in effects for text in one.may_fail),
    ]


def _list_locks(effects: list[Effect]) -> list[str]:
    locks = [lock for one in effects for lock in one.locks]
    # SQLite's table says nothing that its database does not say with a size.
    is_said = any(one.level is LockLevel.WRITER and one.size for one in locks)
    return _unique(
        _describe_lock(one)
        for one in locks
        if not (is_said and one.level is LockLevel.WRITER and one.size is None)
    )


def _describe_lock(lock: TableLock) -> str:
    facts = [
        f"about {_rows(lock.rows)}" if lock.rows is not None else "",
        _describe_size(lock.size) if lock.size is not None else "",
    ]
    known = ", ".join(fact for fact in facts if fact)
    size = f" ({known})" if known else ""

    # SQLite locks the whole database, whichever table it is.
    if lock.level is LockLevel.WRITER:
        return f"the only writer{size}"

    level = lock.level.value
    word = "" if level.startswith("LOCK") else "lock "
    return f"{word}{level} on {lock.table}{size}"


def _describe_size(size: int) -> str:
    value, unit = float(size), 0

    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1

    return f"{value:.3g} {_UNITS[unit]}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}".replace(",", " ")


def _list_losses(effects: cabc.Iterable[Effect]) -> list[str]:
    return _unique(
        (f"{loss.table}.{loss.column}" if loss.column else loss.table)
        + (f" ({_rows(loss.rows)})" if loss.rows is not None else "")
        for one in effects
        for loss in one.losses
    )


def _unique(texts: cabc.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _summarise(plan: Plan) -> list[str]:
    if not plan.steps:
        return ["Nothing to do."]

    text = f"reversible: {_say_reversible(plan)}.   loses data: {_say_losses(plan)}."
    has_sql = any(step.statements for step in plan.steps)
    commits = has_sql and not _is_mixed(plan)
    last = ["Each statement commits by itself; none can be rolled back."]
    return [*_wrap(text, indent=0), *(last if commits else [])]


def _say_reversible(plan: Plan) -> str:
    never = [one.revision for one in plan.steps if one.reversible is False]
    unknown = [one.revision for one in plan.steps if one.reversible is None]

    if never:
        return f"not {', '.join(never)}"

    if unknown:
        return f"not known of {', '.join(unknown)}"

    return {1: "yes", 2: "both"}.get(len(plan.steps), "all")


def _say_losses(plan: Plan) -> str:
    effects = [one.effect for step in plan.steps for one in step.statements]

    if losses := _list_losses(effects):
        return ", ".join(losses)

    is_unknown = any(one.impact is Impact.UNKNOWN for one in effects)
    return "not known" if is_unknown or any(one.opaque for one in plan.steps) else "no"


def _summarise_step(step: Step) -> list[str]:
    lines = [
        "; ".join([operation.text, *describe_operation(operation)])
        for operation in step.operations
    ]
    return [*lines, f"**not known:** {step.opaque}"] if step.opaque else lines


def _fence(step: Step) -> list[str]:
    body = [f"  {line}" for one in step.statements for line in _list_sql(one)]
    return ["", "  ```sql", *body, "  ```", ""]
