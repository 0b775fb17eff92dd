//! The files of one log: `<position of the first byte>.log`, and beside each finished one `<position>.span` with its times.

use super::record::{self, Cut, MAX_RECORD, Span};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// How much is read at once; more than the largest record.
pub const CHUNK: usize = 256 << 10;
const _: () = assert!(CHUNK > MAX_RECORD);

/// A piece of a log: the positions from `base` to `end`, and the times of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub base: u64,
    pub end: u64,
    pub span: Span,
}

impl Segment {
    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.end - self.base
    }

    /// Whether some of its lines may lie between the two moments.
    pub fn may_hold(&self, since: Option<i64>, until: Option<i64>) -> bool {
        since.is_none_or(|since| self.span.last >= since) && until.is_none_or(|until| self.span.first < until)
    }
}

/// The file of the segment that begins there.
pub fn file_of(folder: &Path, base: u64) -> PathBuf {
    folder.join(format!("{base:020}.log"))
}

fn span_file_of(folder: &Path, base: u64) -> PathBuf {
    folder.join(format!("{base:020}.span"))
}

/// Removes a segment's files.
pub fn remove(folder: &Path, base: u64) -> io::Result<()> {
    match fs::remove_file(span_file_of(folder, base)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::remove_file(file_of(folder, base))
}

/// Finds a log's segments, and cuts off a record that a crash tore. No folder is an empty log.
pub fn load(folder: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut bases = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let base: Option<u64> = name.to_str().and_then(|name| name.strip_suffix(".log")?.parse().ok());
        bases.extend(base);
    }
    bases.sort_unstable();
    let newest = bases.last().copied();
    bases
        .into_iter()
        .map(|base| if Some(base) == newest { recover(folder, base) } else { load_finished(folder, base) })
        .collect()
}

fn load_finished(folder: &Path, base: u64) -> io::Result<Segment> {
    let size = fs::metadata(file_of(folder, base))?.len();
    match read_span(folder, base) {
        Some(span) => Ok(Segment { base, end: base + size, span }),
        None => {
            let (span, sound) = scan(&File::open(file_of(folder, base))?)?;
            let segment = Segment { base, end: base + sound, span };
            finish(folder, &segment)?;
            Ok(segment)
        }
    }
}

fn recover(folder: &Path, base: u64) -> io::Result<Segment> {
    let file = File::options().read(true).write(true).open(file_of(folder, base))?;
    let (span, sound) = scan(&file)?;
    let size = file.metadata()?.len();
    if sound < size {
        tracing::warn!(folder = %folder.display(), lost = size - sound, "cut off the end of a log that a crash tore");
        file.set_len(sound)?;
    }
    Ok(Segment { base, end: base + sound, span })
}

/// Reads records from the beginning as long as they are sound; answers their times and where they end.
fn scan(file: &File) -> io::Result<(Span, u64)> {
    let mut span = Span::EMPTY;
    let mut position = 0;
    let mut buffer = vec![0; CHUNK];
    loop {
        let filled = read_full(file, &mut buffer, position)?;
        let mut rest = &buffer[..filled];
        let verdict = loop {
            match record::first(rest) {
                Ok(found) if record::is_sound(&rest[..found.size]) => {
                    span.include(found.at);
                    rest = &rest[found.size..];
                }
                Ok(_) => break Cut::Broken,
                Err(cut) => break cut,
            }
        };
        position += (filled - rest.len()) as u64;
        if verdict == Cut::Broken || filled < CHUNK {
            return Ok((span, position));
        }
    }
}

/// Whether a record begins (or the log ends) at this offset of a segment, as the record before it tells.
pub fn is_boundary(file: &File, offset: u64) -> io::Result<bool> {
    if offset == 0 {
        return Ok(true);
    }
    let start = offset.saturating_sub(MAX_RECORD as u64);
    let mut buffer = vec![0; (offset - start) as usize];
    let filled = read_full(file, &mut buffer, start)?;
    let before = &buffer[..filled];
    Ok(filled == buffer.len()
        && record::last(before).is_ok_and(|found| record::is_sound(&before[filled - found.size..])))
}

/// The first boundary at or behind an offset that may lie inside a record.
pub fn boundary_from(file: &File, offset: u64, size: u64) -> io::Result<u64> {
    let mut position = 0;
    let mut buffer = vec![0; CHUNK];
    while position < offset {
        let filled = read_full(file, &mut buffer, position)?;
        let mut rest = &buffer[..filled];
        while position < offset
            && let Ok(found) = record::first(rest)
        {
            position += found.size as u64;
            rest = &rest[found.size..];
        }
        if rest.len() == filled {
            return Ok(size);
        }
    }
    Ok(position)
}

/// Reads until the buffer is full or the file ends.
pub fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Notes the times of a segment that gets no more lines.
pub fn finish(folder: &Path, segment: &Segment) -> io::Result<()> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&segment.span.first.to_le_bytes());
    bytes[8..].copy_from_slice(&segment.span.last.to_le_bytes());
    fs::write(span_file_of(folder, segment.base), bytes)
}

fn read_span(folder: &Path, base: u64) -> Option<Span> {
    let bytes: [u8; 16] = fs::read(span_file_of(folder, base)).ok()?.try_into().ok()?;
    let (first, last) = bytes.split_at(8);
    Some(Span {
        first: i64::from_le_bytes(first.try_into().ok()?),
        last: i64::from_le_bytes(last.try_into().ok()?),
    })
}
