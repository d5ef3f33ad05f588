//! Film: colours, the encoder, the file's boxes. (`.ci/film` decodes every picture with a player's own decoder.)

use apprentice::window::film::colour::Planes;
use apprentice::window::film::video::{Film, FilmError, FilmFormat};
use std::path::Path;
use tempfile::TempDir;

/// A picture that moves: a gradient, and a bright square that goes to the right.
fn picture(width: u32, height: u32, index: u32) -> Vec<u8> {
    let mut rgba = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let square = (x + width - (4 * index) % width) % width < width / 4 && y > height / 4 && y < height / 2;
            let gradient = [255 * x / width, 255 * y / height, 128];
            let pixel = if square { [250, 210, 40] } else { gradient };
            rgba.extend(pixel.map(|channel| channel as u8));
            rgba.push(255);
        }
    }
    rgba
}

fn film(path: &Path, format: FilmFormat, pictures: u32) {
    let mut film = Film::begin(path, format).unwrap();
    for index in 0..pictures {
        film.add(&picture(format.width, format.height, index)).unwrap();
    }
    let report = film.finish().unwrap();
    assert_eq!(report.pictures, u64::from(pictures));
    assert_eq!(report.bytes, std::fs::metadata(path).unwrap().len());
}

/// The boxes of an MP4 below `path` (`moov/trak/...`): the first one's contents.
fn find<'a>(bytes: &'a [u8], path: &str) -> &'a [u8] {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let size = number(bytes, at) as usize;
        assert!(size >= 8 && at + size <= bytes.len(), "a box of {size} bytes at {at} of {}", bytes.len());
        if &bytes[at + 4..at + 8] == name.as_bytes() {
            let inside = &bytes[at + 8..at + size];
            return if rest.is_empty() { inside } else { find(inside, rest) };
        }
        at += size;
    }
    panic!("there is no box {path}");
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn colours_become_those_of_bt_709_in_limited_range() {
    // Worked out by hand: Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B), U = 128 + 224 (B − Y') / 1.8556, V = 128 + 224 (R − Y') / 1.5748.
    for (rgb, yuv) in [
        ([0, 0, 0], [16, 128, 128]),
        ([255, 255, 255], [235, 128, 128]),
        ([255, 0, 0], [63, 102, 240]),
        ([0, 255, 0], [173, 42, 26]),
        ([0, 0, 255], [32, 240, 118]),
        ([128, 128, 128], [126, 128, 128]),
    ] {
        let pixel: [u8; 4] = [rgb[0], rgb[1], rgb[2], 7];
        let planes = Planes::of(&pixel.repeat(16), 4, 4);
        assert_eq!((planes.y.len(), planes.u.len(), planes.v.len()), (16, 4, 4));
        assert_eq!([planes.y[5], planes.u[3], planes.v[0]], yuv, "{rgb:?}");
    }
}

#[test]
fn a_film_has_every_picture_at_its_time_and_says_how_it_is_coded() {
    let folder = TempDir::new().unwrap();
    // `.ci/film` keeps it, to decode it.
    let path = std::env::var_os("FILM_KEPT").map_or(folder.path().join("a.mp4"), Into::into);
    let format = FilmFormat { key_every: 8, ..FilmFormat::new(96, 64, 10) };
    film(&path, format, 20);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
    assert!(bytes.windows(4).position(|w| w == b"moov") < bytes.windows(4).position(|w| w == b"mdat"), "a browser can begin at once");
    let table = find(&bytes, "moov/trak/mdia/minf/stbl");
    assert_eq!(number(find(table, "stsz"), 8), 20, "a sample for each picture");
    let header = find(&bytes, "moov/trak/mdia/mdhd");
    let (ticks, length) = (number(header, 12), number(header, 16));
    assert_eq!(length, 2 * ticks, "20 pictures at 10 a second are 2 s");
    let times = find(table, "stts");
    assert_eq!([number(times, 4), number(times, 8), number(times, 12)], [1, 20, ticks / 10], "all equally long");
    let keys = find(table, "stss");
    assert_eq!([number(keys, 4), number(keys, 8), number(keys, 12), number(keys, 16)], [3, 1, 9, 17], "every eighth stands for itself");
    // av01: 78 bytes of an entry, then the box av1C: version 1, profile 0, 8 bits, 4:2:0.
    let entry = find(&find(table, "stsd")[8..], "av01");
    let coded = find(&entry[78..], "av1C");
    assert_eq!((coded[0], coded[1] >> 5, coded[2] & 0b0111_1100), (0x81, 0, 0b0000_1100));
    // Behind it the sequence header says BT.709 three times: 1, 1, 1 after a bit that is 1, and limited range.
    let bits: Vec<u8> = coded[4..].iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let said: Vec<u8> = [[1].as_slice(), &[0, 0, 0, 0, 0, 0, 0, 1].repeat(3), &[0]].concat();
    assert!(bits.windows(said.len()).any(|window| window == said), "the colours are signalled");
    // No sample begins with a temporal delimiter, which belongs into streams only.
    let (sizes, mut at) = (find(table, "stsz"), number(find(table, "stco"), 8) as usize);
    for sample in 0..20 {
        assert_ne!(bytes[at], 0x12, "sample {sample}");
        at += number(sizes, 12 + 4 * sample) as usize;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_film_that_cannot_be_is_refused_with_a_reason_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.mp4");
    let begin = |width, height, rate| Film::begin(&path, FilmFormat::new(width, height, rate)).err().unwrap().to_string();
    assert!(begin(97, 64, 30).contains("must be even"));
    assert!(begin(8, 8, 30).contains("16x16"));
    assert!(begin(64, 64, 0).contains("1 to 240"));
    let nowhere = folder.path().join("nowhere/a.mp4");
    assert!(matches!(Film::begin(&nowhere, FilmFormat::new(64, 64, 30)), Err(FilmError::File { .. })));
    let mut film = Film::begin(&path, FilmFormat::new(64, 64, 30)).unwrap();
    assert!(matches!(film.add(&[0; 12]), Err(FilmError::Picture { index: 0, found: 12, expected: 16384 })));
    assert!(matches!(film.finish(), Err(FilmError::Empty)));
    assert!(!path.exists());
}
