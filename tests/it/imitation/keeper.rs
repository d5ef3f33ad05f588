//! The thread that saves.

use super::{author, demonstrations, plan};
use apprentice::imitation::data_set::writer::Writer;
use apprentice::imitation::keeper::Keeper;
use apprentice::pilot::Pilot;
use tempfile::TempDir;

#[test]
fn a_thread_that_breaks_down_while_saving_is_told_at_the_end() {
    let folder = TempDir::new().unwrap();
    let (writer, _) = Writer::open(folder.path(), &plan("push"), false).unwrap();
    let mut keeper = Keeper::new(writer, author());
    // A demonstration of another scene, which has fewer channels.
    keeper.save(demonstrations(&plan("balance"), 1, Pilot::expert(), 1).remove(0));
    let (done, set) = keeper.finish();
    assert_eq!(done.len(), 0);
    let error = set.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("broke down") && error.contains("1 of its last requests"), "{error}");
}
