//! What survives a kill: files and folders that are whole or absent, and logs that can be cut back.
//!
//! Something whole is written beside its place under a name of its own (`.NAME.partial`), flushed to the disk, and renamed; the folder is
//! flushed last, without which the rename itself may be lost. What a kill leaves beside is cleared by [`sweep`].

use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Writes a file that is whole or absent: after a kill `path` holds the old bytes or the new ones, never a part.
///
/// # Errors
/// Whatever the file system says; the file at `path` is then as it was.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let beside = beside(path, "partial")?;
    let mut file = File::create(&beside)?;
    file.write_all(bytes.as_ref())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_folder(parent(path))
}

/// Writes a folder that is whole or absent. `fill` is given an empty folder beside `path` and puts the contents in.
///
/// A folder that is already there is replaced. A kill between its going and the new one's coming leaves it beside, and [`sweep`] puts it back.
///
/// # Errors
/// What `fill` returns, or what the file system says; `path` is then as it was.
pub fn write_folder<E: From<io::Error>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let (beside, old) = (beside(path, "partial")?, beside(path, "old")?);
    remove(&beside)?;
    fs::create_dir(&beside)?;
    if let Err(error) = fill(&beside) {
        remove(&beside)?;
        return Err(error);
    }
    sync_all(&beside)?;
    let replaces = path.exists();
    if replaces {
        remove(&old)?;
        fs::rename(path, &old)?;
    }
    if let Err(error) = fs::rename(&beside, path) {
        if replaces {
            fs::rename(&old, path)?;
        }
        return Err(error.into());
    }
    sync_folder(parent(path))?;
    if replaces {
        remove(&old)?;
    }
    Ok(())
}

/// Clears what a kill left half written directly inside `folder`: removes `.NAME.partial`, and puts `.NAME.old` back where `NAME` is missing.
///
/// # Errors
/// Whatever the file system says. A folder that is not there is clean.
pub fn sweep(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix('.')) else { continue };
        if name.ends_with(".partial") {
            remove(&entry.path())?;
        } else if let Some(name) = name.strip_suffix(".old") {
            let whole = folder.join(name);
            if whole.exists() { remove(&entry.path())? } else { fs::rename(entry.path(), whole)? }
        }
    }
    sync_folder(folder)
}

/// Puts a folder back that a kill caught while [`write_folder`] replaced it: `.NAME.old` becomes `NAME` where `NAME` is missing. Where `path`
/// is a link, this is done where it leads to.
///
/// # Errors
/// Whatever the file system says.
pub fn recover(path: &Path) -> io::Result<()> {
    let led = fs::read_link(path).map(|target| parent(path).join(target));
    let path = led.as_deref().unwrap_or(path);
    let Ok(old) = beside(path, "old") else { return Ok(()) };
    if path.exists() || !old.exists() {
        return Ok(());
    }
    fs::rename(old, path)?;
    sync_folder(parent(path))
}

/// Cuts a file back to its first `length` bytes. A file that is not there has no bytes.
///
/// # Errors
/// `InvalidData` where the file is shorter than that (then it is not the file that the length was taken of), else what the file system says.
pub fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && length == 0 => return Ok(()),
        file => file?,
    };
    let found = file.metadata()?.len();
    if found < length {
        let message = format!("{} has {found} bytes, but its checkpoint was taken when it had {length}", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if found > length {
        file.set_len(length)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// The log.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A line that is not the last one is no such object: not the work of a kill.
    #[error("{path}:{line}: {source}")]
    Line {
        /// The log.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and in which column.
        source: serde_json::Error,
    },
}

/// Reads a file of one JSON object per line. A last line that a kill tore (no line feed at its end) is left out, as if never written.
///
/// # Errors
/// Where the file cannot be read, or a whole line holds something else.
pub fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, LogError> {
    let read = |source| LogError::Io { path: path.into(), source };
    let mut reader = BufReader::new(File::open(path).map_err(read)?);
    let (mut objects, mut text, mut line) = (Vec::new(), Vec::new(), 0);
    loop {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(read)?;
        line += 1;
        if text.pop() != Some(b'\n') {
            return Ok(objects);
        }
        objects.push(serde_json::from_slice(&text).map_err(|source| LogError::Line { path: path.into(), line, source })?);
    }
}

/// A log of one JSON object per line, appended to.
#[derive(Debug)]
pub struct JsonLines<T> {
    file: BufWriter<File>,
    length: u64,
    line: Vec<u8>,
    holds: PhantomData<fn(&T)>,
}

impl<T: Serialize> JsonLines<T> {
    /// Starts an empty log, or goes on with one after cutting it back to `length` bytes, which a [`mark`](Self::mark) told.
    ///
    /// # Errors
    /// As [`cut`].
    pub fn open(path: &Path, length: u64) -> io::Result<Self> {
        cut(path, length)?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        // The log's name must be on the disk before a checkpoint speaks of its length.
        sync_folder(parent(path))?;
        Ok(Self { file: BufWriter::new(file), length, line: Vec::new(), holds: PhantomData })
    }

    /// Appends one object. It reaches the file with the next [`flush`](Self::flush) or [`mark`](Self::mark).
    ///
    /// # Errors
    /// Whatever the file system says, or where the object is none that JSON can say.
    pub fn append(&mut self, object: &T) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, object)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)?;
        self.length += self.line.len() as u64;
        Ok(())
    }

    /// Hands everything appended so far to the operating system, so that others can read it and a kill of this process cannot lose it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Puts everything appended so far on the disk and returns the length in bytes, to be kept in a checkpoint.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn mark(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.length)
    }
}

/// `.NAME.suffix` in the folder of `path`: on the same file system, and hidden from whoever lists the folder.
fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display())))?;
    Ok(path.with_file_name(format!(".{}.{suffix}", name.to_string_lossy())))
}

/// The folder that holds `path`. (The parent of a bare name is the empty path, which no system call takes.)
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn remove(path: &Path) -> io::Result<()> {
    let done = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    done.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Flushes every file below `folder`, and the folders themselves. (What links lead to is none of its business.)
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_all(&entry.path())?;
        } else if kind.is_file() {
            // Unix flushes a file that is open for reading; others want the right to write, which a file may deny.
            OpenOptions::new().read(true).write(!cfg!(unix)).open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Flushes a folder's list of names. Only Unix opens folders as files; elsewhere the file system does this on its own.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
