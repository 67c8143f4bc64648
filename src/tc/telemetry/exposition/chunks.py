"""The lines of all runs, by family: a run that changed costs the copying of some hundred runs' lines, however many there are."""

from array import array
from collections.abc import Collection, Mapping, Sequence

from tc.telemetry.exposition.lines import CONTENT_TYPES, RUN_FAMILIES, Block, Format, header
from tc.telemetry.exposition.pieces import Body, Piece

LARGEST = 256  # runs in a chunk: larger ones cost more at each change, smaller ones at each scrape
_FAMILIES = range(len(RUN_FAMILIES))


class Chunk:
    """Some hundred runs: of each family one piece, and how much of it is each run's."""

    def __init__(self) -> None:
        self.run_ids: list[str] = []
        self.pieces = [Piece(b"") for _ in _FAMILIES]
        self._lengths = [array("I") for _ in _FAMILIES]

    def apply(self, changed: Mapping[str, Block], removed: Collection[str]) -> None:
        """Put runs in the place of what they were, take others out, and append those that are new."""
        edits = [
            (place, changed.get(run_id)) for place, run_id in enumerate(self.run_ids) if run_id in changed or run_id in removed
        ]
        known = set(self.run_ids)
        added = [run_id for run_id in changed if run_id not in known]
        for family in _FAMILIES:
            texts = [(place, None if block is None else block[family]) for place, block in edits]
            self._splice(family, texts, [changed[run_id][family] for run_id in added])
        self.run_ids = [run_id for run_id in self.run_ids if run_id in changed or run_id not in removed] + added

    def _splice(self, family: int, edits: Sequence[tuple[int, bytes | None]], added: Sequence[bytes]) -> None:
        lengths, text = self._lengths[family], self.pieces[family].text
        if text or any(added) or any(new for _, new in edits):  # most families are in few runs
            whole = _spliced(text, lengths, edits, added)
            if whole != text:
                self.pieces[family] = Piece(whole)
        for place, new in reversed(edits):
            if new is None:
                del lengths[place]
            else:
                lengths[place] = len(new)
        lengths.extend(map(len, added))


def _spliced(text: bytes, lengths: Sequence[int], edits: Sequence[tuple[int, bytes | None]], added: Sequence[bytes]) -> bytes:
    """Return a text of parts that are so long with some parts replaced or taken out, by their places, and others appended."""
    parts, at, counted = [], 0, 0
    for place, new in edits:
        begin = at + sum(lengths[counted:place])
        parts += [text[at:begin], new or b""]
        at, counted = begin + lengths[place], place + 1
    return b"".join((*parts, text[at:], *added))


class Exposition:
    """The lines of all runs, and the bodies that they make: one thread applies changes, any thread takes a body."""

    def __init__(self, *, largest: int = LARGEST) -> None:
        self._largest = largest
        self._chunks: list[Chunk] = []
        self._home: dict[str, Chunk] = {}
        self._made: list[Piece] = []
        self.bodies: dict[Format, Body] = {written: Body([]) for written in CONTENT_TYPES}

    def apply(self, changed: Mapping[str, Block], removed: Collection[str] = ()) -> None:
        """Replace the lines of runs that changed, add those of new ones and drop those of others; then make the bodies anew."""
        gone = {run_id for run_id in removed if run_id in self._home and run_id not in changed}
        for chunk in {id(each): each for run_id in (*changed, *gone) if (each := self._home.get(run_id))}.values():
            own = [run_id for run_id in chunk.run_ids if run_id in changed]
            chunk.apply({run_id: changed[run_id] for run_id in own}, gone)
        for run_id in gone:
            del self._home[run_id]
        self._add({run_id: block for run_id, block in changed.items() if run_id not in self._home})
        self._publish()

    def _add(self, new: Mapping[str, Block]) -> None:
        waiting = list(new)
        while waiting:
            chunk = next((each for each in self._chunks if len(each.run_ids) < self._largest), None)
            if chunk is None:
                chunk = Chunk()
                self._chunks.append(chunk)
            taken = [waiting.pop() for _ in range(min(self._largest - len(chunk.run_ids), len(waiting)))]
            chunk.apply({run_id: new[run_id] for run_id in taken}, ())
            self._home.update(dict.fromkeys(taken, chunk))

    def _publish(self) -> None:
        """Replace the bodies where a piece is another one: who holds the old ones keeps a whole body."""
        self._chunks = [chunk for chunk in self._chunks if chunk.run_ids]
        families = [
            (place, pieces)
            for place in _FAMILIES
            if (pieces := [chunk.pieces[place] for chunk in self._chunks if chunk.pieces[place].text])
        ]
        made = [piece for _, pieces in families for piece in pieces]
        if made == self._made:
            return
        self._made = made
        self.bodies = {
            written: Body([each for place, pieces in families for each in (_HEADERS[written][place], *pieces)])
            for written in CONTENT_TYPES
        }


_HEADERS = {written: [Piece(header(family, written)) for family in RUN_FAMILIES] for written in CONTENT_TYPES}
