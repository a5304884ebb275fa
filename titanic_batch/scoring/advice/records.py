"""What rejected records might mean: another encoding, escapes, empty lines, long rows."""

from __future__ import annotations

from collections.abc import Iterator

from titanic_batch.scoring.advice.changes import Change
from titanic_batch.scoring.advice.encodings import has_text_in, likely_encodings, reading
from titanic_batch.scoring.advice.trials import Trial
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import dialect_for
from titanic_batch.sources.sample import CsvSample


def final_newline_changes(trial: Trial) -> Iterator[Change]:
    """Yield what accepts a last record that is complete but for its newline."""
    if "unterminated" in trial.rejected.values():
        yield Change(
            why="The last record is complete but for its newline; check that the file is",
            options={"allow_no_final_newline": True},
        )


def record_changes(
    trial: Trial, sample: CsvSample, options: ScoreOptions, path: str
) -> Iterator[Change]:
    """Yield what might make records of what is none yet."""
    reasons = set(trial.rejected.values())
    if "bad-encoding" in reasons and not has_text_in(sample.raw, options.encoding):
        for encoding in likely_encodings(sample.raw, options.encoding):
            yield Change(
                why=f"It is not {options.encoding} text, but can be read as "
                f"{reading(sample.raw, encoding)}",
                logged_why=f"It is not {options.encoding} text, but can be read as {encoding}",
                options={"encoding": encoding},
            )
    if "bad-quote" in reasons:
        yield from _quote_changes(sample, options)
    if "wrong-width" in reasons:
        dialect = dialect_for(path, options)
        lines = [line.rstrip(b"\r") for line in sample.text(dialect.encoding).split(b"\n")]
        if not all(lines[:-1]):
            yield Change(why="It has empty lines", repair={"blank_lines": True})
        if any(line.endswith(dialect.delimiter) for line in lines[1:]):
            yield Change(
                why="Records end in a delimiter that the header lacks", repair={"long_rows": True}
            )


def _quote_changes(sample: CsvSample, options: ScoreOptions) -> Iterator[Change]:
    """Yield what might make quotes obey the grammar."""
    if options.escape is None and b'\\"' in sample.raw:
        yield Change(
            why="Quotes in its cells are written with backslashes", options={"escape": "\\"}
        )
    if not options.trim and (b' "' in sample.raw or b'" ' in sample.raw):
        yield Change(why="Spaces stand around the quotes of cells", options={"trim": True})
