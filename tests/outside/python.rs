//! JSON as Python prints it, compared with a real Python: thousands of values in one process.

use std::process::{Command, Stdio};

use centrium::webhooks::python::dumps;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::{file, python};

#[test]
fn values_of_all_kinds_are_printed_as_python_prints_them() {
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut texts: Vec<String> = (0..5000).map(|_| value(&mut random, 0)).collect();
    texts.extend(EDGES.iter().map(|text| (*text).to_owned()));
    texts.push("1".repeat(4300));
    compare(seed, &texts);
}

#[test]
fn floats_of_all_sizes_are_printed_as_python_prints_them() {
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let powers = (-330..309).map(|power| format!("[1e{power},9.5e{power},-1.7e{power}]"));
    let bits = (0..50_000).map(|_| float(&mut random));
    compare(seed, &powers.chain(bits).collect::<Vec<_>>());
}

/// A text that one of them reads and the other does not would be a delivery that nobody believes.
#[test]
fn broken_texts_are_refused_where_python_refuses_them() {
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut texts: Vec<_> = (0..20_000).map(|_| broken(&mut random)).collect();
    texts.extend(["1e309", "[-1e999]", "NaN", "-Infinity", "01", "-", ""].map(str::to_owned));
    texts.push("1".repeat(4301));
    let refused = compare(seed, &texts);
    assert!(refused > 5000 && refused < texts.len(), "{refused} are refused");
}

/// Compares with Python, and says how many of the texts both refuse.
fn compare(seed: u64, texts: &[String]) -> usize {
    let mut refused = 0;
    for (text, expected) in texts.iter().zip(printed_by_python(texts)) {
        let printed = dumps(text).unwrap_or_else(|_| {
            refused += 1;
            String::new()
        });
        assert_eq!(printed, expected, "{text:?}, with the seed {seed}");
    }
    refused
}

/// What Python prints of each; nothing of what it refuses.
fn printed_by_python(texts: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    std::fs::write(&input, texts.join("\0")).unwrap();
    let output = Command::new(python())
        .arg(file("tests/outside/programs/dumps.py"))
        .stdin(std::fs::File::open(input).unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<_> = printed.split('\0').map(str::to_owned).collect();
    assert_eq!(printed.len(), texts.len());
    printed
}

const EDGES: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "0.0",
    "0e0",
    "-0E-5",
    "1E5",
    "1e+5",
    "1.0e00005",
    "5e-324",
    "2e-324",
    "1e-999999999999",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "9007199254740993",
    "9007199254740993.0",
    "9999999999999998.0",
    "9999999999999999.0",
    "1e15",
    "1e16",
    "1e17",
    "123456789012345680.0",
    "0.0001",
    "0.00001",
    "0.000099999",
    "18446744073709551616",
    "-9223372036854775809",
    "123456789012345678901234567890123456789",
    "3.0",
    "1e22",
    "1e23",
    "2.2250738585072011e-308",
    "5.9604644775390625e-8",
    "0.1",
    "0.30000000000000004",
    "100000000000000000000000.0",
    r#""""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\ud83d\ud83d\ude00""#,
    r#""\ud83d\n""#,
    r#""\ud83d😀""#,
    r#""\uD83D\uDE00""#,
    r#""\/\b\f\n\r\t\"\\""#,
    "\"\u{7f}\u{80}\u{2028}\"",
    r#"{"\ud83d\ude00":1,"\uffff":2,"\ud83d":3,"z":4,"":5,"é":6,"Z":7}"#,
    r#"{"a":1,"\u0061":2,"a":{"b":[],"a":{}}}"#,
    " [ ] ",
    "{ }",
    "\r\n\t null\n",
    "true",
    "false",
];

fn value(random: &mut StdRng, depth: u32) -> String {
    let leaf = depth > 4 || random.random_ratio(1, 3);
    match random.random_range(0..if leaf { 4 } else { 6 }) {
        0 => text(random),
        1 => float(random),
        2 => integer(random),
        3 => (*["true", "false", "null"].choose(random).unwrap()).to_owned(),
        4 => {
            let items = (0..random.random_range(0..5)).map(|_| value(random, depth + 1));
            let items: Vec<_> = items.collect();
            format!("{}[{}]{}", blank(random), items.join(","), blank(random))
        }
        _ => {
            let member = |random: &mut StdRng| {
                let (key, value) = (text(random), value(random, depth + 1));
                format!("{}{key}{}:{}{value}", blank(random), blank(random), blank(random))
            };
            let members: Vec<_> = (0..random.random_range(0..6)).map(|_| member(random)).collect();
            format!("{{{}{}}}", members.join(","), blank(random))
        }
    }
}

fn blank(random: &mut StdRng) -> &'static str {
    ["", "", "", " ", "\n", "\t\r\n "].choose(random).unwrap()
}

/// Short, so that equal keys and common beginnings are frequent.
fn text(random: &mut StdRng) -> String {
    let length = random.random_range(0..5);
    let inside: String = (0..length).map(|_| character(random)).collect();
    format!("\"{inside}\"")
}

/// One character as it is or as an escape, surrogates and control characters included.
fn character(random: &mut StdRng) -> String {
    let plain = |c: char| match c {
        '"' | '\\' | '\0'..' ' => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    match random.random_range(0..8) {
        0 => (*[r"\n", r"\r", r"\t", r"\b", r"\f", r"\/", r"\\", "\\\""].choose(random).unwrap())
            .to_owned(),
        1 => format!("\\u{:04x}", random.random_range(0..0x1_0000)),
        2 => format!("\\u{:04X}", random.random_range(0xd7f0..0xe010)),
        3 => format!("\\ud83d\\u{:04x}", random.random_range(0xdbf0..0xe010)),
        4 => plain(random.random_range('\u{0}'..='\u{7f}')),
        5 => plain(random.random_range('\u{80}'..='\u{ffff}')),
        6 => plain(random.random_range('\u{10000}'..='\u{10ffff}')),
        _ => (*["a", "b", "Z", "é", "ж"].choose(random).unwrap()).to_owned(),
    }
}

fn integer(random: &mut StdRng) -> String {
    let sign = if random.random() { "-" } else { "" };
    match random.random_range(0..3) {
        0 => random.random_range(-20..20).to_string(),
        1 => random.random::<i64>().to_string(),
        _ => {
            let digits = (1..random.random_range(2..60)).map(|_| random.random_range('0'..='9'));
            format!("{sign}1{}", digits.collect::<String>())
        }
    }
}

/// A float of any size and spelling that is not infinite.
fn float(random: &mut StdRng) -> String {
    let any = f64::from_bits(random.random());
    let any = if any.is_finite() { any } else { 0.5 };
    match random.random_range(0..7) {
        // Halfway between two shortest forms.
        0 => format!(
            "{}.{}",
            random.random_range(1_u64 << 45..1 << 53),
            random.random_range(0..8) * 125
        ),
        1 => format!(
            "{:e}",
            random.random_range(1..1_u64 << 53) as f64 * 2_f64.powi(random.random_range(-80..-20))
        ),
        2 => format!("{any:?}"),
        3 => format!("{any:E}"),
        4 => format!("{any:.25e}"),
        5 => format!("{:.5}", any.rem_euclid(1e6)),
        _ => {
            let (whole, rest) = (random.random_range(0..100_000), random.random::<u64>());
            format!("{whole}.{rest}e{}", random.random_range(-340..300))
        }
    }
}

/// A value with one thing wrong, more often than not.
fn broken(random: &mut StdRng) -> String {
    let mut letters: Vec<char> = value(random, 0).chars().collect();
    let place = random.random_range(0..letters.len());
    let other = *[
        '"', '\\', '{', '}', '[', ']', ',', ':', '0', '1', '-', '+', '.', 'e', 'u', 'N', ' ', '\n',
        '\u{1}', '\u{a0}', '\u{feff}', '/', '\'',
    ]
    .choose(random)
    .unwrap();
    match random.random_range(0..3) {
        0 => drop(letters.remove(place)),
        1 => letters[place] = other,
        _ => letters.insert(place, other),
    }
    letters.into_iter().collect()
}
