//! The short way of writing a row, held against the plain one: by the tests here and by the fuzz targets.

use starrocks_format::{RowNotes, Scratch, TablePlan};
use starrocks_row::Frame;

/// The short way gives the same text as the plain one or, in a room that is too small or where the row is refused,
/// none.
pub fn check(plan: &TablePlan, frame: &Frame<'_>, plain: Option<(&[u8], RowNotes)>) {
    let mut scratch = Scratch::default();
    let len = plain.map_or(0, |(text, _)| text.len());
    for room in [0, len / 2, len.saturating_sub(1), len, len + 1, len + 8, len + 64, len + 8192] {
        let mut bytes = vec![0xaa; room];
        let Some((short, notes)) = plan.write_row_into(frame, &mut scratch, &mut bytes) else { continue };
        assert_eq!(Some((&bytes[..short], notes)), plain, "in {room} bytes");
    }
}
