"""Files made for one device."""

from __future__ import annotations

from emulator.core.clock import SECOND
from emulator.ota.client_table import ClientState
from emulator.ota.events import FetchSpecificFile
from emulator.zigbee.clusters import ota
from emulator.zigbee.clusters.ota import (
    QUERY_NEXT_IMAGE_RESPONSE,
    QUERY_SPECIFIC_FILE_REQUEST,
    QUERY_SPECIFIC_FILE_RESPONSE,
    ImageIdentity,
)
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import CLIENT, MANUFACTURER, OLD_VERSION, OTHER, Link, image

FILE = image(300, 5, image_type=0xFFC0, upgrade_file_destination=CLIENT)


def fetching(version: int = 0xFFFFFFFF) -> Link:
    link = Link(None).start().run(SECOND)
    link.do(link.client.handle(FetchSpecificFile(0xFFC0, version), link.now))
    return link


def test_a_client_fetches_a_file_made_for_it_whatever_its_version() -> None:
    assert OLD_VERSION > 5
    link = Link(None).start().run(SECOND)
    link.serve(link.server.load_specific(FILE, CLIENT, link.now))
    link.do(link.client.handle(FetchSpecificFile(0xFFC0), link.now))
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [FILE]
    assert link.commands()[1] == QUERY_SPECIFIC_FILE_REQUEST
    assert [done.status for done in link.finished] == [Status.SUCCESS]


def test_a_file_made_for_another_is_refused() -> None:
    link = Link(None).start().run(SECOND)
    link.serve(link.server.load_specific(image(300, 5, image_type=0xFFC0, upgrade_file_destination=OTHER), CLIENT, 0))
    link.do(link.client.handle(FetchSpecificFile(0xFFC0), link.now))
    link.run(10 * SECOND)
    assert link.reasons("ota.refused") == ["wrong-destination"]


def test_no_such_file_ends_the_attempt() -> None:
    link = fetching().run(SECOND)
    assert link.reasons("ota.query") == ["poll", "not-authorized", "specific-file", "no-image-available"]
    assert link.client.state is ClientState.IDLE


def test_a_version_that_was_not_asked_for_is_refused() -> None:
    link = fetching(version=6)
    link.fate = lambda *_: []
    answer = ota.QuerySpecificFileResponse(Status.SUCCESS, ImageIdentity(MANUFACTURER, 0xFFC0, 5, 300))
    link.deliver(QUERY_SPECIFIC_FILE_RESPONSE, ota.encode_query_specific_file_response(answer))
    assert link.reasons("ota.refused") == ["wrong-version"]


def test_the_answer_to_another_question_is_dropped() -> None:
    link = fetching()
    link.fate = lambda *_: []
    link.deliver(QUERY_NEXT_IMAGE_RESPONSE, b"\x98")
    assert link.reasons("ota.dropped") == ["unexpected"]
    assert link.client.state is ClientState.QUERYING
