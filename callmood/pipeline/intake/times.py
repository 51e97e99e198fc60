"""Start times as tables and file names write them: read whole or not at all.

Libraries that guess (dateutil, dateparser) take what they recognise of a text and fill in the rest, and decide day or
month value by value. Here a text that isn't understood to its last character gives no time, and day and month are
decided for a whole column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from callmood.errors import UsageError

Order: TypeAlias = Literal["day first", "month first", "year first", "written"]
"""How a numeric date is read; "written" where the text itself says which number is which."""

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH: Final = r"(?P<name>" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS) + r"|sept)\.?"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_ZONE: Final = r"(?P<zone>z|(?:utc|gmt)(?:[+-]\d\d?(?::?\d\d)?)?|[+-]\d\d(?::?\d\d)?)"
_HALF: Final = r"(?P<half>[ap])\.? ?m\.?"
_CLOCK: Final = (
    r"(?P<hour>\d\d?)(?:"
    r"(?P<colon>[:.h])(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    rf"(?: ?{_HALF}| uhr)?"
    rf"| ?(?P<half_only>[ap])\.? ?m\.?)"
)
_COMPACT_CLOCK: Final = r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?"
_THEN: Final = r"(?:t|,? (?:at |- )?|_)"
_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"


_THEN_ZONE: Final = rf"(?: ?{_ZONE}(?:\[[\w/+-]+\])?)?"
_TIME_OF_DAY: Final = re.compile(_CLOCK + _THEN_ZONE, re.IGNORECASE)


def _whole(day: str, clock: str = _CLOCK, then: str = _THEN) -> re.Pattern[str]:
    return re.compile(rf"{_WEEKDAY}{day}(?:{then}{clock}{_THEN_ZONE})?", re.IGNORECASE)


_SHAPES: Final = (
    _whole(rf"{_YEAR}(?P<mark>[-/._])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)"),
    _whole(rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)", _COMPACT_CLOCK, "(?:t|[ _-])?"),
    _whole(rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)"),
    _whole(rf"(?P<day>\d\d?)(?:st|nd|rd|th)?[-/. ]? ?{_MONTH}[-/., ]? ?{_YEAR}"),
    _whole(rf"(?P<day>\d\d?)[-/ ]{_MONTH}[-/ ](?P<short_year>\d\d)"),
    _whole(rf"{_MONTH}[- ](?P<day>\d\d?)(?:st|nd|rd|th)?,?[- ]{_YEAR}"),
    _whole(rf"{_YEAR}[-/ ]{_MONTH}[-/ ](?P<day>\d\d?)"),
)
_NUMERIC: Final = _whole(
    rf"(?P<first>\d\d?)(?P<mark>[-/.])(?P<then>\d\d?)(?P=mark)(?:{_YEAR}|(?P<short_year>\d\d))"
)
"""Day or month first: the column decides."""

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_EXCEL_DAYS: Final = (32_874.0, 73_051.0)
"""1990 to 2099 as days since 1899-12-30: how Excel stores dates, and exports cells without a date format."""
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)
_UNIX_SECONDS: Final = (631_152_000.0, 4_102_444_800.0)
"""1990 to 2099 as seconds since 1970, UTC."""

_NEAR_YEARS: Final = 2
"""How many years the calls of one table are apart at most, where that decides which number is the year."""

_PROBE: Final = datetime(2026, 11, 20, 14, 30, 5, tzinfo=timezone.utc)

_IN_A_NAME: Final = re.compile(
    rf"(?<!\d)(?P<gmt>gmt)?(?:"
    rf"(?P<year>(?:19|20)\d\d)(?P<dash>[-_./]?)(?P<month>0[1-9]|1[0-2])(?P=dash)(?P<day>0[1-9]|[12]\d|3[01])"
    rf"|(?P<first>\d\d?)(?P<mark>[-_/.])(?P<then>\d\d?)(?P=mark)(?P<year_last>(?:19|20)\d\d)"
    rf"|(?P<year_of_name>(?:19|20)\d\d)[-_/ ]{_MONTH}[-_/ ](?P<day_of_name>\d\d?)"
    rf"|(?P<day_before_name>\d\d?)[-_/ ]{_MONTH.replace('<name>', '<name_between>')}[-_/ ]"
    rf"(?P<year_after_name>(?:19|20)\d\d)"
    r")"
    r"(?:(?:[T_. -]| - |_-_|__|,? at |_at_)?"
    r"(?:(?P<hour>[01]\d|2[0-3])(?P<colon>[-_:.h]?)(?P<minute>[0-5]\d)(?:(?P=colon)(?P<second>[0-5]\d))?"
    r"|(?P<one_digit_hour>\d)(?P<point>[-_:.h])(?P<minute_then>[0-5]\d)(?:(?P=point)(?P<second_then>[0-5]\d))?)"
    r"(?:[ _]?(?P<half>[ap])\.?m\b)?"
    r"(?P<zone>Z|[ _-]?(?:UTC|GMT)|[+-]\d\d:\d\d)?(?![a-z\d])"
    r")?(?![\d])",
    re.IGNORECASE,
)


class Times(NamedTuple):
    """A column of times."""

    read: tuple[datetime | None, ...]
    """Wall-clock times without a zone; None where a text was not understood."""
    ambiguous: frozenset[str] = frozenset()
    """The texts, as given, in which it is open which number is the day."""


def time_zone(name: str | None) -> tzinfo | None:
    """The zone of that name, or None for the machine's own. Raises UsageError if there is none.

    >>> time_zone("Europe/Berlin")
    zoneinfo.ZoneInfo(key='Europe/Berlin')
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the database of zones
        raise UsageError(
            f"There is no time zone {name!r}. Use a name such as Europe/Berlin or UTC."
        ) from None


def check_format(form: str | None) -> None:
    """Raises UsageError unless times in this format can be read back, with year, month and day."""
    if form is None:
        return
    if "%Z" in form.replace("%%", ""):  # strptime reads and drops them
        raise UsageError(
            f"The time format {form!r} has %Z, but names of zones can't be read. Use %z, as in +01:00."
        )
    try:
        known = datetime.strptime(_PROBE.strftime(form), form).date() == _PROBE.date()
    except ValueError:
        known = False
    if not known:
        raise UsageError(
            f"The time format {form!r} does not give a date. Use strptime's codes, such as '%d/%m/%Y %H:%M'."
        )


def read_times(texts: Sequence[str], zone: tzinfo | None = None, form: str | None = None) -> Times:
    """The times of a column. Those with a time zone are converted to ``zone`` (None: the machine's own).

    One value whose day is above 12 decides whether the numbers of a date are day and month or month and day in the
    whole column. 26-11-20 may also be year, month and day. Dates with dots are day first where nothing in the column
    says otherwise. ``form`` is strptime's format of all of them; what differs is not read.

    >>> read_times(["11/3/2026 9:14 PM", "11/20/2026 9:14 PM"]).read[0]
    datetime.datetime(2026, 11, 3, 21, 14)
    >>> read_times(["3/11/2026"])
    Times(read=(None,), ambiguous=frozenset({'3/11/2026'}))
    """
    plain = [" ".join(text.split()) for text in texts]
    if form is not None:
        return Times(tuple(_by_format(text, form, zone) for text in plain))
    readings = [_readings(text) for text in plain]
    numbers = _numbers([text for text, found in zip(plain, readings, strict=True) if not found], zone)
    orders = _orders(plain, readings)
    read: list[datetime | None] = []
    ambiguous: set[str] = set()
    for given, text, found in zip(texts, plain, readings, strict=True):
        different = set(found.values())
        order = orders.get(_mark(text))
        if len(different) == 1:
            read.append(_local(different.pop(), zone))
        elif different and order is not None:
            read.append(_local(found[order], zone))
        else:
            read.append(numbers.get(text))
            if different:
                ambiguous.add(given)
    return Times(tuple(read), frozenset(ambiguous))


def find_time(text: str, zone: tzinfo | None = None) -> datetime | None:
    """The first date with a time in a name, else the first date; year first, dotted, or with the month's name."""
    plain = re.sub(r"\s", " ", text)  # macOS writes a narrow no-break space before PM
    matches = sorted(_IN_A_NAME.finditer(plain), key=lambda match: _clock_of_name(match) is None)
    return next(
        (time for time in (_time_of_name(match, zone) for match in matches) if time is not None), None
    )


def is_clock(text: str) -> bool:
    """Whether a text is a time of day without a date, with or without a zone."""
    return _TIME_OF_DAY.fullmatch(" ".join(text.split())) is not None


def is_day(text: str) -> bool:
    """Whether a text is a date without a time of day, or Excel's number of a day."""
    plain = " ".join(text.split())
    if plain.isdecimal() and len(plain) == len("46346"):
        return _EXCEL_DAYS[0] <= int(plain) < _EXCEL_DAYS[1]
    match = next(filter(None, (shape.fullmatch(plain) for shape in (*_SHAPES, _NUMERIC))), None)
    return match is not None and match["hour"] is None


def _by_format(text: str, form: str, zone: tzinfo | None) -> datetime | None:
    try:
        return _local(datetime.strptime(text, form), zone)
    except (ValueError, OverflowError):
        return None


def _readings(text: str) -> dict[Order, datetime]:
    """What a text can mean; empty if it isn't a time."""
    for shape in _SHAPES:
        match = shape.fullmatch(text)
        if match:
            names = match.groupdict()
            month = _month_number(names["name"]) if names.get("name") else int(names["month"])
            found = _moment(match, _year(match), month, int(match["day"]))
            return {} if found is None else {"written": found}
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return {}
    first, then = int(match["first"]), int(match["then"])
    ways: Mapping[Order, tuple[int, int]] = {"day first": (then, first), "month first": (first, then)}
    moments = {order: _moment(match, _year(match), month, day) for order, (month, day) in ways.items()}
    if (
        match["mark"] == "-" and match["short_year"] and len(match["first"]) == 2
    ):  # 26-11-20, as ISO 8601 had it
        moments["year first"] = _moment(match, _long_year(first), then, int(match["short_year"]))
    return {order: moment for order, moment in moments.items() if moment is not None}


def _mark(text: str) -> str | None:
    """What separates the numbers of a date whose order is open."""
    match = _NUMERIC.fullmatch(text)
    return match["mark"] if match else None


def _orders(texts: Sequence[str], readings: Sequence[Mapping[Order, datetime]]) -> dict[str | None, Order]:
    """The order of day and month by separator, where the column decides it."""
    orders: dict[str | None, Order] = {}
    for mark in "/-.":
        of_mark = [
            found for text, found in zip(texts, readings, strict=True) if found and _mark(text) == mark
        ]
        ways: tuple[Order, ...] = ("day first", "month first", "year first")
        fitting = [order for order in ways if of_mark and all(order in found for found in of_mark)]
        if "year first" in fitting:  # the days of a month are not the years of a table
            near = [
                order for order in fitting if _years_apart([found[order] for found in of_mark]) <= _NEAR_YEARS
            ]
            fitting = near or fitting
        if len(fitting) == 1 or (fitting and mark == "."):
            orders[mark] = fitting[0]
    return orders


def _years_apart(moments: Sequence[datetime]) -> int:
    years = [moment.year for moment in moments]
    return max(years) - min(years)


def _year(match: re.Match[str]) -> int:
    names = match.groupdict()
    if names.get("year"):
        return int(names["year"])
    return _long_year(int(names["short_year"]))


def _long_year(short: int) -> int:
    return short + (2000 if short < 69 else 1900)  # as POSIX has it


def _month_number(name: str) -> int:
    return next(at for at, month in enumerate(MONTHS, 1) if month.startswith(name[:3].casefold()))


def _moment(match: re.Match[str], year: int, month: int, day: int) -> datetime | None:
    parts = match.groupdict()
    hour = _hour(parts["hour"], parts.get("half") or parts.get("half_only"))
    try:
        moment = datetime(
            year,
            month,
            day,
            0 if hour is None else hour,
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            int((parts.get("fraction") or "0").ljust(6, "0")[:6]),
            tzinfo=_offset(parts["zone"]),
        )
    except ValueError:  # the 31st of June, 25 o'clock
        return None
    return moment if parts["hour"] is None or hour is not None else None


def _hour(hour: str | None, half: str | None) -> int | None:
    """The hour of the day, or None if a half of the day has no such hour."""
    if hour is None:
        return None
    if not half:
        return int(hour)
    return int(hour) % 12 + (12 if half in "pP" else 0) if 1 <= int(hour) <= 12 else None


def _offset(zone: str | None) -> tzinfo | None:
    """Raises ValueError for an offset of a day and more."""
    if not zone:
        return None
    sign, digits = zone.lower().strip(" _").removeprefix("utc").removeprefix("gmt"), ""
    if sign in ("", "z", "-utc", "-gmt"):  # "-UTC" in a name is a separator and a zone
        return timezone.utc
    digits = sign[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    return timezone((1 if sign[0] == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    """A call belongs to the local day of those who had it."""
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except (OverflowError, OSError):  # beyond what the machine's clock knows
        return moment.replace(tzinfo=None)


def _numbers(texts: Sequence[str], zone: tzinfo | None) -> dict[str, datetime]:
    """Numbers as days since 1900 or seconds or milliseconds since 1970, if all in the column can be that."""
    values = {text: float(text.replace(",", ".")) for text in texts if _NUMBER.fullmatch(text)}
    if not values:
        return {}

    def all_within(bounds: tuple[float, float], unit: float = 1.0) -> bool:
        return all(bounds[0] <= value / unit < bounds[1] for value in values.values())

    if all_within(_EXCEL_DAYS):
        return {
            text: _EXCEL_EPOCH + timedelta(seconds=round(value * 86_400)) for text, value in values.items()
        }
    for unit in (1.0, 1000.0):
        if all_within(_UNIX_SECONDS, unit):
            return {
                text: _local(datetime.fromtimestamp(value / unit, timezone.utc), zone)
                for text, value in values.items()
            }
    return {}


def _clock_of_name(match: re.Match[str]) -> tuple[str, str, str | None] | None:
    if match["hour"]:
        return match["hour"], match["minute"], match["second"]
    if match["one_digit_hour"]:
        return match["one_digit_hour"], match["minute_then"], match["second_then"]
    return None


def _month_and_day(first: int, then: int, mark: str) -> tuple[int, int]:
    """Which of two numbers is which: a name alone decides only if one is above 12, or by dots. Else the month is 0."""
    if then > 12:
        return first, then
    return (then, first) if first > 12 or first == then or mark == "." else (0, 0)


def _day_of_name(match: re.Match[str]) -> tuple[str, int, str | int]:
    if match["year"]:
        return match["year"], int(match["month"]), match["day"]
    if match["year_last"]:
        return match["year_last"], *_month_and_day(int(match["first"]), int(match["then"]), match["mark"])
    if match["year_of_name"]:
        return match["year_of_name"], _month_number(match["name"]), match["day_of_name"]
    return match["year_after_name"], _month_number(match["name_between"]), match["day_before_name"]


def _time_of_name(match: re.Match[str], zone: tzinfo | None) -> datetime | None:
    year, month, day = _day_of_name(match)
    clock = _clock_of_name(match)
    try:
        known = date(int(year), month, int(day))
    except ValueError:  # the 31st of June, or a day that may be a month
        return None
    midnight = datetime(known.year, known.month, known.day)
    if clock is None:
        return midnight
    hour = _hour(clock[0], match["half"])
    if hour is None:
        return midnight  # the day is known, the time is not
    moment = midnight.replace(hour=hour, minute=int(clock[1]), second=int(clock[2] or 0))
    try:
        return _local(moment.replace(tzinfo=_offset("utc" if match["gmt"] else match["zone"])), zone)
    except ValueError:
        return moment
