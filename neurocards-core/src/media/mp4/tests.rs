use super::*;

const VIDEO: &[u8] = include_bytes!("../../../../tests/testkit/assets/tiny.mp4");
const TABLE_PATH: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

/// Where a box begins: the first of each name, each in the one before.
fn find(file: &[u8], path: &[&[u8; 4]]) -> usize {
    let (mut at, mut end) = (0, file.len());
    for (depth, name) in path.iter().enumerate() {
        loop {
            assert!(at < end, "no {}", String::from_utf8_lossy(*name));
            let found = BoxHead::read(&file[at..]).unwrap();
            if found.name == **name {
                if depth + 1 < path.len() {
                    (at, end) = (at + found.head, at + found.length);
                }
                break;
            }
            at += found.length;
        }
    }
    at
}

fn in_table(file: &[u8], name: &[u8; 4]) -> usize {
    find(file, &[&TABLE_PATH[..], &[name]].concat())
}

fn set(file: &mut [u8], at: usize, number: u32) {
    file[at..at + 4].copy_from_slice(&number.to_be_bytes());
}

/// Puts bytes at the beginning of what a box holds, and makes it and those around it longer.
fn insert(file: &mut Vec<u8>, path: &[&[u8; 4]], bytes: &[u8]) {
    let around: Vec<_> = (1..=path.len()).map(|depth| find(file, &path[..depth])).collect();
    for at in &around {
        let length = number(file, *at).unwrap() + u32::try_from(bytes.len()).unwrap();
        set(file, *at, length);
    }
    let inside = around.last().unwrap() + 8;
    file.splice(inside..inside, bytes.iter().copied());
}

#[test]
fn the_facts_of_a_video() {
    let facts = facts(VIDEO).unwrap();
    assert!(facts.codec.starts_with("avc1."), "{facts:?}");
    assert!(facts.width > 0 && facts.height > 0 && facts.duration_ms > 0 && facts.sound, "{facts:?}");
}

/// A file of four kilobytes asked for 200 gigabytes, and took the worker with it.
#[test]
fn f3_numbers_of_samples_ask_for_no_memory() {
    let mut file = VIDEO.to_vec();
    let (sizes, times, chunks) =
        (in_table(&file, b"stsz"), in_table(&file, b"stts"), in_table(&file, b"stsc"));
    set(&mut file, sizes + 12, 1);
    set(&mut file, sizes + 16, u32::MAX);
    set(&mut file, times + 16, u32::MAX);
    set(&mut file, chunks + 20, u32::MAX);
    assert_eq!(facts(&file), None);

    let fragment = |samples: u32| {
        let mut file = VIDEO.to_vec();
        let boxed = |name: &[u8], inside: &[u8]| {
            [&u32::try_from(8 + inside.len()).unwrap().to_be_bytes(), name, inside].concat()
        };
        let head = boxed(b"tfhd", &[0, 0, 0, 0, 0, 0, 0, 1]);
        let run = boxed(b"trun", &[[0; 4], samples.to_be_bytes()].concat());
        let inside = [boxed(b"mfhd", &[0; 8]), boxed(b"traf", &[head, run].concat())].concat();
        file.extend(boxed(b"moof", &inside));
        facts(&file)
    };
    assert!(fragment(3).is_some());
    assert_eq!(fragment(u32::MAX), None);
}

/// The parser turned for ever, and could not be stopped.
#[test]
fn f3_a_box_without_a_length_does_not_hold_a_worker() {
    let nothing = [0, 0, 0, 0, b'f', b'r', b'e', b'e'];
    for depth in 1..=TABLE_PATH.len() {
        let mut file = VIDEO.to_vec();
        insert(&mut file, &TABLE_PATH[..depth], &nothing);
        assert_eq!(facts(&file), None, "{depth}");
    }
    // The description of the picture: its own fields, then boxes.
    let mut file = VIDEO.to_vec();
    let description = in_table(&file, b"stsd") + 16;
    set(&mut file, description + 8 + 78, 0);
    assert_eq!(facts(&file), None);
}

#[test]
fn what_says_nothing_about_picture_and_sound_is_not_read() {
    // What QuickTime writes there ends with four zeros.
    let user_data = [0, 0, 0, 12, b'u', b'd', b't', b'a', 0, 0, 0, 0];
    for depth in 1..=2 {
        let mut file = VIDEO.to_vec();
        insert(&mut file, &TABLE_PATH[..depth], &user_data);
        assert!(facts(&file).is_some(), "{depth}");
    }
}

#[test]
fn the_last_box_may_be_open() {
    let mut file = VIDEO.to_vec();
    let samples = find(&file, &[b"mdat"]);
    assert_eq!(samples + BoxHead::read(&file[samples..]).unwrap().length, file.len());
    set(&mut file, samples, 0);
    assert_eq!(facts(&file), facts(VIDEO));
}

#[test]
fn a_file_that_is_cut_anywhere_is_no_video() {
    for length in 0..VIDEO.len() {
        let cut = std::panic::catch_unwind(|| facts(&VIDEO[..length]));
        assert!(!matches!(cut, Ok(Some(_))), "{length}");
    }
}

/// Not a proof: what the parser does with rubbish that adds up is still its own affair.
#[test]
fn f3_whatever_is_changed_in_a_file_is_soon_decided() {
    let chance = crate::clock::Entropy::seeded(7);
    let below = |most: usize| (chance.unit() * most as f64) as usize;
    for _ in 0..3_000 {
        let mut file = VIDEO.to_vec();
        for _ in 0..=below(4) {
            let at = below(file.len() - 4);
            let number = [0, 1, 7, 255, 0x7fff_ffff, u32::MAX][below(6)];
            set(&mut file, at, number);
        }
        let _ = std::panic::catch_unwind(|| facts(&file));
    }
}
