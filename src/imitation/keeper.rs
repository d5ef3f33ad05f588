//! [`Keeper`]: saves demonstrations on a thread of its own, so that no frame of a window waits for a disk.

use crate::imitation::data_set::writer::{Author, Writer};
use crate::imitation::data_set::{DataSet, DataSetError};
use crate::imitation::demonstration::Demonstration;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

enum Request {
    /// `again`: it is the one that could not be saved the longest ago.
    Save {
        demonstration: Box<Demonstration>,
        again: bool,
    },
    Undo,
}

/// What became of a request.
pub enum Kept {
    /// A demonstration is safe, as this episode of the set.
    Saved(usize),
    /// It is not: why, and the demonstration itself, to be tried again.
    NotSaved(DataSetError, Box<Demonstration>),
    /// This episode was taken back; None where there was none of this session.
    Undone(Option<usize>),
    /// The one to be taken back was not saved: the last one of those that could not be is not to be tried again.
    Dropped,
    /// It was not taken back yet. That is tried again before anything else is done.
    NotUndone(DataSetError),
}

/// A data set that is recorded to from a thread of its own, one request after the other.
pub struct Keeper {
    requests: Option<Sender<Request>>,
    /// (A receiver belongs to one thread at a time; a resource may be looked at from several.)
    answers: Mutex<Receiver<Kept>>,
    thread: Option<JoinHandle<Writer>>,
    /// Requests without an answer so far.
    open: usize,
}

impl Keeper {
    /// Saves to what `writer` holds.
    pub fn new(mut writer: Writer, author: Author) -> Self {
        let (requests, asked) = channel();
        let (answer, answers) = channel();
        let work = move || {
            // Whether each of the episodes so far is on the disk, in the order in which they are taken back.
            let mut saved: Vec<bool> = Vec::new();
            for request in asked {
                let kept = match request {
                    Request::Save { demonstration, again } => {
                        if let Some(first) = saved.iter().position(|saved| !saved).filter(|_| again) {
                            saved.remove(first);
                        }
                        let done = writer.save(&demonstration, &author);
                        saved.push(done.is_ok());
                        done.map_or_else(|error| Kept::NotSaved(error, demonstration), Kept::Saved)
                    }
                    Request::Undo => match saved.pop() {
                        Some(false) => Kept::Dropped,
                        _ => writer.undo().map_or_else(Kept::NotUndone, Kept::Undone),
                    },
                };
                if answer.send(kept).is_err() {
                    break;
                }
            }
            writer
        };
        Self { requests: Some(requests), answers: Mutex::new(answers), thread: Some(std::thread::spawn(work)), open: 0 }
    }

    /// Saves a demonstration, some time soon.
    pub fn save(&mut self, demonstration: Demonstration) {
        self.ask(Request::Save { demonstration: Box::new(demonstration), again: false });
    }

    /// Saves a demonstration that could not be saved: of those, the one of the longest ago.
    pub fn save_again(&mut self, demonstration: Box<Demonstration>) {
        self.ask(Request::Save { demonstration, again: true });
    }

    /// Takes the last episode back, after what was asked before.
    pub fn undo(&mut self) {
        self.ask(Request::Undo);
    }

    fn ask(&mut self, request: Request) {
        if let Some(requests) = &self.requests {
            self.open += 1;
            // Where the thread has panicked, [`Self::finish`] says so.
            let _ = requests.send(request);
        }
    }

    /// What is done by now.
    pub fn done(&mut self) -> Vec<Kept> {
        let Ok(answers) = self.answers.get_mut() else { return Vec::new() };
        let done: Vec<Kept> = answers.try_iter().collect();
        self.open -= done.len();
        done
    }

    /// Waits until everything that was asked is done.
    pub fn wait(&mut self) -> Vec<Kept> {
        let Ok(answers) = self.answers.get_mut() else { return Vec::new() };
        let done: Vec<Kept> = answers.iter().take(self.open).collect();
        self.open -= done.len();
        done
    }

    /// Waits until everything is done, and gives the set free. With what was done meanwhile.
    ///
    /// # Errors
    /// Where not everything was done: an episode that could not be taken back, the mark of being held that cannot be removed, a thread that
    /// panicked.
    pub fn finish(mut self) -> (Vec<Kept>, Result<DataSet, DataSetError>) {
        let done = self.wait();
        self.requests = None;
        let lost = DataSetError::Refused(format!("the thread that saves broke down: {} of its last requests were not done", self.open));
        let writer = self.thread.take().and_then(|thread| thread.join().ok());
        (done, writer.ok_or(lost).and_then(Writer::finish))
    }
}

impl Drop for Keeper {
    /// What was asked is done before the program ends.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
