"""Small files of event cameras, written as their formats' documentation says."""

import struct


def dat_bytes(rows, *, size=(1280, 720), kind=0x0C):
    """Return a DAT file of version 2."""
    head = "% Data file containing CD events\n% Version 2\n"
    if size:
        head += f"% Width {size[0]}\n% Height {size[1]}\n"
    body = b"".join(
        struct.pack("<II", t & 0xFFFF_FFFF, x | y << 14 | p << 28) for t, x, y, p in rows
    )
    return head.encode() + bytes([kind, 8]) + body


def evt2_words(rows):
    """Return words of EVT 2.0."""
    words, high = [], None
    for t, x, y, p in rows:
        if t >> 6 != high:
            high = t >> 6
            words.append(0x8 << 28 | high & 0xFFF_FFFF)
        words.append(p << 28 | (t & 0x3F) << 22 | x << 11 | y)
    return words


def evt2_bytes(words, *, size=(1280, 720)):
    """Return a RAW file in EVT 2.0."""
    stated = f";height={size[1]};width={size[0]}" if size else ""
    head = f"% evt 2.0\n% format EVT2{stated}\n% end\n"
    return head.encode() + struct.pack(f"<{len(words)}I", *words)


def evt3_words(rows):
    """Return words of EVT 3.0, one event a word."""
    words, high, low, row = [], None, None, None
    for t, x, y, p in rows:
        if (t >> 12) & 0xFFF != high:
            high, low = (t >> 12) & 0xFFF, None
            words.append(0x8 << 12 | high)
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(0x6 << 12 | low)
        if y != row:
            row = y
            words.append(y)
        words.append(0x2 << 12 | p << 11 | x)
    return words


def evt3_bytes(words, *, size=(1280, 720)):
    """Return a RAW file in EVT 3.0."""
    stated = f"% geometry {size[0]}x{size[1]}\n" if size else ""
    head = f"% evt 3.0\n{stated}% end\n"
    return head.encode() + struct.pack(f"<{len(words)}H", *words)


def aedat4_bytes(packets, *, size=(346, 260), kind="EVTS"):
    """Return an AEDAT4 file without compression: a header and packets of events, by hand.

    Each flatbuffer has its size, the offset of its table, an identifier, the table's own map of
    fields (vtable), the table, and what the table points to.
    """
    info = (
        '<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">'
        '<node name="0" path="/mainloop/Recorder/outInfo/0/">'
        '<attr key="compression" type="string">NONE</attr>'
        '<attr key="originalModuleName" type="string">camera</attr>'
        '<attr key="originalOutputName" type="string">events</attr>'
        '<attr key="typeDescription" type="string">events</attr>'
        f'<attr key="typeIdentifier" type="string">{kind}</attr>'
        '<node name="info" path="/mainloop/Recorder/outInfo/0/info/">'
        f'<attr key="sizeX" type="int">{size[0]}</attr>'
        f'<attr key="sizeY" type="int">{size[1]}</attr>'
        '<attr key="source" type="string">camera</attr>'
        "</node></node></node></dv>"
    ).encode()
    # Fields of the header: compression (0: none), position of a table of packets (-1: none), text.
    vtable = struct.pack("<HHHHH2x", 10, 24, 4, 8, 16)
    table = struct.pack("<iiqI4x", 12, 0, -1, 8)
    text = struct.pack("<I", len(info)) + info + b"\0"
    header = struct.pack("<I4s", 20, b"IOHE") + vtable + table + text
    header += b"\0" * (-len(header) % 4)
    out = b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(header)) + header
    for rows in packets:
        events = b"".join(struct.pack("<qhh?3x", *row) for row in rows)
        body = struct.pack("<I4s", 16, b"EVTS") + struct.pack("<HHH2x", 6, 8, 4)
        body += struct.pack("<iI4x", 8, 8) + struct.pack("<I", len(rows)) + events
        payload = struct.pack("<I", len(body)) + body
        out += struct.pack("<ii", 0, len(payload)) + payload
    return out
