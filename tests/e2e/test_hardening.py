"""What the compiler and the linker were asked for, seen in the binary that ships."""

import platform
import re
import subprocess

import pytest

from support.proxy import BINARY, is_sanitized


def output_of(*command):
    return subprocess.run([*command, BINARY], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", autouse=True)
def only_what_ships():
    if is_sanitized():
        pytest.skip("sanitizers and hardening exclude one another")


def test_it_can_be_loaded_anywhere():
    assert "Position-Independent Executable" in output_of("readelf", "-hW")


def test_relocations_are_read_only_before_it_runs():
    assert "GNU_RELRO" in output_of("readelf", "-lW")
    assert "BIND_NOW" in output_of("readelf", "-dW")


def test_no_memory_is_writable_and_executable():
    segments = re.findall(r"^  (\w+)\s.* ([R ][W ][E ]) 0x\w+$", output_of("readelf", "-lW"), re.MULTILINE)
    assert {"LOAD", "GNU_STACK"} <= {name for name, _ in segments}
    assert not [name for name, flags in segments if "W" in flags and "E" in flags]


@pytest.mark.parametrize("function", ["__stack_chk_fail", "__memcpy_chk"])
def test_overruns_are_noticed(function):
    assert function in output_of("readelf", "--dyn-syms", "-W")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is a feature of x86")
def test_indirect_calls_land_where_they_may():
    assert output_of("objdump", "-d", "--no-show-raw-insn").count("endbr64") > 1000
