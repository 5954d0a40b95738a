"""Programs that enlarge a picture: what they are given, when they are ended, and what is said when they fail."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from srbench.errors import MethodError
from srbench.foreign.program import Program, ProgramUpscaler

LR = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
GOOD = "from PIL import Image; i = Image.open(lr); i.resize((i.width * 2, i.height * 2), 0).save(sr)"


def program(folder: Path, code: str) -> Program:
    (folder / "enlarge.py").write_text(f"import os, subprocess, sys, time\nlr, sr = sys.argv[1:3]\n{code}\n")
    return Program(f"'{sys.executable}' enlarge.py {{lr}} {{sr}} --scale={{scale}}", folder)


def test_it_reads_the_picture_and_its_own_is_read(tmp_path: Path) -> None:
    sr = ProgramUpscaler(program(tmp_path, GOOD), 2)(LR)
    np.testing.assert_array_equal(sr, LR.repeat(2, 0).repeat(2, 1))


def test_it_gets_the_scale_and_a_clean_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'seen')!r}, 'w').write(sys.argv[3] + ' ' + os.getcwd()); print(os.listdir()); {GOOD}"
    program(tmp_path, code).run(LR, 2)
    told, folder = (tmp_path / "seen").read_text().split(" ")
    assert told == "--scale=2"
    assert not Path(folder).exists()


def test_a_gray_picture_goes_as_colour_and_back_or_as_it_is(tmp_path: Path) -> None:
    code = f"from PIL import Image; open({str(tmp_path / 'mode')!r}, 'w').write(Image.open(lr).mode); {GOOD}"
    for gray, mode in (("colour", "RGB"), ("as-is", "L")):
        sr = ProgramUpscaler(program(tmp_path, code), 2, gray)(LR[..., 0])
        assert (tmp_path / "mode").read_text() == mode
        np.testing.assert_array_equal(sr, LR[..., 0].repeat(2, 0).repeat(2, 1))


def test_it_is_ended_with_all_that_it_started_when_it_takes_too_long(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    code = f"""
child = subprocess.Popen([sys.executable, "-c", {child!r}])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
print("working", flush=True)
time.sleep(60)"""
    begun = time.monotonic()
    with pytest.raises(MethodError, match=r"enlarge took more than 3 s and was ended. It said: working"):
        program(tmp_path, code).run(LR, 2, seconds=3)
    assert time.monotonic() - begun < 20
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_what_it_leaves_running_is_ended_too(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    start = f"c = subprocess.Popen([sys.executable, '-c', {child!r}])"
    code = f"{start}; open({str(tmp_path / 'pid')!r}, 'w').write(str(c.pid)); {GOOD}"
    program(tmp_path, code).run(LR, 2)
    assert is_gone(int((tmp_path / "pid").read_text()))


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # ended; its new parent has not asked for it yet
        time.sleep(0.05)
    return False


FAILURES = {
    "print('no licence', file=sys.stderr); sys.exit(3)": "enlarge failed with status 3. It said: no licence",
    "os.kill(os.getpid(), 9)": "enlarge was ended by signal 9.",
    "print('nothing to do')": "enlarge wrote no {sr}, although it ended well. It said: nothing to do",
    "open(sr, 'w').write('text')": "enlarge wrote no picture: Cannot decode image {sr}",
}


@pytest.mark.parametrize(("code", "expected"), FAILURES.items())
def test_a_failure_is_one_line_with_what_it_said(code: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(MethodError) as error:
        program(tmp_path, code).run(LR, 2)
    assert str(error.value).startswith(expected)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("prog --in {lr}", "there is no {sr}"),
        ("python 'x {lr} {sr}", "No closing quotation"),
        ("no-such-program {lr} {sr}", "there is no program 'no-such-program' here or on PATH"),
    ],
)
def test_a_command_that_cannot_work_is_refused(line: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(MethodError, match=expected):
        Program(line, tmp_path)


def test_its_files_decide_what_is_computed(tmp_path: Path) -> None:
    assert [path.name for path in program(tmp_path, GOOD).inputs] == [Path(sys.executable).name, "enlarge.py"]
    assert program(tmp_path, GOOD).name == "enlarge"
