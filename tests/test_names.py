"""Names say what recorders write into them, and folders are agents only where they are."""

from datetime import datetime, timezone
from pathlib import PurePosixPath

import pytest

from callmood.call import CallFacts
from callmood.pipeline.intake.names import read_name
from callmood.pipeline.intake.patterns import NAME_PATTERNS, NamePattern


@pytest.mark.parametrize("pattern", NAME_PATTERNS, ids=lambda pattern: pattern.what)
def test_example_of_every_built_in_pattern_matches(pattern: NamePattern) -> None:
    match = pattern.regex.search(str(PurePosixPath(pattern.example).with_suffix("")))
    assert match and all(match.groupdict().values())


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "Auto0_GUID_000_AGENT_ChrisL_DT_2021-12-01T06-01-22.wav",
            CallFacts(agent="ChrisL", call_id="000", started_at=datetime(2021, 12, 1, 6, 1, 22)),
        ),
        (
            "x_CUST_44_GUID_0-1_AGENT_BobS_DT_2021-12-01T06:01:22_Mono.wav",
            CallFacts(agent="BobS", customer="44", call_id="0-1", started_at=datetime(2021, 12, 1, 6, 1, 22)),
        ),
        (
            "2026-11-20_14-30-05_anna_5551234.wav",
            CallFacts(agent="anna", customer="5551234", started_at=datetime(2026, 11, 20, 14, 30, 5)),
        ),
        (
            "2026-11-20_14-30-05_Anna Maria_Mr Smith.wav",
            CallFacts(agent="Anna Maria", customer="Mr Smith", started_at=datetime(2026, 11, 20, 14, 30, 5)),
        ),
        (
            "2026-11-20_14-30-05_inbound_5551234.wav",
            CallFacts(customer="5551234", started_at=datetime(2026, 11, 20, 14, 30, 5)),
        ),
        (
            "out-5551234-101-20211201-060122-1638338482.123.wav",
            CallFacts(
                agent="101",
                customer="5551234",
                call_id="1638338482.123",
                started_at=datetime(2021, 12, 1, 6, 1, 22),
                metadata={"direction": "out"},
            ),
        ),
        (
            "external-101-+15551234-20211201-060122-1638338482.9.wav",
            CallFacts(
                agent="101",
                customer="+15551234",
                call_id="1638338482.9",
                started_at=datetime(2021, 12, 1, 6, 1, 22),
            ),
        ),
        (
            "q-support-5551234-20211201-060122-1638338482.9.wav",
            CallFacts(
                queue="support",
                customer="5551234",
                call_id="1638338482.9",
                started_at=datetime(2021, 12, 1, 6, 1, 22),
            ),
        ),
        (
            "3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11_20211201T06:01_UTC.wav",
            CallFacts(call_id="3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11", started_at=datetime(2021, 12, 1, 6, 1)),
        ),
        ("agent=anna/queue=sales/customer=7 x.wav", CallFacts(agent="anna", queue="sales", customer="7 x")),
        ("anna/xyz.wav", CallFacts(agent="anna")),
        ("Anna Maria O'Neill/xyz.wav", CallFacts(agent="Anna Maria O'Neill")),
        ("agent_17/xyz.wav", CallFacts(agent="agent_17")),
        ("Zoë/xyz.wav", CallFacts(agent="Zoë")),
        ("2026/11/20/anna/xyz.wav", CallFacts(agent="anna", started_at=datetime(2026, 11, 20))),
        ("anna/2026-11-20/xyz.wav", CallFacts(agent="anna", started_at=datetime(2026, 11, 20))),
        ("Support/anna/inbound/1.wav", CallFacts(agent="anna", queue="Support")),
        ("anna/AGENT_ben_1.wav", CallFacts(agent="ben")),
        ("recordings/2026-11/xyz.wav", CallFacts()),
        ("auto_repairs_40/xyz.wav", CallFacts()),
        ("101/november/wav/xyz.wav", CallFacts()),
        ("xyz.wav", CallFacts()),
        ("no ending", CallFacts()),
    ],
)
def test_facts_of_a_name(name: str, facts: CallFacts) -> None:
    assert read_name(PurePosixPath(name), timezone.utc).facts == facts


TIME = datetime(2026, 11, 20, 14, 30, 5)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "force-08215551234-3201-20261120-143005-1743042317.12206.wav",
            CallFacts(agent="3201", customer="08215551234", call_id="1743042317.12206", started_at=TIME),
        ),
        (
            "force-3201-08215551234-20261120-143005-1743042317.12206.wav",
            CallFacts(agent="3201", customer="08215551234", call_id="1743042317.12206", started_at=TIME),
        ),
        (  # two extensions: who of them is the agent can't be told
            "force-101-102-20261120-143005-1743042317.1.wav",
            CallFacts(call_id="1743042317.1", started_at=TIME),
        ),
        (
            "internal-101-102-20261120-143005-1743042317.1.wav",
            CallFacts(call_id="1743042317.1", started_at=TIME),
        ),
        (
            "exten-101-102-20261120-143005-1743042317.1.wav",
            CallFacts(agent="101", call_id="1743042317.1", started_at=TIME),
        ),
        (
            "q600-5551234-20261120-143005-1743042317.1.wav",
            CallFacts(queue="600", customer="5551234", call_id="1743042317.1", started_at=TIME),
        ),
        ("g700-20261120-143005-1743042317.1.wav", CallFacts(queue="700", call_id="1743042317.1", started_at=TIME)),
        (
            "OUT101-5551234-20261120-143005-1743042317.1.wav",
            CallFacts(
                agent="101", customer="5551234", call_id="1743042317.1", started_at=TIME,
                metadata={"direction": "OUT"},
            ),
        ),
        (
            "124/[Coles, Zoe]_124-8012307610_20261120143005(152).wav",
            CallFacts(agent="Coles, Zoe", customer="8012307610", started_at=TIME),
        ),
        (
            "[Mr Smith]_8012307610-124_20261120143005(152).wav",
            CallFacts(agent="124", customer="8012307610", started_at=TIME),
        ),
        ("[Zoe]_124-125_20261120143005(153).wav", CallFacts(started_at=TIME)),
        ("20261120-143005_5551234567-all.mp3", CallFacts(customer="5551234567", started_at=TIME)),
        ("FR_S_20261120-143005_5551234567.wav", CallFacts(customer="5551234567", started_at=TIME)),
        (
            "20261120-143005_302_(252)792-8686_Outgoing_Auto_2243071124051.mp3",
            CallFacts(
                agent="302", customer="(252)792-8686", call_id="2243071124051", started_at=TIME,
                metadata={"direction": "Outgoing"},
            ),
        ),
        (
            "20261120-143005_+14699060558_Incoming_OnDemand_2254843027051.mp3",
            CallFacts(
                customer="+14699060558", call_id="2254843027051", started_at=TIME,
                metadata={"direction": "Incoming"},
            ),
        ),
        (
            "11_20_2026/4436170733 by cdeer @ 2_30_05 PM.wav",
            CallFacts(agent="cdeer", customer="4436170733", started_at=TIME),
        ),
        (
            "Main Number/11_20_2026/4436170733 by cdeer @ 2_30_05 PM.wav",
            CallFacts(
                agent="cdeer", customer="4436170733", started_at=TIME, metadata={"campaign": "Main Number"}
            ),
        ),
        (
            "Main Number/11_20_2026/4436170733 by zoe@acme.com @ 2_30_05 PMCB3E712B7E084D8A.wav",
            CallFacts(
                agent="zoe@acme.com", customer="4436170733", started_at=TIME,
                metadata={"campaign": "Main Number"},
            ),
        ),
        ("9419203087 by  @ 4_30_12 PM_Transfer to Desk.wav", CallFacts(customer="9419203087")),
        (
            "acme.example.com/archive/2026/Nov/20/3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11.wav",
            CallFacts(
                call_id="3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11", started_at=datetime(2026, 11, 20),
                metadata={"domain": "acme.example.com"},
            ),
        ),
        ("GMT20261120-143005_Recording.m4a", CallFacts(started_at=TIME)),
        ("Call recording Mr Smith_261120_143005.m4a", CallFacts(customer="Mr Smith", started_at=TIME)),
        ("+48123456789_261120_143005377.amr", CallFacts(customer="+48123456789", started_at=TIME)),
        (
            "20261120_153005.000+0100_in_sim1_5551234567.oga",
            CallFacts(customer="5551234567", started_at=TIME, metadata={"direction": "in"}),
        ),
        ("2026-11-20_14-30-05_jdoe_5551234.wav", CallFacts(agent="jdoe", customer="5551234", started_at=TIME)),
        ("2026-11-20_14-30-05_missed_call.wav", CallFacts(started_at=TIME)),
        ("2026-11-20_14-30-05_north_tower.wav", CallFacts(started_at=TIME)),
    ],
)  # fmt: skip
def test_names_of_telephone_systems(name: str, facts: CallFacts) -> None:
    assert read_name(PurePosixPath(name), timezone.utc).facts == facts


@pytest.mark.parametrize(
    "folder",
    [
        "OneDrive", "Telegram Desktop", "night shift", "VIP", "mono mix", "Kunden", "Recordings", "inbound", "2026",
        "Desktop", "New folder", "acme.example.com", "acme.com", "pbx.local", "Team North", "Early Shift", "Dropbox",
        "WhatsApp Audio", "Aufnahmen", "Llamadas", "May", "Sunday", "Berlin", "Q3", "Reklamation", "Google Drive",
        "backup old", "to review", "Call Center West", "anna calls",
    ],
)  # fmt: skip
def test_folder_that_is_no_agent(folder: str) -> None:
    named = read_name(PurePosixPath(f"{folder}/xyz.wav"))
    assert (named.facts.agent, named.agent_from) == (None, None)


@pytest.mark.parametrize(
    "folder",
    ["anna", "Ben", "ZOË", "zoe", "Łukasz", "Juergen Schmidt", "Schmidt, Jürgen", "anna.schmidt", "ChrisL",
     "AnnaSchmidt", "Anna Maria O'Neill", "Fatima", "Priya", "Ольга", "agent_17", "ext 101"],
)  # fmt: skip
def test_folder_with_a_person_s_name_is_an_agent(folder: str) -> None:
    named = read_name(PurePosixPath(f"OneDrive/{folder}/2026/Nov/20/inbound/xyz.wav"))
    assert (named.facts.agent, named.agent_from) == (folder, "folder")


def test_folder_of_agents_holds_agents_whatever_they_are_called() -> None:
    for agent in ("jdoe", "101", "Kunden Team 7"):
        assert read_name(PurePosixPath(f"agents/{agent}/2026/xyz.wav")).facts.agent == agent
    assert read_name(PurePosixPath("agents/2026-11/xyz.wav")).facts.agent is None


@pytest.mark.parametrize(
    ("folders", "agent"),
    [
        ("Anna Smith (101)", "Anna Smith (101)"), ("101 - Anna Smith", "101 - Anna Smith"), ("101_anna", "101_anna"),
        ("2026 anna", None), ("Anna (2026)", None), ("Jackson Office", None), ("Marks and Spencer", None),
        ("Rose Garden", None), ("Mai", None), ("agents/Julio", "Julio"), ("customers/Bob", None),
        ("anna/customers/Bob", "anna"), ("clients/Acme/anna", "anna"),
    ],
)  # fmt: skip
def test_folders_of_agents_and_others(folders: str, agent: str | None) -> None:
    assert read_name(PurePosixPath(folders, "call.wav")).facts.agent == agent
