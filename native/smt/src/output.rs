//! Writing the files: each whole or not at all, readable by their owner alone, since some hold passwords.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes the files into the folder, which is made if need be. Files of the same names are replaced.
pub(crate) fn write(folder: &Path, files: &[(String, String)]) -> Result<()> {
    let failed = |what: &str, e: &std::io::Error| {
        Error::failed(format!(
            "can't {what}: {e}. Choose another folder with output_dir in [other] or --output, or make it writable"
        ))
    };
    fs::create_dir_all(folder)
        .map_err(|e| failed(&format!("make the output folder {}", folder.display()), &e))?;
    for (name, text) in files {
        let path = folder.join(name);
        let what = format!("write {}", path.display());
        // A temporary file is made with mode 0600, and takes the name once it is complete.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&what, &e))?;
        file.write_all(text.as_bytes()).map_err(|e| failed(&what, &e))?;
        file.persist(&path).map_err(|e| failed(&what, &e.error))?;
    }
    Ok(())
}

/// Files of the tool's kinds that this run doesn't write: those of rules that are gone.
pub(crate) fn left_over(folder: &Path, files: &[(String, String)]) -> Vec<String> {
    let kinds = ["starrocks-create.", "flink-create.", "starrocks-external-create."];
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".sql") && kinds.iter().any(|kind| name.starts_with(kind)))
        .filter(|name| !files.iter().any(|(written, _)| written == name))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn files_are_the_owner_s_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let result = folder.path().join("a/result");
        let files = |text: &str| vec![("flink-create.1.sql".to_owned(), text.to_owned())];
        write(&result, &files("old")).unwrap();
        write(&result, &files("new")).unwrap();
        let path = result.join("flink-create.1.sql");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&result).unwrap().count(), 1);
        assert!(left_over(&result, &files("")).is_empty());
        assert_eq!(left_over(&result, &[]), ["flink-create.1.sql"]);
    }

    #[test]
    fn a_folder_that_can_t_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = write(&folder.path().join("file/result"), &[]).unwrap_err().to_string();
        assert!(error.contains("file/result") && error.contains("--output"), "{error}");
    }
}
