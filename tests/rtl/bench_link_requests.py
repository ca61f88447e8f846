"""Random requests: most of them good, the others wrong in each way there is."""

from bench_link_frames import damage
from bench_link_parts import CONFIG

from spikeloom.contract import MemoryMap
from spikeloom.contract.frames import (
    MAX_REQUEST_PAYLOAD,
    WINDOW_FRAMES,
    Op,
    Request,
    ResetKind,
    encode_request,
)

MAP = MemoryMap(CONFIG)


def random_address(rng):
    window = rng.choice(list(MAP))
    choices = [0, window.depth - 1, rng.randrange(window.depth), rng.randrange(window.depth)]
    if rng.random() < 0.1:
        return rng.randrange(1 << 32)
    core = window.cores if rng.random() < 0.05 else rng.randrange(window.cores)
    offset = window.depth if rng.random() < 0.05 else rng.choice(choices)
    return window.id << 26 | core << 20 | offset


def random_read(rng, model):
    count = rng.choice([0, 1, 2, 3, rng.randrange(256), rng.randrange(64)])
    return random_address(rng), bytes([count]) * rng.choice([1, 1, 1, 1, 1, 0, 2])


def random_write(rng, model):
    address = random_address(rng)
    window = next((w for w in MAP if w.id == address >> 26), None)
    size = window.word_bytes if window else 4
    count = rng.choice([1, 1, 2, 5, MAX_REQUEST_PAYLOAD // size])
    return address, rng.randbytes(
        max(0, min(MAX_REQUEST_PAYLOAD, count * size + rng.choice([0, 0, 0, 0, 1, -1])))
    )


def random_push(rng, model):
    size = rng.choice([2, 8, 60, 242, 244, 244, 244, 244, 1, 0])
    return 0, rng.randbytes(size)


def random_pull(rng, model):
    written = len(model.output)
    address = rng.randrange(model.released, written + 1)
    release = rng.randrange(model.released, address + 1)
    match rng.randrange(12):
        case 0:
            address = rng.choice([written + 1, model.released - 1, rng.randrange(1 << 32)])
        case 1:
            release = rng.choice([address + 1, model.released - 1, rng.randrange(1 << 32)])
    size = rng.choice([4] * 9 + [0, 3, 5])
    return address % (1 << 32), (release % (1 << 32)).to_bytes(4, "little").ljust(5, b"\0")[:size]


def random_echo(rng, model):
    return rng.randrange(1 << 32), rng.randbytes(rng.choice([0, 1, 7, MAX_REQUEST_PAYLOAD]))


def random_reset(rng, model):
    return rng.choice([*ResetKind, *ResetKind, 4, 1 << 31]), b"\1" * (rng.random() < 0.1)


def random_other(rng, model):
    return rng.randrange(1 << 32), rng.randbytes(rng.randrange(5))


RANDOM = {
    Op.READ: (random_read, 6),
    Op.WRITE: (random_write, 6),
    Op.PUSH: (random_push, 4),
    Op.PULL: (random_pull, 6),
    Op.ECHO: (random_echo, 1),
    Op.RESET: (random_reset, 1),
    Op.SYNC: (random_other, 0.3),  # a SYNC under the session's nonce is no request
    0: (random_other, 0.3),
    255: (random_other, 0.3),
}


def random_frame(rng, model, history):
    """Return a request as bytes: the next, a repeated, an early, a foreign or a damaged one."""
    if history and rng.random() < 0.15:
        frame = rng.choice(history[-WINDOW_FRAMES:])
    else:
        ops = list(RANDOM)
        op = rng.choices(ops, [RANDOM[op][1] for op in ops])[0]
        address, payload = RANDOM[op][0](rng, model)
        seq = model.expected if rng.random() < 0.95 else (model.expected + rng.randrange(1, 224))
        frame = encode_request(Request(seq % 256, op, address, payload), model.nonce)
        if seq == model.expected:
            history.append(frame)
    if rng.random() < 0.06:
        return damage(rng, frame) + b"\0"
    return frame
