"""Times are read whole or not at all, and dates mean the same in a whole column."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from callmood.errors import UsageError
from callmood.pipeline.intake.times import check_format, find_time, read_times

MORNING = datetime(2026, 11, 20, 9, 14)
EVENING = datetime(2026, 11, 20, 21, 14)
DAY = datetime(2026, 11, 20)


def read(*texts: str, **options: str) -> list[datetime | None]:
    return list(read_times(texts, timezone.utc, options.get("form")).read)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-20 14:30:05", datetime(2026, 11, 20, 14, 30, 5)),
        ("2026-11-20", DAY),
        ("2026-11-20 9:14", MORNING),
        ("2026/11/20 9:14", MORNING),
        ("2026-11-20 9:14 PM", EVENING),
        ("2026-11-20 9:14pm", EVENING),
        ("2026-11-20 9:14\u202fp. m.", EVENING),
        ("2026-11-20, 09:14:00 P.M.", EVENING),
        ("2026-11-20 12:00 AM", DAY),
        ("2026-11-20 12 PM", datetime(2026, 11, 20, 12)),
        ("20261120T211400", EVENING),
        ("202611202114", EVENING),
        ("2026-11-20T09:14:00.250", datetime(2026, 11, 20, 9, 14, 0, 250_000)),
        ("2026-11-20 09:14:00,5", datetime(2026, 11, 20, 9, 14, 0, 500_000)),
        ("2026-11-20T09:14:00Z", MORNING),
        ("2026-11-20 10:14:00+01:00", MORNING),
        ("2026-11-20 04:14 UTC-5", MORNING),
        ("2026-11-20T10:14:00.000000123+0100[Europe/Berlin]", MORNING),
        ("11/20/2026 9:14", MORNING),
        ("20/11/2026 09:14", MORNING),
        ("20-11-2026", DAY),
        ("20.11.2026 9.14", MORNING),
        ("20.11.2026, 9:14 Uhr", MORNING),
        ("Friday, November 20, 2026 9:14 PM", EVENING),
        ("20. Nov. 2026", DAY),
        ("20261120 09:14:00", MORNING),
        ("5.11.2026", datetime(2026, 11, 5)),
        ("20.11.26", DAY),
        ("11/20/26 9:14 PM", EVENING),
        ("20 Nov 2026 9:14 pm", EVENING),
        ("20-Nov-26", DAY),
        ("Nov 20, 2026 at 9:14 PM", EVENING),
        ("Fri, 20 November 2026 09:14:00 +0000", MORNING),
        ("46346.38472222222", MORNING),
        ("46346", DAY),
        ("1795166040", MORNING),
        ("1795166040000", MORNING),
    ],
)
def test_time_in_a_table(text: str, time: datetime) -> None:
    assert read(text) == [time]


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "noon", "9:14 PM", "31.6.2026", "2026-02-30", "2026-11-20 25:14", "2026-11-20 9:75",
        "2026-11-20 14:30 PM", "2026-11-20 0:30 AM", "2026-11-20 9:14 XM", "2026-11-20 9:14 PM or so",
        "2026-11-20 9", "2026-11-209:14", "2026-11-20 09:14:05:07", "2026-11-20 10:14 CET", "13/13/2026",
        "2026-11-20 10:14+25:00", "20261", "12345.6", "17951660", "(2026-11-20)", "2026-11-20 - 2026-11-21",
    ],
)  # fmt: skip
def test_time_that_is_not_wholly_understood_is_not_read(text: str) -> None:
    assert read(text) == [None]


def test_one_day_above_12_decides_for_the_column() -> None:
    assert read("3/11/2026", "20/11/2026") == [datetime(2026, 11, 3), DAY]
    assert read("3/11/2026", "11/20/2026") == [datetime(2026, 3, 11), DAY]
    assert read("3-11-26 9:14", "20-11-26 9:14", "x") == [datetime(2026, 11, 3, 9, 14), MORNING, None]


def test_dates_that_can_be_either_way_round_are_not_read() -> None:
    times = read_times(["3/11/2026", "11/11/2026", "2026-11-20"])
    assert times.read == (None, datetime(2026, 11, 11), DAY)
    assert times.ambiguous == {"3/11/2026"}


def test_a_column_with_both_ways_is_read_only_where_each_is_sure() -> None:
    assert read("20/11/2026", "11/20/2026", "3/11/2026") == [DAY, DAY, None]


def test_a_year_of_two_digits_may_stand_first_or_last() -> None:
    assert read("26-11-20 9:14") == [None]
    assert read("26-11-20 9:14", "26-11-03 9:14") == [MORNING, datetime(2026, 11, 3, 9, 14)]
    assert read("03-11-26 9:14", "20-11-26 9:14") == [datetime(2026, 11, 3, 9, 14), MORNING]


def test_a_format_with_a_zone_is_accepted_where_the_zone_is_read() -> None:
    check_format("%d.%m.%Y %H:%M %z")
    with pytest.raises(UsageError, match="Use %z"):
        check_format("%d.%m.%Y %H:%M %Z")


def test_days_of_spreadsheets_have_a_decimal_comma_in_half_of_the_world() -> None:
    assert read("46346,5", "46346") == [datetime(2026, 11, 20, 12), DAY]


def test_numbers_are_days_only_if_all_of_the_column_can_be() -> None:
    assert read("46346.5", "45000") == [datetime(2026, 11, 20, 12), datetime(2023, 3, 15)]
    assert read("46346.5", "12.5") == [None, None]


def test_two_spellings_of_a_moment_are_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = read_times(["2026-11-20T23:30:00-05:00", "2026-11-21T04:30:00Z"], berlin).read
    assert found == (datetime(2026, 11, 21, 5, 30),) * 2


def test_given_format_alone_counts() -> None:
    assert read("03/11/2026 9:14 PM", "2026-11-20", form="%m/%d/%Y %I:%M %p") == [
        datetime(2026, 3, 11, 21, 14), None,
    ]  # fmt: skip
    assert read("20.11.2026 10:14 +0100", form="%d.%m.%Y %H:%M %z") == [MORNING]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("call 20261120-143005 x", datetime(2026, 11, 20, 14, 30, 5)),
        ("20261120143005", datetime(2026, 11, 20, 14, 30, 5)),
        ("20261120_1430", datetime(2026, 11, 20, 14, 30)),
        ("2026-11-20 14.30.05", datetime(2026, 11, 20, 14, 30, 5)),
        ("2026_11_20__14_30_05", datetime(2026, 11, 20, 14, 30, 5)),
        ("2026-11-20T14h30", datetime(2026, 11, 20, 14, 30)),
        ("2026-11-20", DAY),
        ("2026-11-20 then 2026-11-21 14:30:05", datetime(2026, 11, 21, 14, 30, 5)),
        ("2026-11-20 09.14.00 PM", EVENING),
        ("Call 2026-11-20 at 9.14.00\u202fPM", EVENING),
        ("2026-11-20_9-14-00", MORNING),
        ("2026-11-20 0914 PM", EVENING),
        ("2026-11-20 13.14.00 PM", DAY),
        ("20.11.2026 09-14", MORNING),
        ("5.11.2026", datetime(2026, 11, 5)),
        ("20-11-2026_09-14-00", MORNING),
        ("Recording 11-20-2026 09.14 PM", EVENING),
        ("11_20_2026", DAY),
        ("03-11-2026 09-14", None),
        ("55-12-2026", None),
        ("2026/Nov/20", DAY),
        ("20-Nov-2026 9.14 pm", EVENING),
        ("20261120T091400Z", MORNING),
        ("x_20261120T09:14_UTC", MORNING),
        ("GMT20261120-091400_Recording", MORNING),
        ("2026-11-20T10:14:00+01:00", MORNING),
        ("2026-06-31", None),
        ("2012125550123", None),
        ("1638338482.123", None),
        ("", None),
    ],
)
def test_time_anywhere_in_a_name(text: str, time: datetime | None) -> None:
    assert find_time(text, timezone.utc) == time


def test_time_in_a_name_with_a_zone_is_converted() -> None:
    assert find_time("GMT20261120-091400", ZoneInfo("Europe/Berlin")) == datetime(2026, 11, 20, 10, 14)
    assert find_time("20261120-091400", ZoneInfo("Europe/Berlin")) == MORNING
