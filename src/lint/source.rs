//! Finds and reads the files to check, within bounds. I/O.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Largest file, in bytes.
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Endings of the files that are looked at in a folder, those of `kubectl`.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Why there is nothing to check.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The file or folder cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is larger than any manifest.
    #[error("must have at most {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// The file is no text.
    #[error("must be UTF-8 text")]
    NotText,
    /// The folder has no manifest.
    #[error("has no file *.yaml, *.yml or *.json")]
    Empty,
}

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The name in every output.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "<stdin>".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// What it is called once links and `..` are followed: the same for two names of one file.
    #[must_use]
    pub fn identity(&self) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            Self::File(path) => Self::File(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        }
    }

    /// The text, with standard input taken from `stdin`.
    ///
    /// # Errors
    /// When it cannot be read, is too large or no text.
    pub fn read(&self, stdin: &mut dyn Read) -> Result<String, SourceError> {
        match self {
            Self::Stdin => bounded(stdin),
            Self::File(path) => bounded(&mut File::open(path)?),
        }
    }
}

fn bounded(reader: &mut dyn Read) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_BYTES) {
        String::from_utf8(bytes).map_err(|_| SourceError::NotText)
    } else {
        Err(SourceError::TooLarge)
    }
}

/// What `path` stands for: `-` for standard input, a file for itself, a folder for all manifests below it, in order.
///
/// # Errors
/// When it is not there, or a folder cannot be read or has no manifest.
pub fn sources(path: &Path) -> Result<Vec<Source>, SourceError> {
    if path == Path::new("-") {
        return Ok(vec![Source::Stdin]);
    }
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![Source::File(path.to_owned())]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            // A link to a folder is not followed: it may lead back.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_manifest(&path) && path.is_file() {
                files.push(Source::File(path));
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(SourceError::Empty);
    }
    Ok(files)
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
}
