//! Packed rows that memory has no room for, in files that nobody else can open.
//!
//! A spill file is unlinked as soon as it is open. It has no name then, so nobody has to clean it up: the system
//! frees its space when the process closes it or ends, in whichever way. (On a network file system the client keeps
//! a hidden name until then, which a machine that dies leaves behind.)

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The most bytes in one file. A file's space is freed when nothing in it is needed any more, so a single
/// long-lived batch holds so much at most.
const SEGMENT: u64 = 256 * 1024 * 1024;

/// The spill files of one session. Any thread may write, several side by side.
#[derive(Debug)]
pub struct Spill {
    folders: Vec<PathBuf>,
    segment_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The file that is written to, and how much of it is taken. It lives as long as somebody needs what is in it.
    current: Weak<Segment>,
    end: u64,
    /// Where the next file is tried first: they go round, so that several disks share the work.
    next: usize,
}

/// One spill file.
#[derive(Debug)]
struct Segment {
    file: File,
    folder: PathBuf,
}

/// Bytes in a spill file. Their place is free when no extent of the file is left.
#[derive(Debug)]
pub struct Extent {
    segment: Arc<Segment>,
    offset: u64,
    len: u64,
}

/// No folder took the bytes.
#[derive(Debug)]
pub struct SpillError {
    /// How many bytes.
    pub bytes: usize,
    /// What went wrong in which folder.
    pub failures: Vec<(PathBuf, io::Error)>,
}

impl Spill {
    /// Spill files in these folders, which must exist; in the process's temporary folder when none is given. Nothing
    /// is created before something is written.
    pub fn new(mut folders: Vec<PathBuf>) -> Self {
        if folders.is_empty() {
            folders.push(std::env::temp_dir());
        }
        Self { folders, segment_bytes: SEGMENT, state: Mutex::default() }
    }

    /// Writes `bytes`. Where a folder fails, the next one is tried.
    pub fn write(&self, bytes: &[u8]) -> Result<Extent, SpillError> {
        let mut failures = Vec::new();
        // The file at hand, and then a new one in each folder.
        for _ in 0..=self.folders.len() {
            let Some((segment, offset)) = self.place(bytes.len() as u64, &mut failures) else { break };
            match segment.file.write_all_at(bytes, offset) {
                Ok(()) => return Ok(Extent { segment, offset, len: bytes.len() as u64 }),
                Err(error) => {
                    self.leave(&segment);
                    note(&mut failures, &segment.folder, error);
                }
            }
        }
        Err(SpillError { bytes: bytes.len(), failures })
    }

    /// Takes a place for so many bytes, in a new file where there is none at hand.
    fn place(&self, len: u64, failures: &mut Vec<(PathBuf, io::Error)>) -> Option<(Arc<Segment>, u64)> {
        let mut state = self.lock();
        if let Some(segment) = state.current.upgrade()
            && state.end + len <= self.segment_bytes
        {
            let offset = state.end;
            state.end += len;
            return Some((segment, offset));
        }
        for _ in 0..self.folders.len() {
            let folder = &self.folders[state.next % self.folders.len()];
            state.next += 1;
            match create(folder) {
                Ok(file) => {
                    let segment = Arc::new(Segment { file, folder: folder.clone() });
                    state.current = Arc::downgrade(&segment);
                    state.end = len;
                    return Some((segment, 0));
                }
                Err(error) => note(failures, folder, error),
            }
        }
        None
    }

    /// Has nobody write to a file any more.
    fn leave(&self, segment: &Arc<Segment>) {
        let mut state = self.lock();
        if state.current.as_ptr() == Arc::as_ptr(segment) {
            state.current = Weak::new();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that only this process can reach.
fn create(folder: &Path) -> io::Result<File> {
    let mut random = [0; 16];
    getrandom::getrandom(&mut random)?;
    let path = folder.join(format!("starrocks-sink-{:032x}.spill", u128::from_ne_bytes(random)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn note(failures: &mut Vec<(PathBuf, io::Error)>, folder: &Path, error: io::Error) {
    if failures.iter().all(|(known, _)| known != folder) {
        failures.push((folder.to_owned(), error));
    }
}

impl Extent {
    /// Makes one of two where `next` begins in the file where this ends; else gives it back.
    pub fn join(&mut self, next: Self) -> Result<(), Self> {
        if Arc::ptr_eq(&self.segment, &next.segment) && self.offset + self.len == next.offset {
            self.len += next.len;
            Ok(())
        } else {
            Err(next)
        }
    }

    /// Reads it from its start. Readers have a position of their own each.
    pub fn reader(&self) -> ExtentReader<'_> {
        ExtentReader { extent: self, position: 0 }
    }
}

/// Reads an extent.
pub struct ExtentReader<'a> {
    extent: &'a Extent,
    position: u64,
}

impl Read for ExtentReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.extent.len - self.position;
        let wanted = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let segment = &self.extent.segment;
        match segment.file.read_at(&mut out[..wanted], self.extent.offset + self.position) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("a spill file in {} has become shorter", segment.folder.display()),
            )),
            Ok(n) => {
                self.position += n as u64;
                Ok(n)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("reading a spill file in {} failed: {error}", segment.folder.display()),
            )),
        }
    }
}

impl fmt::Display for SpillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes could not be written to a file", self.bytes)?;
        for (i, (folder, error)) in self.failures.iter().enumerate() {
            write!(f, "{} in {} ({error})", if i == 0 { "" } else { ", nor" }, folder.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for SpillError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(extent: &Extent) -> String {
        let mut text = String::new();
        extent.reader().read_to_string(&mut text).unwrap();
        text
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_has_no_name_and_is_the_owners_alone() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(vec![folder.path().to_owned()]);
        let extent = spill.write(b"rows").unwrap();
        assert_eq!(entries(folder.path()), 0);
        let metadata = extent.segment.file.metadata().unwrap();
        assert_eq!((metadata.nlink(), metadata.mode() & 0o777), (0, 0o600));
        assert_eq!(text(&extent), "rows");
    }

    #[test]
    fn neighbours_are_joined_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(vec![folder.path().to_owned()]);
        let mut first = spill.write(b"ab").unwrap();
        first.join(spill.write(b"cd").unwrap()).unwrap();
        let between = spill.write(b"xx").unwrap();
        let apart = first.join(spill.write(b"ef").unwrap()).unwrap_err();
        assert_eq!([text(&first), text(&between), text(&apart)], ["abcd", "xx", "ef"]);
    }

    #[test]
    fn a_file_that_is_full_is_followed_by_one_in_the_next_folder_and_goes_with_its_last_extent() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut spill = Spill::new(folders.iter().map(|folder| folder.path().to_owned()).collect());
        spill.segment_bytes = 4;
        let first = spill.write(b"abc").unwrap();
        let second = spill.write(b"de").unwrap();
        let third = spill.write(b"fg").unwrap();
        assert_eq!(first.segment.folder, folders[0].path());
        assert_eq!(second.segment.folder, folders[1].path());
        assert!(Arc::ptr_eq(&second.segment, &third.segment));
        let large = spill.write(b"larger than a file should be").unwrap();
        assert_eq!(text(&large), "larger than a file should be");

        let file = Arc::downgrade(&second.segment);
        drop(second);
        assert!(file.upgrade().is_some(), "the third is in it too");
        drop(third);
        assert!(file.upgrade().is_none());
        drop((first, large));
        assert!(spill.lock().current.upgrade().is_none(), "nothing held, no file");
        assert_eq!(text(&spill.write(b"again").unwrap()), "again");
    }

    #[test]
    fn a_disk_that_is_full_is_left_for_the_next_folder() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(vec![folder.path().to_owned()]);
        let file = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
        let full = Arc::new(Segment { file, folder: "/full".into() });
        *spill.lock() = State { current: Arc::downgrade(&full), end: 0, next: 0 };
        assert_eq!(text(&spill.write(b"rows").unwrap()), "rows");
        assert_ne!(spill.lock().current.as_ptr(), Arc::as_ptr(&full));
    }

    #[test]
    fn when_no_folder_is_left_each_one_is_named_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let absent = folder.path().join("absent");
        let error = Spill::new(vec![file.clone(), absent.clone()]).write(b"rows").unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "4 bytes could not be written to a file in {} (Not a directory (os error 20)), nor in {} \
                 (No such file or directory (os error 2))",
                file.display(),
                absent.display()
            )
        );
        // The empty list stands for the process's temporary folder.
        assert_eq!(Spill::new(Vec::new()).folders, [std::env::temp_dir()]);
    }
}
