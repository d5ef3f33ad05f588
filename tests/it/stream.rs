//! Random streams: the same numbers for ever, and fair ones.

use apprentice::stream::{Purpose, Stream};
use std::collections::BTreeSet;

#[test]
fn a_stream_gives_the_numbers_that_it_always_gave() {
    // Recorded when the streams were first written: an upgrade of a crate must not change every run in silence.
    let mut stream = Stream::new(7, Purpose::Layout, 3, 11);
    let bits: Vec<u64> = (0..4).map(|_| stream.bits()).collect();
    assert_eq!(bits, KNOWN_BITS, "{bits:#018x?}");
    let units = [stream.unit(), stream.between(-2.0, 2.0), stream.normal()].map(f32::to_bits);
    assert_eq!(units, KNOWN_UNITS, "{units:#010x?}");
    let mut order: Vec<u32> = (0..8).collect();
    stream.shuffle(&mut order);
    assert_eq!(order, KNOWN_ORDER);
}

const KNOWN_BITS: [u64; 4] = [0x4ebcd7433890340f, 0x89d6bfbe08ec7847, 0x5e6143f43c221db7, 0xfb6c0eee72986b18];
const KNOWN_UNITS: [u32; 3] = [0x3f5e2356, 0x3fcea36e, 0xbf42ad72];
const KNOWN_ORDER: [u32; 8] = [3, 0, 1, 6, 7, 4, 5, 2];

#[test]
fn streams_of_another_name_are_other_streams() {
    let names = [
        (0, Purpose::Teacher, 0, 0),
        (1, Purpose::Teacher, 0, 0),
        (0, Purpose::HeldOut, 0, 0),
        (0, Purpose::Teacher, 1, 0),
        (0, Purpose::Teacher, 0, 1),
        (0, Purpose::Layout, 0, 0),
        (0, Purpose::Bootstrap, 0, 0),
    ];
    let firsts: BTreeSet<u64> =
        names.iter().map(|(seed, purpose, arena, episode)| Stream::new(*seed, *purpose, *arena, *episode).bits()).collect();
    assert_eq!(firsts.len(), names.len());
}

#[test]
fn a_stream_goes_on_where_its_copy_and_its_bytes_stand() {
    let mut stream = Stream::new(1, Purpose::Noise, 0, 0);
    (0..5).for_each(|_| _ = stream.bits());
    let mut copy = stream.clone();
    let mut read: Stream = postcard::from_bytes(&postcard::to_allocvec(&stream).expect("written")).expect("read");
    for _ in 0..5 {
        let bits = stream.bits();
        assert_eq!((copy.bits(), read.bits()), (bits, bits));
    }
}

#[test]
fn draws_keep_to_their_ranges_and_fill_them() {
    let mut stream = Stream::new(2, Purpose::Layout, 0, 0);
    let draws: Vec<f32> = (0..20_000).map(|_| stream.between(-3.0, 5.0)).collect();
    assert!(draws.iter().all(|draw| (-3.0..5.0).contains(draw)));
    // Uniform on [-3, 5): mean 1, variance 8² / 12 = 5.333. Three standard errors of the mean of 20,000: 3 * sqrt(5.333 / 20,000) = 0.049.
    let mean = draws.iter().sum::<f32>() / 20_000.0;
    assert!((mean - 1.0).abs() < 0.049, "{mean}");
    let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f32>() / 20_000.0;
    assert!((variance - 5.333).abs() < 0.15, "{variance}");
    let mut counts = [0; 7];
    (0..7_000).for_each(|_| counts[stream.below(7)] += 1);
    // 1,000 each; the standard deviation is sqrt(7,000 * 1/7 * 6/7) = 29.3, and 5 of them are 147.
    assert!(counts.iter().all(|count| (853..=1147).contains(count)), "{counts:?}");
    assert_eq!((stream.below(1), stream.below(0)), (0, 0));
}

#[test]
fn normal_draws_are_standard_normal() {
    let mut stream = Stream::new(3, Purpose::Noise, 0, 0);
    let draws: Vec<f32> = (0..20_000).map(|_| stream.normal()).collect();
    assert!(draws.iter().all(|draw| draw.is_finite()));
    let mean = draws.iter().sum::<f32>() / 20_000.0;
    let variance = draws.iter().map(|draw| draw * draw).sum::<f32>() / 20_000.0;
    // Standard errors: of the mean 1 / sqrt(20,000) = 0.0071, of the variance sqrt(2 / 20,000) = 0.01.
    assert!(mean.abs() < 0.022 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    // 68.27 % lie within one deviation: 13,654 of 20,000, give or take 5 * sqrt(20,000 * 0.6827 * 0.3173) = 329.
    let within = draws.iter().filter(|draw| draw.abs() < 1.0).count();
    assert!((13_325..=13_983).contains(&within), "{within}");
}

#[test]
fn a_shuffle_gives_every_order_the_same_chance() {
    let mut stream = Stream::new(4, Purpose::Minibatches, 0, 0);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..6_000 {
        let mut items = [0, 1, 2];
        stream.shuffle(&mut items);
        *counts.entry(items).or_insert(0) += 1;
    }
    // Six orders, 1,000 each, deviation sqrt(6,000 * 1/6 * 5/6) = 28.9: 5 of them are 144.
    assert!(counts.len() == 6 && counts.values().all(|count| (856..=1144).contains(count)), "{counts:?}");
}
