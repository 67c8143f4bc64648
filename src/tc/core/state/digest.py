"""State as canonical bytes: its digest, and checkpoints to resume from."""

import hashlib

import msgspec

from tc.core.state.model import State
from tc.errors import ArtifactError

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(State)


def encode_state(state: State) -> bytes:
    """Return the State's one canonical form: the same in every process."""
    return _ENCODER.encode(state)


def decode_state(data: bytes) -> State:
    """Return the State of a checkpoint.

    Raises
    ------
    ArtifactError
        The bytes are not the canonical form of a State.

    """
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise ArtifactError(f"the checkpoint holds no State: {error}", hint="Replay the stream from its start.") from None


def state_digest(state: State) -> str:
    """Return the SHA-256 of the State's canonical form, hex; its cost grows with what State holds, so take it at checkpoints."""
    return hashlib.sha256(encode_state(state)).hexdigest()
