"""How recorders write the facts of a call into the names of its recording."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class NamePattern:
    """One way in which recorders write facts into names."""

    what: str
    example: str
    regex: re.Pattern[str]
    """Searched in the path below the scanned folder, without the extension; its named groups are the facts."""
    time_format: str | None = None
    """strptime's format of the groups ``day`` and ``clock``, which are joined by a space."""


_AMAZON: Final = "Auto3_CUST_5551234_GUID_000_AGENT_ChrisL_DT_2021-12-01T06-01-22.wav"


def _keyed(name: str, key: str) -> NamePattern:
    regex = re.compile(rf"(?:^|[/_]){key}_(?P<{name}>[^/_]+)")
    return NamePattern(f"{key}_..., as in post-call analytics for Amazon Connect", _AMAZON, regex)


def _assigned(name: str) -> NamePattern:
    regex = re.compile(rf"(?:^|[/_ ;,&-]){name}=(?P<{name}>[^/_;,&=]+)", re.IGNORECASE)
    return NamePattern(f"{name}=..., in a file or folder name", f"{name}=x17/call.wav", regex)


def _named(what: str, example: str, regex: str, time_format: str | None = None) -> NamePattern:
    return NamePattern(what, example, re.compile(rf"(?:^|/){regex}", re.IGNORECASE), time_format)


_STAMP: Final = r"-\d{8}-\d{6}-(?P<call_id>\d+\.\d+)"
_OUTSIDE: Final = r"(?:(?P<customer>\+?\d{6,}|anonymous|unknown)|\+?\w+)"
"""Who is called or calls: a customer, unless it is an extension."""
_EXTENSION: Final = r"\d{2,5}"
_PHONE: Final = r"\+?[\d() -]*\d{3}[- ]?\d{4}|\+?\d{6,}"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIME_THEN: Final = r"\d{4}-?\d\d-?\d\d[T_ -]\d\d[-:.]?\d\d[-:.]?\d\d[_ ]"

NAME_PATTERNS: Final = (
    _keyed("call_id", "GUID"),
    _keyed("agent", "AGENT"),
    _keyed("customer", "CUST"),
    _assigned("agent"),
    _assigned("customer"),
    _assigned("call_id"),
    _assigned("queue"),
    # FreePBX from 12 on: type, who is called, who calls, time, Asterisk's unique id
    _named(
        "FreePBX, a call to outside",
        "out-5551234-101-20211201-060122-1638338482.123.wav",
        rf"(?P<direction>out)-{_OUTSIDE}-(?P<agent>\w+){_STAMP}",
    ),
    _named(
        "FreePBX, a call to an extension",
        "external-101-5551234-20211201-060122-1638338482.123.wav",
        rf"(?:external|exten)-(?P<agent>\w+)-{_OUTSIDE}{_STAMP}",
    ),
    _named(
        "FreePBX, a call to a queue or a ring group",
        "q-support-5551234-20211201-060122-1638338482.123.wav",
        rf"(?:q|rg)-(?P<queue>\w+)-{_OUTSIDE}{_STAMP}",
    ),
    _named(
        "FreePBX, a call from outside",
        "in-8005550100-5551234-20211201-060122-1638338482.123.wav",
        rf"(?P<direction>in)-\w+-{_OUTSIDE}{_STAMP}",
    ),
    _named(
        "FreePBX and Issabel, forced recording of a call to outside",
        "force-08215551234-3201-20250327-092517-1743042317.12206.wav",
        rf"force-(?P<customer>\+?\d{{6,}})-(?P<agent>{_EXTENSION}){_STAMP}",
    ),
    _named(
        "FreePBX and Issabel, forced recording of a call from outside",
        "force-3201-08215551234-20250327-092517-1743042317.12206.wav",
        rf"force-(?P<agent>{_EXTENSION})-(?P<customer>\+?\d{{6,}}){_STAMP}",
    ),
    _named(
        "FreePBX and Issabel, any other type: the call id alone",
        "internal-101-102-20211201-060122-1638338482.123.wav",
        rf"[a-z]+-[^/]*{_STAMP}",
    ),
    # FreePBX 2, which Elastix and Issabel carry on
    _named(
        "Issabel and Elastix, a queue or a ring group",
        "q600-5551234-20211201-060122-1638338482.123.wav",
        rf"[qg](?P<queue>\d+)(?:-{_OUTSIDE})?{_STAMP}",
    ),
    _named(
        "Issabel and Elastix, a call of an extension to outside or from there",
        "OUT101-5551234-20211201-060122-1638338482.123.wav",
        rf"(?P<direction>out|in)(?P<agent>{_EXTENSION})(?:-{_OUTSIDE})?{_STAMP}",
    ),
    # [name of the user]_extension-number_time(number of the call)
    _named(
        "3CX, a call of an extension",
        "[Coles, Zoe]_124-8012307610_20250603202223(152).wav",
        rf"\[(?P<agent>[^\]/]+)\]_{_EXTENSION}-(?P<customer>\+?\d{{6,}})_\d{{14}}\(\d+\)",
    ),
    _named(
        "3CX, a call to an extension",
        "[Mr Smith]_8012307610-124_20250603202223(152).wav",
        rf"\[[^\]/]*\]_(?P<customer>\+?\d{{6,}})-(?P<agent>{_EXTENSION})_\d{{14}}\(\d+\)",
    ),
    # Campaigns choose what follows the number (FULLDATE_CUSTPHONE, ..._AGENT, ..._CAMPAIGN), so that it can't be told
    _named(
        "Vicidial, both sides mixed or apart",
        "20261120-143005_5551234567_1001-all.wav",
        r"\d{8}-\d{6}_(?P<customer>\d{6,15})(?:_[^/]+)?-(?:all|in|out)$",
    ),
    _named(
        "Vicidial, a side on each channel",
        "FR_S_20261120-143005_5551234567.wav",
        r"(?:(?:CO|CM|FR)_)?S_\d{8}-\d{6}_(?P<customer>\d{6,15})(?:_[^/]+)?$",
    ),
    _named(
        "RingCentral, a call to outside",
        "20251104-133555_302_(252)792-8686_Outgoing_Auto_2243071124051.mp3",
        rf"\d{{8}}-\d{{6}}_(?P<agent>\d{{2,6}})_(?P<customer>{_PHONE})_(?P<direction>Incoming|Outgoing)_[a-z]+"
        r"_(?P<call_id>\d+)$",
    ),
    _named(
        "RingCentral, a call from outside",
        "20251121-141152_(469)906-0558_Incoming_Auto_2254843027051.mp3",
        rf"\d{{8}}-\d{{6}}_(?P<customer>{_PHONE})_(?P<direction>Incoming|Outgoing)_[a-z]+_(?P<call_id>\d+)$",
    ),
    # a folder a campaign and day; a transferred leg has no agent; since 2026 a session's GUID follows the time
    _named(
        "Five9, below its folders",
        "Recordings/Main Number/8_25_2026/4436170733 by cdeer @ 7_16_55 AM.wav",
        r"(?:(?P<campaign>[^/]+)/)?(?P<day>\d\d?_\d\d?_\d{4})/\+?\d+ by [^/@]*(?:@[^/@ ]+)? @ "
        r"(?P<clock>\d\d?_\d\d_\d\d [AP]M)",
        "%m_%d_%Y %I_%M_%S %p",
    ),
    _named(
        "Five9",
        "4436170733 by cdeer@example.com @ 7_16_55 AM.wav",
        r"(?P<customer>\+?\d{6,}) by (?P<agent>[^/@ ]+(?:@[^/@ ]+)?)? @ \d\d?_\d\d_\d\d [AP]M",
    ),
    # tenant's domain/archive/year/month's name/day/uuid
    _named(
        "FusionPBX's folders",
        "acme.example.com/archive/2026/Nov/20/3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11.wav",
        r"(?P<domain>[^/]+)/archive/\d{4}/[a-z]{3}/\d\d/[^/]+$",
    ),
    # telephones record their owner's calls: the other side is the customer
    _named(
        "Samsung telephones",
        "Call recording Mr Smith_261120_143005.m4a",
        r"Call recording (?P<customer>[^/]+)_(?P<day>\d{6})_(?P<clock>\d{6})$",
        "%y%m%d %H%M%S",
    ),
    _named(
        "LineageOS telephones",
        "+48123456789_240506_225406577.amr",
        r"(?P<customer>\+?\d{6,})_(?P<day>\d{6})_(?P<clock>\d{6})\d{3}$",
        "%y%m%d %H%M%S",
    ),
    _named(
        "Basic Call Recorder for Android",
        "20230414_215701.088-0400_out_5551234567.oga",
        r"(?P<day>\d{8})_(?P<clock>\d{6}\.\d{3}[+-]\d{4})_(?P<direction>in|out)(?:_sim\d)?_(?P<customer>\+?\d{6,})",
        "%Y%m%d %H%M%S.%f%z",
    ),
    NamePattern(
        "time, agent and customer's number, side by side",
        "2026-11-20_14-30-05_anna_5551234.wav",
        re.compile(rf"(?:^|/){_TIME_THEN}(?P<agent>[^\W\d_][^\d_/]*)_(?P<customer>\+?\d{{3,}})$"),
    ),
    NamePattern(
        "time, agent by a person's name, and customer, side by side",
        "2026-11-20_14-30-05_Anna Maria_Mr Smith.wav",
        re.compile(rf"(?:^|/){_TIME_THEN}(?P<person>[^\W\d_][^\d_/]*)_(?P<customer_of_person>[^_/]+)$"),
    ),
    NamePattern(
        "a UUID, as Amazon Connect, Genesys Cloud, Twilio and FusionPBX name recordings",
        "3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11_20211201T06:01_UTC.wav",
        re.compile(rf"(?<![0-9a-f])(?P<call_id>{_UUID})(?![0-9a-f])", re.IGNORECASE),
    ),
)
"""Tried in this order; each one that matches adds the facts that those above it left open.

After them: a date, with or without a time, anywhere in the name, else in the folders (``find_time``); and whose folder
it lies in (``folder_facts``)."""
