"""What a device keeps comes back, or is said to be damaged."""

from __future__ import annotations

import json

import pytest

from emulator.core.errors import DecodeError
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases import cs02c
from tests.gbcs.device.bench import BROKER_DS, NEW_KEYS, Bench, own

# --- stored ----------------------------------------------------------------------------------------------------------


def test_what_is_stored_comes_back(bench: Bench) -> None:
    own(bench, cs02c.MESSAGE_CODE, cs02c.Command(KeyUsage.KEY_AGREEMENT).encode())
    bench.counter += 1
    bench.outcome(bench.by_broker(bench.replacing((bench.new_broker.digital_signature, BROKER_DS))))
    state = bench.device.state
    stored = json.loads(json.dumps(state.to_dict()))
    loaded = DeviceState.from_dict(stored)
    assert loaded.to_dict() == state.to_dict()
    assert (loaded.store, loaded.counters) == (state.store, state.counters)
    pending = loaded.own.held[KeyUsage.KEY_AGREEMENT].pending
    assert pending
    assert pending.private_numbers() == NEW_KEYS[0].private_numbers()


@pytest.mark.parametrize("part", ["store", "own", "counters"])
@pytest.mark.parametrize("value", [None, [], {"x": 1}, {"0/keyCertSign/0": ["00", "00", "00"]}], ids=str)
def test_damaged_storage_is_a_decode_error(bench: Bench, part: str, value: object) -> None:
    stored = bench.device.state.to_dict() | {part: value}
    with pytest.raises(DecodeError, match=r"^stored"):
        DeviceState.from_dict(stored)


def test_the_log_keeps_the_newest(bench: Bench) -> None:
    for _ in range(120):
        bench.send(b"")
    assert len(bench.device.security_log) == 100
