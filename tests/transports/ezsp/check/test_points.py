"""Every point on virtual sticks: as the README's table has it, in any order, and refused by a stick that deviates."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.transports.ezsp.assumptions import ASSUMPTIONS
from emulator.transports.ezsp.check.findings import Finding, Verdict
from emulator.transports.ezsp.check.points import POINTS
from emulator.transports.ezsp.check.run import try_all
from tests.transports.ezsp.check.sticks import Silence, World, answers, changed, on_sticks

README = Path(__file__).resolve().parents[4] / "README.md"
HEADING = "### What is taken for granted of sticks"
SHOWN = (13, 18)
"""EZSP versions with a column in the README's table."""
VERSIONS = (13, 14, 16, 17, 18, 19)
OTHERS = [pytest.param(version, marks=pytest.mark.long) for version in VERSIONS if version not in SHOWN]


@cache
def findings(version: int) -> tuple[Finding, ...]:
    """Of every point, on three virtual sticks of a version; not to be changed."""

    async def main(world: World) -> list[Finding]:
        found = await try_all(world.stage, POINTS, Silence())
        assert await world.left_empty()
        return found

    return tuple(on_sticks(main, version, version, version))


def verdicts(found: tuple[Finding, ...] | list[Finding]) -> dict[str, Verdict]:
    return {each.assumption.name: each.verdict for each in found}


def table() -> list[str]:
    """The rows that the README is to have."""
    columns = [verdicts(findings(version)) for version in SHOWN]
    return [
        f"| `{each.name}` | {each.text} | {' | '.join(column[each.name].value for column in columns)} |"
        for each in ASSUMPTIONS
    ]


def test_every_assumption_has_one_point() -> None:
    assert sorted(point.name for point in POINTS) == sorted(each.name for each in ASSUMPTIONS)


def rows_of_the_readme() -> list[str]:
    _, _, section = README.read_text().partition(f"{HEADING}\n")
    return [line for line in section.partition("\n#")[0].splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("place", sorted({each.place for each in ASSUMPTIONS}))
def test_what_would_change_is_there(place: str) -> None:
    assert pkgutil.resolve_name(f"emulator.transports.ezsp.{place}") is not None


def test_the_readme_names_every_assumption() -> None:
    assert [row.rsplit(" | ", 2)[0] for row in rows_of_the_readme()] == [
        f"| `{each.name}` | {each.text}" for each in ASSUMPTIONS
    ]


@pytest.mark.e2e
def test_the_readme_says_of_every_point_what_virtual_sticks_show() -> None:
    assert rows_of_the_readme() == table()


@pytest.mark.e2e
@pytest.mark.parametrize("version", [*SHOWN, *OTHERS])
def test_every_point_comes_to_an_end_on_virtual_sticks_of_every_version(version: int) -> None:
    found = findings(version)
    assert [each for each in found if each.verdict is Verdict.NOT_TRIED] == []
    assert verdicts(found) == verdicts(findings(VERSIONS[0]))
    assert all(trial.seen for each in found for trial in each.trials)


@pytest.mark.e2e
def test_sticks_of_two_versions_are_checked_together() -> None:
    async def main(world: World) -> list[Finding]:
        return await try_all(world.stage, POINTS, Silence())

    expected = verdicts(findings(13)) | {"swap-out": Verdict.NOT_TRIED}
    assert verdicts(on_sticks(main, 13, 18)) == expected


@pytest.mark.e2e
def test_points_do_not_depend_on_their_order() -> None:
    async def main(world: World) -> list[Finding]:
        return await try_all(world.stage, POINTS[::-1], Silence())

    assert verdicts(on_sticks(main, 13, 13, 13)) == verdicts(findings(13))


def test_one_stick_shows_what_one_can() -> None:
    async def main(world: World) -> list[Finding]:
        return await try_all(world.stage, POINTS, Silence())

    found = on_sticks(main, 13)
    alone = {point.name for point in POINTS if point.sticks == 1}
    assert {each.assumption.name for each in found if each.verdict is Verdict.PROVEN} == alone
    assert {trial.seen for each in found for trial in each.trials if trial.verdict is Verdict.NOT_TRIED} == {
        "it takes a second stick (--peer)",
        "it takes a third stick (--third)",
    }


# --- a stick that deviates ------------------------------------------------------------------------------------------

HUB, JOINER = 0, 1
Change = Callable[[World], None]


def obeys(stick: int, **handlers: object) -> Change:
    return lambda world: world.deviate(stick, **handlers)  # type: ignore[arg-type]  # a table of handlers


def without(stick: int, *names: str) -> Change:
    return lambda world: world.unknown(stick, *names)


def silent(stick: int, *names: str) -> Change:
    def change(world: World) -> None:
        for name in names:
            world.tell(stick, name, lambda values: None)

    return change


def unprotected(values: dict[str, object]) -> dict[str, object]:
    frame = values["apsFrame"]
    assert isinstance(frame, dict)
    return {**values, "apsFrame": {**frame, "options": frame["options"] & ~0x0020}}


OF_THE_JOIN = {"join.told", "join.announced"}
"""They look at what was said while the scene was set."""
REFUSED = answers(Status.INVALID_CALL)
NOTHING_DONE = answers(Status.SUCCESS)

DEVIATIONS = [
    ("setup.policies", obeys(HUB, setPolicy=REFUSED), "trust-centre: "),
    (
        "setup.configuration",
        obeys(HUB, getConfigurationValue=answers(Status.SUCCESS)),
        "KEY_TABLE_SIZE = 16: OK, then 0",
    ),
    ("cbke.on-stick", obeys(HUB, getLibraryStatus=lambda chip, values, now: {"status": 0x80}), "CBKE 283k1"),
    ("mfglib.listen", without(HUB, "mfglibStart"), "mfglibStart: NOT_FOUND"),
    ("scan.active", obeys(HUB, startScan=REFUSED), "startScan: FAIL"),
    ("form.network", obeys(HUB, formNetwork=REFUSED), "invalid-state: no stack status"),
    ("form.network", obeys(HUB, exportKey=REFUSED), "network key as given: False"),
    ("keys.transient", without(HUB, "importTransientKey"), "importTransientKey: NOT_FOUND"),
    ("keys.transient", obeys(HUB, clearTransientLinkKeys=lambda chip, values, now: {}), "after clearTransientLinkKeys"),
    ("keys.link-table", obeys(HUB, importLinkKey=answers(Status.INDEX_OUT_OF_RANGE)), "importLinkKey: INVALID_INDEX"),
    ("keys.link-table", obeys(HUB, importLinkKey=NOTHING_DONE), "another key"),
    ("fragments.option", obeys(HUB, sendUnicast=answers(Status.BAD_ARGUMENT)), "sendUnicast: "),
    ("send.nobody", silent(HUB, "messageSentHandler"), "no messageSentHandler"),
    ("resume.hub", obeys(HUB, networkInit=answers(Status.NOT_JOINED)), "not-joined"),
    ("leave", obeys(HUB, leaveNetwork=REFUSED), "no stack status"),
    ("join.failure-statuses", silent(JOINER, "stackStatusHandler"), "none that ends a join: no stack status"),
    ("form.security-bits", obeys(HUB, importTransientKey=NOTHING_DONE), "decision 2"),
    ("join.security-bits", obeys(JOINER, setInitialSecurityState=REFUSED), "stick-refused"),
    ("join.told", silent(HUB, "childJoinHandler"), "no childJoinHandler"),
    ("join.announced", silent(HUB, "trustCenterJoinHandler"), "told of nobody"),
    (
        "join.parent",
        obeys(
            JOINER,
            getParentChildParameters=changed(
                "getParentChildParameters", lambda answer: {**answer, "parentNodeId": 0xFFFF}
            ),
        ),
        "parentNodeId is 0xffff",
    ),
    ("allow.transient", obeys(HUB, exportLinkKeyByEui=answers(Status.NOT_FOUND)), "another key"),
    ("send.unacknowledged", silent(JOINER, "messageSentHandler"), "stick 2: no messageSentHandler"),
    (
        "send.overhead",
        obeys(JOINER, maximumPayloadLength=lambda chip, values, now: {"apsLength": 90}),
        "90 octets without a key: MESSAGE_TOO_LONG",
    ),
    (
        "fragments.first",
        obeys(
            JOINER, sendUnicast=changed("sendUnicast", lambda answer: {**answer, "sequence": answer["sequence"] ^ 1})
        ),
        "told ",
    ),
    ("fragments.reply", obeys(HUB, sendReply=REFUSED), "no-aps-ack"),
    ("receive.link-key", lambda world: world.tell(HUB, "incomingMessageHandler", unprotected), "not set at stick 1"),
    ("resume.router", obeys(JOINER, networkInit=answers(Status.NOT_JOINED)), "not-joined"),
    ("rejoin.secured", obeys(JOINER, findAndRejoinNetwork=REFUSED), "invalid-state"),
    ("network-key.rotation", obeys(HUB, broadcastNextNetworkKey=REFUSED), "is not told of it"),
    ("keys.trust-centre-link", obeys(JOINER, importKey=REFUSED), "importKey: INVALID_STATE"),
    ("keys.trust-centre-link", obeys(JOINER, importKey=NOTHING_DONE), "joiner to hub and back: no-aps-ack"),
    ("keys.table-for-centre", obeys(JOINER, importLinkKey=NOTHING_DONE), "joiner to hub and back: no-aps-ack"),
    ("keys.old-refused", obeys(HUB, importLinkKey=NOTHING_DONE), "under the key before: delivered, received"),
    (
        "keys.offered",
        obeys(HUB, exportTransientKeyByEui=lambda chip, values, now: {"status": Status.SUCCESS}),
        "understood, but its counter is 0",
    ),
    ("leave.told", silent(HUB, "trustCenterJoinHandler"), "the hub was told of nobody who left"),
    ("remove.device", obeys(HUB, removeDevice=REFUSED), "removeDevice: INVALID_STATE"),
    ("join.sleepy", obeys(JOINER, pollForData=REFUSED), "stick-refused"),
    ("poll.parent-lost", silent(JOINER, "pollCompleteHandler", "stackStatusHandler"), "nothing within 60 s"),
    ("swap-out", obeys(JOINER, findAndRejoinNetwork=NOTHING_DONE), "trust.seek: no-answer"),
]


@pytest.mark.parametrize(
    "name, change, seen", DEVIATIONS, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(DEVIATIONS)]
)
def test_a_stick_that_does_otherwise_refuses_the_point(name: str, change: Change, seen: str) -> None:
    async def main(world: World) -> Finding:
        point = next(each for each in POINTS if each.name == name)
        if name not in OF_THE_JOIN:
            # What the scene takes is in order: it is the point that is to fail.
            await world.stage.set(point.scene, (0, 1, 2))
        change(world)
        (finding,) = await world.tried(name)
        return finding

    finding = on_sticks(main, 13, 13, 13)
    first = finding.trials[0]
    assert (first.verdict, finding.verdict) == (Verdict.REFUSED, Verdict.REFUSED), first
    assert seen in first.seen
