"""What setup.py writes into a wheel's metadata when it carries libzmq."""

from email.parser import Parser

import pytest

from buildtools import licenses

METADATA = "Metadata-Version: 2.4\nName: zmqbind\nLicense-Expression: BSD-3-Clause\nLicense-File: LICENSE\n"


@pytest.fixture
def texts(tmp_path):
    """The licence texts that a bundled build keeps."""
    for name in ("libzmq", "libsodium"):
        (tmp_path / "texts" / name).mkdir(parents=True)
        (tmp_path / "texts" / name / "LICENSE.txt").write_text(f"{name} may be used")
    return tmp_path / "texts"


@pytest.mark.parametrize(
    ("version", "zig", "wanted"),
    [
        ("4.3.4", False, "BSD-3-Clause AND LGPL-3.0-only WITH LGPL-3.0-linking-exception AND ISC"),
        ("4.3.5", False, "BSD-3-Clause AND MPL-2.0 AND ISC"),
        ("4.10.0", True, "BSD-3-Clause AND MPL-2.0 AND ISC AND MIT"),
    ],
)
def test_licences(tmp_path, texts, version, zig, wanted):
    (tmp_path / "METADATA").write_text(METADATA)
    if zig:
        (texts / "ziglang").mkdir()
        (texts / "ziglang/LICENSE.txt").touch()
    licenses.add(tmp_path, texts, version)
    metadata = Parser().parsestr((tmp_path / "METADATA").read_text())
    assert metadata["License-Expression"] == wanted
    listed = metadata.get_all("License-File")
    assert listed[:3] == ["LICENSE", "libsodium/LICENSE.txt", "libzmq/LICENSE.txt"]
    assert (tmp_path / "licenses/libzmq/LICENSE.txt").read_text() == "libzmq may be used"


@pytest.mark.parametrize("line", ["License-Expression: BSD-3-Clause\n", "License-File: LICENSE\n"])
def test_metadata_of_another_form_are_an_error(tmp_path, texts, line):
    (tmp_path / "METADATA").write_text(METADATA.replace(line, ""))
    with pytest.raises(ValueError, match="should have one line"):
        licenses.add(tmp_path, texts, "4.3.5")
