//! [`Keeper`]: saves demonstrations on a thread of its own, so that no frame of a window waits for a disk.

use crate::imitation::data_set::writer::{Author, Writer};
use crate::imitation::data_set::{DataSet, DataSetError};
use crate::imitation::demonstration::Demonstration;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

enum Request {
    Save(Box<Demonstration>),
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
    /// It was not taken back.
    NotUndone(DataSetError),
}

/// A data set that is recorded to from a thread of its own, one request after the other.
pub struct Keeper {
    requests: Option<Sender<Request>>,
    /// (A receiver belongs to one thread at a time; a resource may be looked at from several.)
    answers: Mutex<Receiver<Kept>>,
    thread: Option<JoinHandle<Writer>>,
}

impl Keeper {
    /// Saves to what `writer` holds.
    pub fn new(mut writer: Writer, author: Author) -> Self {
        let (requests, asked) = channel();
        let (answer, answers) = channel();
        let work = move || {
            for request in asked {
                let kept = match request {
                    Request::Save(demonstration) => match writer.save(&demonstration, &author) {
                        Ok(episode) => Kept::Saved(episode),
                        Err(error) => Kept::NotSaved(error, demonstration),
                    },
                    Request::Undo => writer.undo().map_or_else(Kept::NotUndone, Kept::Undone),
                };
                if answer.send(kept).is_err() {
                    break;
                }
            }
            writer
        };
        Self { requests: Some(requests), answers: Mutex::new(answers), thread: Some(std::thread::spawn(work)) }
    }

    /// Saves a demonstration, some time soon.
    pub fn save(&mut self, demonstration: Demonstration) {
        self.ask(Request::Save(Box::new(demonstration)));
    }

    /// Takes the last episode back, after what was asked before.
    pub fn undo(&mut self) {
        self.ask(Request::Undo);
    }

    fn ask(&mut self, request: Request) {
        if let Some(requests) = &self.requests {
            // A thread that panicked has said so itself.
            let _ = requests.send(request);
        }
    }

    /// What is done by now.
    pub fn done(&mut self) -> Vec<Kept> {
        let Ok(answers) = self.answers.get_mut() else { return Vec::new() };
        answers.try_iter().collect()
    }

    /// Waits until everything is done, and gives the set free. With what was done meanwhile.
    ///
    /// # Errors
    /// Where the mark of being held cannot be removed.
    pub fn finish(mut self) -> (Vec<Kept>, Result<Option<DataSet>, DataSetError>) {
        self.requests = None;
        let writer = self.thread.take().and_then(|thread| thread.join().ok());
        let done = self.done();
        (done, writer.map(Writer::finish).transpose())
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
