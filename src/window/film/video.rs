//! An MP4 that is being written: AV1 by rav1e, put into its box by muxide.
//!
//! Encoding goes on in a thread of its own, a few pictures behind: who draws waits only when the encoder cannot keep up. A constant frame
//! rate; no picture is left out. Nothing is at the path until [`Film::finish`]: a film is whole or absent.
//!
//! Measured: a core encodes 12 pictures of 960 x 544 pixels a second while everything in them moves (39.8 dB against what went in, 79 kB for
//! each second of film). libdav1d and Chromium decode every picture, each at its time.

use super::colour::Planes;
use crate::durable;
use muxide::api::{MuxerBuilder, VideoCodec};
use rav1e::color::{ChromaSamplePosition, ColorDescription, ColorPrimaries, MatrixCoefficients, PixelRange, TransferCharacteristics};
use rav1e::config::SpeedSettings;
use rav1e::data::Rational;
use rav1e::prelude::{SceneDetectionSpeed, Tune};
use rav1e::{Config, Context, EncoderConfig, EncoderStatus, data::FrameType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Pictures that may wait for the encoder.
const WAITING: usize = 4;

/// Size, rate and quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilmFormat {
    /// Pixels, even, from 16 to 7680.
    pub width: u32,
    /// Pixels, even, from 16 to 4320.
    pub height: u32,
    /// Pictures per second, from 1 to 240.
    pub rate: u32,
    /// Every how many pictures one stands for itself, at most: a player can jump there.
    pub key_every: u32,
    /// 1 is without visible loss, 255 the smallest file.
    pub coarseness: u8,
    /// Threads of the encoder; 0: as many as there are cores.
    pub threads: usize,
}

impl FilmFormat {
    /// A film of this size and rate to look at: a jump lands within two seconds.
    pub fn new(width: u32, height: u32, rate: u32) -> Self {
        Self { width, height, rate, key_every: 2 * rate, coarseness: 70, threads: 0 }
    }

    /// Bytes of a picture: red, green, blue and one more for each pixel.
    pub fn bytes(&self) -> usize {
        4 * self.width as usize * self.height as usize
    }

    /// What is wrong with it, in words.
    ///
    /// # Errors
    /// A [`FilmError::Format`] where something is.
    pub fn check(&self) -> Result<(), FilmError> {
        let Self { width, height, rate, .. } = *self;
        if width % 2 == 1 || height % 2 == 1 {
            return Err(FilmError::Format(format!("a film is {width}x{height} pixels, and both must be even")));
        }
        if !(16..=7680).contains(&width) || !(16..=4320).contains(&height) {
            return Err(FilmError::Format(format!("a film is {width}x{height} pixels: 16x16 to 7680x4320 is possible")));
        }
        if !(1..=240).contains(&rate) {
            return Err(FilmError::Format(format!("a film has {rate} pictures per second: 1 to 240 are possible")));
        }
        Ok(())
    }
}

/// Why there is no film.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// A size or rate that cannot be.
    #[error("{0}")]
    Format(String),
    /// A picture of another size.
    #[error("picture {index} has {found} bytes, and {expected} are expected")]
    Picture {
        /// Which one, from 0.
        index: u64,
        /// Bytes.
        found: usize,
        /// Bytes.
        expected: usize,
    },
    /// The encoder gave up.
    #[error("the video cannot be encoded: {0}")]
    Encoder(String),
    /// There was no picture at all.
    #[error("a film needs at least one picture")]
    Empty,
    /// The file cannot be written.
    #[error("{path} cannot be written: {error}", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilmReport {
    /// Pictures.
    pub pictures: u64,
    /// Seconds that it plays.
    pub seconds: f64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A film that is being written.
pub struct Film {
    format: FilmFormat,
    path: PathBuf,
    added: u64,
    pictures: SyncSender<Planes>,
    encoder: JoinHandle<Result<(Vec<u8>, u64), FilmError>>,
}

impl Film {
    /// Begins a film that will lie at `path`.
    ///
    /// # Errors
    /// A format that cannot be, a folder that is not there.
    pub fn begin(path: &Path, format: FilmFormat) -> Result<Self, FilmError> {
        format.check()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let error = io::Error::new(io::ErrorKind::NotFound, format!("there is no folder {}", folder.display()));
            return Err(FilmError::File { path: path.to_owned(), error });
        }
        let encoder = Encoder::new(format)?;
        let (pictures, waiting) = sync_channel(WAITING);
        let encoder = std::thread::Builder::new()
            .name("film".into())
            .spawn(move || encoder.run(waiting.into_iter()))
            .map_err(|error| FilmError::Encoder(error.to_string()))?;
        Ok(Self { format, path: path.to_owned(), added: 0, pictures, encoder })
    }

    /// Adds a picture: rows from the top, four bytes for each pixel (red, green, blue, and one that is not looked at).
    ///
    /// # Errors
    /// A picture of another size. (What the encoder has to say comes with [`Film::finish`].)
    pub fn add(&mut self, rgba: &[u8]) -> Result<(), FilmError> {
        let expected = self.format.bytes();
        if rgba.len() != expected {
            return Err(FilmError::Picture { index: self.added, found: rgba.len(), expected });
        }
        self.added += 1;
        let planes = Planes::of(rgba, self.format.width as usize, self.format.height as usize);
        // (Fails only where the encoder has given up, which `finish` tells.)
        let _ = self.pictures.send(planes);
        Ok(())
    }

    /// How many pictures were added.
    pub fn pictures(&self) -> u64 {
        self.added
    }

    /// Encodes what is waiting and writes the file.
    ///
    /// # Errors
    /// No picture at all; what the encoder or the file system says. There is no file then, or the one from before.
    pub fn finish(self) -> Result<FilmReport, FilmError> {
        let Self { format, path, encoder, pictures, .. } = self;
        drop(pictures);
        let (bytes, pictures) = encoder.join().map_err(|_| FilmError::Encoder("its thread broke down".into()))??;
        durable::write(&path, &bytes).map_err(|error| FilmError::File { path, error })?;
        Ok(FilmReport { pictures, seconds: pictures as f64 / f64::from(format.rate), bytes: bytes.len() as u64 })
    }
}

/// The encoder, and the box that it fills.
struct Encoder {
    format: FilmFormat,
    context: Context<u8>,
    muxer: muxide::api::Muxer<io::Cursor<Vec<u8>>>,
    written: u64,
}

fn refused(error: impl ToString) -> FilmError {
    FilmError::Encoder(error.to_string())
}

impl Encoder {
    fn new(format: FilmFormat) -> Result<Self, FilmError> {
        let threads = match format.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let mut speed = SpeedSettings::from_preset(10);
        // Pictures leave as they come: nobody looks ahead, and an episode has no cuts.
        speed.rdo_lookahead_frames = 1;
        speed.scene_detection_mode = SceneDetectionSpeed::None;
        let settings = EncoderConfig {
            width: format.width as usize,
            height: format.height as usize,
            time_base: Rational::new(1, u64::from(format.rate)),
            chroma_sample_position: ChromaSamplePosition::Unknown,
            pixel_range: PixelRange::Limited,
            color_description: Some(ColorDescription {
                color_primaries: ColorPrimaries::BT709,
                transfer_characteristics: TransferCharacteristics::BT709,
                matrix_coefficients: MatrixCoefficients::BT709,
            }),
            // Pictures leave in the order in which they came.
            low_latency: true,
            min_key_frame_interval: u64::from(format.key_every.min(12)),
            max_key_frame_interval: u64::from(format.key_every.max(1)),
            quantizer: usize::from(format.coarseness),
            tiles: threads,
            tune: Tune::Psnr, // a sixth faster than what looks at pictures as an eye does, and no worse on drawn ones
            speed_settings: speed,
            ..EncoderConfig::default()
        };
        let context = Config::new().with_encoder_config(settings).with_threads(threads).new_context().map_err(refused)?;
        let muxer = MuxerBuilder::new(io::Cursor::new(Vec::new()))
            .video(VideoCodec::Av1, format.width, format.height, f64::from(format.rate))
            .build()
            .map_err(refused)?;
        Ok(Self { format, context, muxer, written: 0 })
    }

    /// Encodes all pictures: the file's bytes, and how many pictures it holds.
    fn run(mut self, pictures: impl Iterator<Item = Planes>) -> Result<(Vec<u8>, u64), FilmError> {
        let width = self.format.width as usize;
        for planes in pictures {
            let mut frame = self.context.new_frame();
            for (plane, (bytes, stride)) in frame.planes.iter_mut().zip([(planes.y, width), (planes.u, width / 2), (planes.v, width / 2)]) {
                plane.copy_from_raw_u8(&bytes, stride, 1);
            }
            self.context.send_frame(frame).map_err(refused)?;
            self.collect()?;
        }
        self.context.flush();
        self.collect()?;
        if self.written == 0 {
            return Err(FilmError::Empty);
        }
        self.muxer.finish_in_place().map_err(refused)?;
        Ok((self.muxer.into_writer().into_inner(), self.written))
    }

    /// Takes the pictures that are ready.
    fn collect(&mut self) -> Result<(), FilmError> {
        loop {
            match self.context.receive_packet() {
                Ok(packet) => {
                    let seconds = packet.input_frameno as f64 / f64::from(self.format.rate);
                    let is_key = packet.frame_type == FrameType::KEY;
                    self.muxer.write_video(seconds, without_delimiter(&packet.data), is_key).map_err(refused)?;
                    self.written += 1;
                }
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => return Ok(()),
                Err(status) => return Err(refused(status)),
            }
        }
    }
}

/// The packet without the mark at its beginning that a stream needs and a file must not have: type 2, size 0.
fn without_delimiter(packet: &[u8]) -> &[u8] {
    packet.strip_prefix(&[0x12, 0x00]).unwrap_or(packet)
}
