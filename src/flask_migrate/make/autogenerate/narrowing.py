"""Whether a change of type loses values, or parts of them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

Type = sa.types.TypeEngine[t.Any]

# The first that fits; each stands before what it is a subclass of.
_FAMILIES: tuple[type[Type], ...] = (
    sa.Enum,
    sa.JSON,
    sa.ARRAY,
    sa.String,
    sa.LargeBinary,
    sa.Boolean,
    sa.Integer,
    sa.Float,
    sa.Numeric,
    sa.DateTime,
    sa.Date,
    sa.Time,
    sa.Interval,
    sa.Uuid,
)
_SIZES: tuple[tuple[type[Type], int], ...] = ((sa.SmallInteger, 2), (sa.BigInteger, 8))
# By their names, as the types of dialects are no subclasses of the above.
_NAMED_SIZES = {"TINYINT": 1, "MEDIUMINT": 3}
_WIDENING = {
    (sa.Boolean, sa.Integer),
    (sa.Integer, sa.Float),
    (sa.Integer, sa.Numeric),
    (sa.Date, sa.DateTime),
}


def is_narrowing(before: Type, after: Type) -> bool:
    """Tell whether values of one type may not fit into another one."""
    before, after = _unwrap(before), _unwrap(after)
    old, new = _find_family(before), _find_family(after)

    if old is sa.Enum and new is sa.String:
        return _narrows_text(before, after)

    if old is not new:
        widens = (old, new) in _WIDENING or (new is sa.String and _is_long(after))
        return None not in (old, new) and not widens

    judge = _JUDGES.get(old)
    return judge is not None and judge(before, after)


def _unwrap(type_: Type) -> Type:
    while isinstance(type_, sa.TypeDecorator):
        type_ = type_.impl_instance

    return type_


def _find_family(type_: Type) -> type[Type] | None:
    return next((one for one in _FAMILIES if isinstance(type_, one)), None)


def _is_long(text: Type) -> bool:
    # The longest text of a number, a date or a UUID is shorter.
    length = getattr(text, "length", None)
    return length is None or length >= 40


def _is_less(old: int | None, new: int | None) -> bool:
    """Compare two limits, of which ``None`` is none."""
    return new is not None and (old is None or new < old)


def _get_size(type_: Type) -> int:
    named = _NAMED_SIZES.get(type_.__visit_name__)
    return named or next((size for one, size in _SIZES if isinstance(type_, one)), 4)


def _narrows_text(old: t.Any, new: t.Any) -> bool:
    return _is_less(old.length, new.length)


def _narrows_number(old: t.Any, new: t.Any) -> bool:
    if new.precision is None:
        return False

    if old.precision is None:
        return True

    scale = (old.scale or 0, new.scale or 0)
    return scale[1] < scale[0] or new.precision - scale[1] < old.precision - scale[0]


_JUDGES: dict[t.Any, t.Callable[[t.Any, t.Any], bool]] = {
    sa.String: _narrows_text,
    sa.LargeBinary: _narrows_text,
    sa.Enum: lambda old, new: not set(old.enums) <= set(new.enums),
    sa.Integer: lambda old, new: _get_size(new) < _get_size(old),
    sa.Float: lambda old, new: _is_less(old.precision, new.precision),
    sa.Numeric: _narrows_number,
    sa.DateTime: lambda old, new: bool(old.timezone) and not new.timezone,
    sa.Time: lambda old, new: bool(old.timezone) and not new.timezone,
}
