"""Debian's tshark reads every frame of a capture with the keys beside it, and finds in it the image that was sent."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from emulator.image.catalogue import find_recipe
from emulator.observe.keys import parse_keys, tshark_options
from tests.e2e.command import Demo, Run
from tests.e2e.test_demo import activated

pytestmark = pytest.mark.e2e

OTA = "zbee_zcl_general.ota"
NOTHING_WRONG = (
    "_ws.malformed || zbee_sec.encrypted_payload || _ws.expert.severity >= 0x600000 || !(wpan.fcs_ok == 1)"
    " || zbee_aps.fragment.error || (data.data && !zbee_aps.fragmentation)"
)
"""Malformed, left encrypted, warnings and errors of the experts, bad FCS, bad fragments, or octets nobody could read.

What a fragment holds is read in the frame that brings the last one of its message."""


def rows(tshark: str, run: Run, condition: str, fields: Sequence[str]) -> list[list[str]]:
    """These fields of every frame that meets the condition."""
    keys = tshark_options(parse_keys((run.folder / "keys.txt").read_text()))
    shown = [part for field in fields for part in ("-e", field)]
    command = [tshark, "-r", str(run.folder / "han.pcap"), "-n", *keys, "-Y", condition, "-T", "fields", *shown]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def sent_image(tshark: str, run: Run) -> bytes:
    """The image as the block responses to the updated bridge carry it."""
    address = next(e["short"] for e in run.events() if e["kind"] == "bridge.joined" and e["source"] == "bridge-1")
    fields = [f"{OTA}.file.offset", f"{OTA}.data_size", f"{OTA}.image.data"]
    found: dict[int, bytes] = {}
    for offset, size, data in rows(tshark, run, f"{OTA}.image.data && zbee_nwk.dst == 0x{address}", fields):
        octets = bytes.fromhex(data.replace(":", ""))
        assert len(octets) == int(size, 0)
        assert found.setdefault(int(offset, 0), octets) == octets
    image = bytearray()
    for place in sorted(found):
        assert place == len(image)
        image += found[place]
    return bytes(image)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--lean"],
        ["--hops", 2],
        ["--loss", 10],
        ["--page-requests"],
        ["--block-size", 64],
        ["--block-size", 255],
        ["--profile", "bridge-1", "--profile", "bridge-2"],
        ["--set", "gbcs_get_interval=0"],
    ],
    ids=["default", "lean", "hops", "loss", "pages", "fragments", "long-blocks", "several", "put"],
)
def test_tshark_reads_every_frame_and_finds_the_image(demo: Demo, tshark: str, options: list[object]) -> None:
    run = activated(demo.small(*options))
    assert rows(tshark, run, NOTHING_WRONG, ["frame.number", "_ws.col.Info", "_ws.expert.message"]) == []
    assert len(rows(tshark, run, "frame", ["frame.number"])) == run.summary["frames"]
    assert sent_image(tshark, run) == find_recipe("b1").build(size=4_096).octets


def test_tshark_reads_every_frame_of_a_whole_update(demo: Demo, tshark: str) -> None:
    run = activated(demo())
    assert rows(tshark, run, NOTHING_WRONG, ["frame.number", "_ws.col.Info", "_ws.expert.message"]) == []
    assert sent_image(tshark, run) == find_recipe("b1").build().octets


def test_the_offer_is_what_the_header_says(demo: Demo, tshark: str) -> None:
    run = activated(demo.small())
    fields = [f"{OTA}.manufacturer_code", f"{OTA}.image.type", f"{OTA}.file.version", f"{OTA}.image.size"]
    answers = rows(tshark, run, f"{OTA}.cmd.srv_tx.id == 0x02 && {OTA}.image.size", fields)
    assert {tuple(int(value, 0) for value in answer) for answer in answers} == {(0x1B01, 0x00B1, 0x00020000, 4_096)}


def test_a_gbcs_message_crosses_the_air_in_fragments_and_tshark_puts_it_together(demo: Demo, tshark: str) -> None:
    run = activated(demo.small())
    fields = ["zbee_aps.fragment.count", "gbcs_message.grouping_header.message_code", "gbcs_message.krp"]
    shown = rows(tshark, run, "zbee_aps.fragments && gbcs_message.krp", fields)
    assert [(int(count), int(code, 0)) for count, code, _ in shown] == [(2, 0x012B)]
    assert run.device["alert"]["hex"].endswith(shown[0][2].replace(":", ""))


def test_signal_strength_and_channel_stand_with_every_frame(demo: Demo, tshark: str) -> None:
    run = activated(demo.small())
    fields = ["wpan-tap.rss", "wpan-tap.lqi", "wpan-tap.ch_num"]
    # A joiner looks for the HAN on every channel; where nobody listens there is no signal.
    assert {int(channel) for *_, channel in rows(tshark, run, "frame", fields)} <= set(range(11, 27))
    assert {tuple(map(float, row)) for row in rows(tshark, run, "zbee_zcl", fields)} == {(-50, 188, 15)}
