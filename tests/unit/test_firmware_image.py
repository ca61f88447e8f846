"""Images: what goes in comes out, and a file that is not whole is refused by name."""

import dataclasses
import errno
import json
import zipfile
from pathlib import Path

import pytest

import spikeloom
from spikeloom.boot import BootImageError, boot_image
from spikeloom_boards import find_board
from spikeloom_firmware import image as images
from spikeloom_firmware.errors import DiskError
from spikeloom_firmware.image import Image, ImageError
from spikeloom_firmware.report import Report, Timing, Usage

BOARD = find_board("icebreaker")
CONFIG = spikeloom.contract.named_config("tiny").replace(
    boot_offset=BOARD.array_config.boot_offset, clock_hz=24_000_000
)


def network(config=CONFIG):
    net = spikeloom.Network("clock")
    net.population("cell", 1, spikeloom.LIF(threshold=1.0, bias=0.25))
    return boot_image(spikeloom.compile(net, config), steps=10)


@pytest.fixture
def image():
    timing = Timing(wanted_hz=24e6, got_hz=26e6, met=True, critical_from="a", critical_to="b")
    return Image(
        board="icebreaker",
        part="iCE40UP5K",
        config=CONFIG,
        build_id=bytes(range(8)),
        bitstream=bytes(range(256)) * 400,
        bitstream_name="top.bin",
        seed=3,
        tools={"yosys": "0.70"},
        report=Report(usage={"LUT": Usage(5, 10), "block RAM": Usage(1.5, 2)}, timing=timing),
    )


@pytest.mark.parametrize("with_network", [False, True])
def test_what_goes_in_comes_out(image, tmp_path, with_network):
    if with_network:
        image = image.with_network(network())
    path = tmp_path / "a.slimage"
    image.save(path)
    assert Image.load(path) == image
    assert [each.name for each in tmp_path.iterdir()] == ["a.slimage"]
    first = path.read_bytes()
    image.save(path)
    assert path.read_bytes() == first, "the same image gives the same file"


def test_the_manifest_says_what_it_is(image, tmp_path):
    path = tmp_path / "a.slimage"
    image.save(path)
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["board"] == "icebreaker"
    assert manifest["config"] == json.loads(json.dumps(CONFIG.to_dict()))
    assert manifest["build_id"] == "0001020304050607"
    assert manifest["report"]["timing"]["met"] is True
    assert manifest["version"] == 1


def rewrite(path, **members):
    """Write a container again with some members changed; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**old, **members}.items():
            if data is not None:
                archive.writestr(name, data)


def change(path, **facts):
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    rewrite(path, **{"manifest.json": json.dumps({**manifest, **facts})})


DAMAGE = {
    "text": (lambda path: path.write_text("hello"), "must be a complete .slimage file"),
    "empty": (lambda path: path.write_bytes(b""), "must be a complete .slimage file"),
    "cut": (
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        "must be a complete .slimage file",
    ),
    "bit": (
        lambda path: path.write_bytes(
            flip(path.read_bytes(), path.read_bytes().find(b"PK", 9) - 9)
        ),
        "must be a complete .slimage file",
    ),
    "no manifest": (lambda path: rewrite(path, **{"manifest.json": None}), "must be a complete"),
    "no json": (lambda path: rewrite(path, **{"manifest.json": b"{"}), "must be a complete"),
    "a list": (lambda path: rewrite(path, **{"manifest.json": b"[]"}), "magic of .* not None"),
    "other magic": (lambda path: change(path, magic="x"), "magic of .* must be 'spikeloom-image'"),
    "version": (lambda path: change(path, version=2), "version of .* must be 1, not 2"),
    "bitstream": (lambda path: rewrite(path, bitstream=b"x"), "SHA-256 of 'bitstream'"),
    "no bitstream": (lambda path: rewrite(path, bitstream=None), "SHA-256 of 'bitstream'"),
    "network": (lambda path: rewrite(path, **{"network.boot": b"x"}), "SHA-256 of 'network.boot'"),
    "config": (lambda path: change(path, config={"name": "x"}), "manifest of .* must be one"),
    "no seed": (lambda path: change(path, seed=None), "manifest of .* must be one"),
}


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_is_refused(image, tmp_path, what):
    spoil, text = DAMAGE[what]
    path = tmp_path / "a.slimage"
    image.save(path)
    spoil(path)
    with pytest.raises(ImageError, match=text) as caught:
        Image.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Image.load(tmp_path / "a.slimage")


def test_an_image_for_another_board_is_refused(image):
    image.check_board(BOARD)
    for other in ("ulx3s_25f", "cmod_a7_35t"):
        with pytest.raises(
            ImageError, match=f"must say board '{other}' .* not 'icebreaker' and 'iCE40UP5K'"
        ):
            image.check_board(find_board(other))


def test_a_network_for_another_array_is_refused(image):
    with pytest.raises(BootImageError, match="must have layout"):
        image.with_network(network(CONFIG.replace(axons=33)))
    loaderless = dataclasses.replace(image, config=CONFIG.replace(boot_offset=None))
    with pytest.raises(ImageError, match="'tiny' must have a boot_offset"):
        loaderless.with_network(network())


def test_bitstream_and_network_must_not_meet(image):
    long = dataclasses.replace(image, bitstream=bytes(CONFIG.boot_offset + 1))
    with pytest.raises(ImageError, match="must end before its boot network at 0x100000"):
        long.check_room(BOARD)
    late = CONFIG.replace(boot_offset=BOARD.flash.size_bytes - 4096 * 200)
    offset = BOARD.flash.size_bytes - 100
    monster = dataclasses.replace(image.with_network(network()), config=late)
    object.__setattr__(monster.config, "boot_offset", offset)
    with pytest.raises(ImageError, match="must end within its flash"):
        monster.check_room(BOARD)


def test_gowins_bitstreams_are_text(image):
    text = b"//a comment that is as long as it likes to be\n01100110\n0000000011111111\n"
    gowin = dataclasses.replace(image, bitstream=text, bitstream_name="top.fs")
    assert gowin.flash_bytes == 3
    assert image.flash_bytes == len(image.bitstream)


def test_a_full_disk_leaves_the_old_file(image, tmp_path, monkeypatch):
    path = tmp_path / "a.slimage"
    image.save(path)
    before = path.read_bytes()

    class Full(zipfile.ZipFile):
        def writestr(self, *args, **kwargs):
            if args[0].filename == "bitstream":
                raise OSError(errno.ENOSPC, "No space left on device")
            super().writestr(*args, **kwargs)

    monkeypatch.setattr(images.zipfile, "ZipFile", Full)
    with pytest.raises(DiskError, match="No space left on device"):
        image.save(path)
    assert path.read_bytes() == before
    assert [each.name for each in Path(tmp_path).iterdir()] == ["a.slimage"]
