"""Reads mapping files as bytes once, so that what is parsed and what is hashed is the same content."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


class MappingError(ValueError):
    """A mapping file cannot be right; the message, `file` and `line` say where."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"mappings/{file}, line {line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a mapping file, its fields by column name."""

    file: str
    line: int
    fields: dict[str, str]

    def demand(self, condition: object, problem: str) -> None:
        """Go on if the condition holds.

        Raises:
            MappingError: it does not; the message is the problem, with file and line.
        """
        if not condition:
            raise MappingError(self.file, self.line, problem)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One mapping file: its path inside the mappings folder, and its bytes with line feeds only."""

    name: str
    content: bytes

    def records(self, columns: Iterable[str]) -> Iterator[Record]:
        """Yield the lines below the header, each checked to have exactly these columns.

        Raises:
            MappingError: not UTF-8, not CSV, other columns, or a field with white space around it.
        """
        expected = list(columns)
        reader = csv.reader(io.StringIO(self._text(), newline=""), strict=True)
        try:
            if (header := next(reader, [])) != expected:
                raise MappingError(self.name, 1, f"the columns must be {expected}, not {header}")
            for values in reader:
                yield self._record(reader.line_num, expected, values)
        except csv.Error as error:
            raise MappingError(self.name, reader.line_num, str(error)) from error

    def _text(self) -> str:
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            raise MappingError(self.name, line, "not UTF-8") from error

    def _record(self, line: int, columns: list[str], values: list[str]) -> Record:
        if len(values) != len(columns):
            raise MappingError(self.name, line, f"{len(columns)} fields expected, {len(values)} found")
        if any(value != value.strip() for value in values):
            raise MappingError(self.name, line, "a field begins or ends with white space")
        return Record(self.name, line, dict(zip(columns, values, strict=True)))


def read_folder(folder: Path) -> dict[str, DataFile]:
    """Return every CSV file below the folder by its relative path, sorted by that path.

    Line ends are made equal, so that a checkout on Windows reads, and hashes, as the same content.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.csv")}
    return {name: DataFile(name, paths[name].read_bytes().replace(b"\r\n", b"\n")) for name in sorted(paths)}


def content_version(files: Iterable[DataFile]) -> str:
    """Return 16 hexadecimal digits that change whenever a name or a byte of these files changes."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()[:16]
