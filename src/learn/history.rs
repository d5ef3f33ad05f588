//! What a policy sees of the past: its last observations, side by side.
//!
//! A row of memory is a mark that there is something in it, then the observations before the present one, oldest first. Where an episode
//! begins, or a policy takes over in the middle of one, what it sees first stands for all that was before.

use super::batch::Batch;

/// How many numbers of memory a policy with a history of `length` observations of `width` numbers has.
pub fn memory(length: usize, width: usize) -> usize {
    if length > 1 { 1 + (length - 1) * width } else { 0 }
}

/// The last `length` observations of every row, and remembers them.
///
/// # Shapes
/// - observations: `[N, O]`
/// - memory: `[N, ..]`, of which this is the first `memory(length, O)`
/// - output: `[N · length, O]`, of each row the oldest first
pub fn recall(length: usize, observations: &Batch, begins: &[bool], memory: &mut Batch) -> Batch {
    let width = observations.width();
    let kept = self::memory(length, width);
    assert!(memory.width() >= kept, "a memory of {} for {length} observations of {width}", memory.width());
    if length == 1 {
        return observations.clone();
    }
    let mut windows = Vec::new();
    for (row, begins) in begins.iter().enumerate() {
        let seen = observations.row(row);
        let (mark, past) = memory.row_mut(row)[..kept].split_at_mut(1);
        if *begins || mark[0] == 0.0 {
            mark[0] = 1.0;
            past.chunks_exact_mut(width).for_each(|before| before.copy_from_slice(seen));
        }
        windows.extend_from_slice(past);
        windows.extend_from_slice(seen);
        past.copy_within(width.., 0);
        let last = past.len() - width;
        past[last..].copy_from_slice(seen);
    }
    Batch::new(width, windows)
}
