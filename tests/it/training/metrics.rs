//! The log of updates, and the event file read as TensorBoard would.

use apprentice::training::events::Event;
use apprentice::training::metrics::{FILE, Line, MetricsLog, read};
use prost::Message;
use std::fs;
use std::path::Path;

fn line(update: u64) -> Line {
    Line {
        update,
        steps: update * 100,
        times: [("unix".into(), 1.7e9 + update as f64), ("steps_per_second".into(), 5.0)].into(),
        values: [("loss.policy".into(), -0.5), ("score".into(), update as f64 / 8.0)].into(),
    }
}

/// CRC-32C bit by bit, from its definition (Castagnoli's polynomial, reflected): none of the code under test.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }))
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    let crc = checksum(bytes);
    crc.rotate_left(17).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Reads frames, checking both checksums of each.
fn events(path: &Path) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut events) = (&bytes[..], Vec::new());
    while !rest.is_empty() {
        let (head, body) = rest.split_at(12);
        assert_eq!(head[8..], masked(&head[..8]), "checksum of the length of event {}", events.len());
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        assert_eq!(body[length..length + 4], masked(&body[..length]), "checksum of event {}", events.len());
        events.push(Event::decode(&body[..length]).unwrap());
        rest = &body[length + 4..];
    }
    events
}

#[test]
fn the_checksum_that_frames_are_checked_with_is_castagnolis() {
    // The check value of CRC-32C in RFC 3720 and every catalogue.
    assert_eq!(checksum(b"123456789"), 0xe306_9283);
}

#[test]
fn the_first_event_is_the_one_that_tensorboard_itself_writes() {
    // Field 1, double 1.5: 09 00..f83f. Field 3, text of 13 bytes: 1a 0d `brain.Event:2`. Step 0 is a default and not written.
    let mut bytes = Vec::new();
    Event::first(1.5).frame(&mut bytes);
    let event = [&[0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x1a, 0x0d][..], b"brain.Event:2"].concat();
    assert_eq!(bytes[..8], 24u64.to_le_bytes());
    assert_eq!(bytes[12..36], event);
    assert_eq!(bytes[36..], masked(&event));
}

#[test]
fn the_event_file_shows_the_numbers_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = MetricsLog::open(folder.path(), 0).unwrap();
    log.append(&line(1)).unwrap();
    log.append(&line(2)).unwrap();
    let events = events(log.events_path());
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
    assert_eq!((events[2].step, events[2].wall_time), (200, 1.7e9 + 2.0));
    let values = &events[2].summary.as_ref().unwrap().values;
    let named: Vec<_> = values.iter().map(|value| (value.tag.as_str(), value.simple_value.unwrap())).collect();
    assert_eq!(named, [("loss/policy", -0.5), ("score", 0.25), ("times/steps_per_second", 5.0)]);
}

#[test]
fn a_resumed_run_shows_no_step_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = MetricsLog::open(folder.path(), 0).unwrap();
    log.append(&line(1)).unwrap();
    let mark = log.mark().unwrap();
    let first_events = log.events_path().to_owned();
    log.append(&line(2)).unwrap();
    log.append(&line(3)).unwrap();
    drop(log);
    let mut log = MetricsLog::open(folder.path(), mark).unwrap();
    log.append(&line(2)).unwrap();
    let updates: Vec<u64> = read(folder.path()).unwrap().iter().map(|line| line.update).collect();
    assert_eq!(updates, [1, 2]);
    let steps: Vec<i64> = events(log.events_path()).iter().map(|event| event.step).collect();
    assert_eq!(steps, [0, 100, 200]);
    assert!(!first_events.exists() && first_events < log.events_path());
}

#[test]
fn lines_come_back_as_they_were_and_what_is_not_finite_as_nan() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = MetricsLog::open(folder.path(), 0).unwrap();
    let mut bad = line(2);
    bad.values.insert("loss.value".into(), f64::INFINITY);
    log.append(&line(1)).unwrap();
    log.append(&bad).unwrap();
    let back = read(folder.path()).unwrap();
    assert_eq!(back[0], line(1));
    assert!(back[1].values["loss.value"].is_nan());
    assert_eq!(back[1].values["score"], 0.25);
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        r#"{"update":1,"steps":100,"times":{"steps_per_second":5.0,"unix":1700000001.0},"loss.policy":-0.5,"score":0.125}"#
    );
}

#[test]
fn without_a_step_taken_updates_are_the_horizontal_axis() {
    assert_eq!(Line { update: 7, ..Line::default() }.place(), 7);
    assert_eq!(line(7).place(), 700);
}
