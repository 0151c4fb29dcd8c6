"""What is in a wheel that carries libzmq; tools/try-package.sh names the wheel in ZMQBIND_WHEEL and installs it."""

import os
import re
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import zmqbind
from zmqbind import _core

if "ZMQBIND_WHEEL" not in os.environ:
    pytest.skip("needs a wheel: make wheel", allow_module_level=True)
elffile = pytest.importorskip("elftools.elf.elffile")

WHEEL = Path(os.environ["ZMQBIND_WHEEL"])
EXPORTS = re.compile(r"(PyInit|PyModExport)__core")


@pytest.fixture(scope="module")
def files():
    """The names of the files in the wheel, without the directory of the metadata."""
    with zipfile.ZipFile(WHEEL) as archive:
        return [
            re.sub(r"^zmqbind-[^/]*\.dist-info/", "", name) for name in archive.namelist() if not name.endswith("/")
        ]


@pytest.fixture(scope="module")
def metadata():
    with zipfile.ZipFile(WHEEL) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def module():
    with open(_core.__file__, "rb") as file:
        yield elffile.ELFFile(file)


def test_the_tests_run_on_what_was_installed():
    assert "site-packages" in zmqbind.__file__


def test_it_is_small():
    assert WHEEL.stat().st_size < 2_000_000


def test_its_tag_says_where_it_runs():
    assert re.search(r"[-.](manylinux|musllinux)_\d+_\d+_\w+(\.\w+)*\.whl$", WHEEL.name)


def test_it_has_the_package_and_its_types_and_nothing_else(files):
    assert {"zmqbind/py.typed", "zmqbind/_core.pyi", "zmqbind/_core.pxd", "zmqbind/libzmq.pxd"} <= set(files)
    assert not [name for name in files if name.endswith((".c", ".pyx", ".h", ".a"))]
    assert {name.partition("/")[0] for name in files if "/" in name} <= {"zmqbind", "licenses", "sboms"}


def test_the_licences_of_what_it_carries_are_in_it(files, metadata):
    listed = metadata.get_all("License-File")
    assert {f"licenses/{name}" for name in listed} == {name for name in files if name.startswith("licenses/")}
    assert "LICENSE" in listed
    assert any(name.startswith("libzmq/") for name in listed)
    assert any(name.startswith("libsodium/") for name in listed)


def test_its_licence_is_all_of_these_licences(metadata):
    libzmq = "MPL-2.0" if zmqbind.zmq_version_info() >= (4, 3, 5) else "LGPL-3.0-only WITH LGPL-3.0-linking-exception"
    zig = " AND MIT" if "ziglang/LICENSE.txt" in metadata.get_all("License-File") else ""
    assert metadata["License-Expression"] == f"BSD-3-Clause AND {libzmq} AND ISC{zig}"


def test_the_module_shows_nothing_but_its_entry_point(module):
    symbols = module.get_section_by_name(".dynsym").iter_symbols()
    shown = [symbol.name for symbol in symbols if symbol["st_shndx"] != "SHN_UNDEF"]
    assert [name for name in shown if not EXPORTS.fullmatch(name)] == []
    assert shown


def test_the_module_is_stripped(module):
    names = {section.name for section in module.iter_sections()}
    assert not {".symtab", ".debug_info"} & names


def test_the_module_loads_no_libzmq(module):
    needed = [
        tag.needed for tag in module.get_section_by_name(".dynamic").iter_tags() if tag.entry.d_tag == "DT_NEEDED"
    ]
    assert not [name for name in needed if re.search("zmq|sodium", name)]


def test_the_module_names_no_directory_of_the_machine_that_built_it():
    assert not re.search(rb"/tmp/|/home/|/root/|zmqbind-\w{8}/", Path(_core.__file__).read_bytes())


def test_curve_is_there():
    assert zmqbind.has("curve")
    public, secret = zmqbind.curve_keypair()
    assert zmqbind.curve_public(secret) == public
