"""Where a bridge stands, in words: every state of its life and of its OTA client has some."""

from __future__ import annotations

import pytest

from emulator.devices.bridge.model import Life
from emulator.ota.client_table import ClientState
from emulator.runtime import stage
from emulator.runtime.stage import stage_of
from tests.devices.fake_port import LoneBridge


@pytest.mark.parametrize("life", list(Life))
def test_every_state_of_life_has_words(life: Life) -> None:
    lone = LoneBridge().up()
    lone.bridge.joiner.life = life
    assert stage_of(lone.bridge)


@pytest.mark.parametrize("state", list(ClientState))
def test_every_state_of_the_client_has_words(state: ClientState) -> None:
    assert stage._CLIENT[state]
