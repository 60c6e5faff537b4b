"""A port on a virtual stick does what every port must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.transports import aps_port_swap_out
from tests.transports.aps_port_conformance import CHECKS, World
from tests.transports.ezsp.stick_world import StickWorld


@pytest.mark.parametrize("check", CHECKS + aps_port_swap_out.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("version", [13, 18])
def test_a_port_on_a_stick_does_what_a_port_must_do(version: int, check: Callable[[World], None]) -> None:
    with StickWorld(version) as world:
        check(world)
