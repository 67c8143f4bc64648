"""Text frames of a WebSocket as bytes, so that one message is put into its frame once for all who listen.

Source: RFC 6455, section 5.2; a server's frames are not masked.
"""

_TEXT = 0x81
_SHORTEST, _SHORT = 126, 1 << 16


def text_frame(payload: bytes) -> bytes:
    """Return a whole text frame."""
    size = len(payload)
    if size < _SHORTEST:
        return bytes((_TEXT, size)) + payload
    if size < _SHORT:
        return bytes((_TEXT, 126)) + size.to_bytes(2) + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8) + payload


def combined(stream: str, payload: bytes) -> bytes:
    """Return a message as a combined stream writes it, with the name of the stream."""
    return b'{"stream":"' + stream.encode() + b'","data":' + payload + b"}"
