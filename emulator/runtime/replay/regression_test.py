"""Makes a recording a regression test: a file for pytest, and the recording beside it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from emulator.core.errors import BadInput
from emulator.observe.part_file import PartFile, refused
from emulator.transports.recording.writing import COMPRESSED

_NAME: Final = re.compile(r"test_[A-Za-z0-9_]+\.py")
_SUFFIX: Final = ".recording.jsonl"
_ALLOWED: Final = "test_NAME.py, in a folder that is there, and nothing of that name yet"
_TEXT: Final = '''"""What a device did when {recording} was recorded, it does again, call by call."""

from __future__ import annotations

from pathlib import Path

from emulator.runtime.replay.replaying import assert_same

RECORDING = Path(__file__).with_name("{recording}")


def test_{name}_does_what_was_recorded() -> None:
    assert_same(RECORDING)
'''


def regression_test(recording: Path, test: Path) -> Path:
    """Write the test, which is green as long as the recording plays the same; where its recording is.

    Args:
        recording: is copied beside the test, for its owner alone to read, since keys are in it.
        test: where; neither file is there before it is whole.

    Raises:
        BadInput: no name of a test, something is there already, or it cannot be written.
    """
    copy = test.with_name(test.stem + _SUFFIX + (COMPRESSED if recording.name.endswith(COMPRESSED) else ""))
    if not _NAME.fullmatch(test.name) or not test.parent.is_dir():
        raise BadInput("no test can be written there", where=str(test), allowed=_ALLOWED)
    same = copy.exists() and copy.samefile(recording)
    for path in (test,) if same else (copy, test):
        if path.exists():
            raise BadInput("is there already", where=str(path), allowed=_ALLOWED)
    if not same:
        _publish(copy, recording)
    text = _TEXT.format(recording=copy.name, name=test.stem.removeprefix("test_"))
    _publish(test, text.encode())
    return copy


def _publish(path: Path, source: Path | bytes) -> None:
    """Old or new, never half."""
    part = PartFile(path, secret=isinstance(source, Path))
    try:
        if isinstance(source, bytes):
            part.write(source)
        else:
            with refused(path, "cannot be copied"), source.open("rb") as file:
                shutil.copyfileobj(file, part)
        part.publish()
    except BaseException:
        part.discard()
        raise
