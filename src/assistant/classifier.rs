//! A small linear model of a message: how likely a human must come, and which category it has.
//!
//! `centrium train` makes it from labelled cases and writes it as text (`prompts/classifier.txt`).

mod train;

use super::prompts::{PromptsError, Text};
pub use train::{Example, FOLDS, train};

/// The file with the weights.
pub(super) const FILE: &str = "classifier.txt";
/// How many features are told apart; those with the same hash share a weight.
const BUCKETS: usize = 1 << 15;
/// A weight of one.
const UNIT: f32 = 1000.0;

/// What a message shows: features by their hashes, each with how much it counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features(Vec<(u16, f32)>);

impl Features {
    /// Adds one of a kind, whose name may have several parts.
    pub(super) fn add(&mut self, kind: u8, name: &[&[u8]], value: f32) {
        self.0.push((bucket(kind, name), value));
    }
}

/// FNV-1a, folded to the number of buckets.
fn bucket(kind: u8, name: &[&[u8]]) -> u16 {
    let next = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let mut hash = next(0x811c_9dc5, kind);
    for part in name {
        hash = next(part.iter().copied().fold(hash, next), 0);
    }
    ((hash ^ (hash >> 15)) & 0x7fff) as u16
}

/// The trained model. One without weights has no opinion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classifier {
    /// From which likelihood on a human is called.
    threshold: f32,
    categories: Vec<String>,
    /// By bucket, in thousandths: of a human's need, then of each category. Small numbers all in one
    /// place, since a message asks for hundreds of them.
    weights: Vec<i16>,
}

/// What the model thinks of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Opinion<'a> {
    /// How likely a human must come, from 0 to 1.
    pub(super) likelihood: f32,
    /// Whether that is likely enough.
    pub(super) calls: bool,
    /// The likeliest category.
    pub(super) category: &'a str,
    /// How likely that is, from 0 to 1.
    pub(super) sureness: f32,
}

impl Classifier {
    pub(super) fn judge(&self, features: &Features) -> Option<Opinion<'_>> {
        let scores = self.scores(features);
        let (need, of_categories) = scores.split_first()?;
        let likelihood = sigmoid(*need);
        let best = of_categories.iter().copied().fold(f32::MIN, f32::max);
        let category = of_categories.iter().position(|score| *score == best)?;
        let sureness = 1.0 / of_categories.iter().map(|score| (score - best).exp()).sum::<f32>();
        Some(Opinion {
            likelihood,
            calls: likelihood >= self.threshold,
            category: self.categories.get(category)?,
            sureness,
        })
    }

    fn scores(&self, features: &Features) -> Vec<f32> {
        if self.weights.is_empty() {
            return Vec::new();
        }
        let width = 1 + self.categories.len();
        let mut scores = vec![0.0; width];
        for (bucket, value) in &features.0 {
            let row = self.weights.get(usize::from(*bucket) * width..).unwrap_or_default();
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += value * f32::from(*weight);
            }
        }
        for score in &mut scores {
            *score /= UNIT;
        }
        scores
    }

    /// Whether two differ by no more than rounding.
    #[cfg(test)]
    pub(super) fn is_nearly(&self, other: &Self) -> bool {
        let mut pairs = self.weights.iter().zip(&other.weights);
        self.weights.len() == other.weights.len()
            && self.categories == other.categories
            && (self.threshold - other.threshold).abs() < 0.001
            && pairs.all(|(one, other)| one.abs_diff(*other) < 10)
    }

    /// Reads what [`Classifier::to_text`] wrote.
    pub(super) fn parse(text: Text<'_>, faults: &mut Vec<PromptsError>) -> Self {
        match Self::read(text.part) {
            Ok(classifier) => classifier,
            Err(at) => {
                faults.push(text.fault(Some(at), "the line is not as `centrium train` writes it"));
                Self::default()
            }
        }
    }

    /// The error is where the line begins that is wrong.
    fn read(text: &str) -> Result<Self, usize> {
        let mut read = Self { threshold: 1.0, ..Self::default() };
        let mut next = 0;
        for line in text.split_inclusive('\n') {
            let at = next;
            next += line.len();
            let line = line.trim_end();
            let wrong = || at;
            let (name, values) = line.split_once(' ').unwrap_or((line, ""));
            match name {
                "" | "#" => {}
                "threshold" => {
                    let thousandths: i16 = values.parse().map_err(|_| wrong())?;
                    read.threshold = f32::from(thousandths) / UNIT;
                }
                "categories" => {
                    read.categories = values.split(' ').map(str::to_owned).collect();
                    read.weights = vec![0; BUCKETS * (1 + read.categories.len())];
                }
                _ => {
                    let bucket = usize::from_str_radix(name, 16).map_err(|_| wrong())?;
                    read.row(bucket, values).ok_or_else(wrong)?;
                }
            }
        }
        Ok(read)
    }

    fn row(&mut self, bucket: usize, values: &str) -> Option<()> {
        let width = 1 + self.categories.len();
        let values: Vec<i16> = values.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let row = self.weights.get_mut(bucket * width..(bucket + 1) * width)?;
        (values.len() == width).then(|| row.copy_from_slice(&values))
    }

    /// The weights as text: a line for each bucket that has any, in thousandths.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = "# Weights of the built-in assistant's classifier, in thousandths, by the \
                        hash of a feature:\n# of a human's need, then of each category. Written \
                        by `centrium train`.\n"
            .to_owned();
        text.push_str(&format!("threshold {}\n", rounded(self.threshold)));
        text.push_str(&format!("categories {}\n", self.categories.join(" ")));
        for (bucket, row) in self.weights.chunks(1 + self.categories.len()).enumerate() {
            if row.iter().any(|weight| *weight != 0) {
                let row: Vec<String> = row.iter().map(i16::to_string).collect();
                text.push_str(&format!("{bucket:04x} {}\n", row.join(" ")));
            }
        }
        text
    }
}

/// In thousandths; no weight comes near the largest that there can be.
#[expect(clippy::cast_possible_truncation, reason = "the nearest that fits is taken")]
fn rounded(weight: f32) -> i16 {
    (weight * UNIT).round() as i16
}

fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn features(names: &[&str]) -> Features {
        let mut features = Features::default();
        for name in names {
            features.add(b'w', &[name.as_bytes()], 1.0);
        }
        features
    }

    fn examples() -> Vec<Example> {
        let one = |names: &[&str], escalate, category: &str| Example {
            features: features(names),
            escalate,
            category: Some(category.to_owned()),
            settled: None,
        };
        let some = [
            one(&["smoke", "cable"], true, "other"),
            one(&["where", "balance"], false, "billing"),
            one(&["smoke", "box"], true, "tv"),
            one(&["where", "box"], false, "tv"),
        ];
        some.iter().cycle().take(40).cloned().collect()
    }

    fn categories() -> Vec<String> {
        ["billing", "tv", "other"].map(str::to_owned).to_vec()
    }

    #[test]
    fn what_was_shown_is_learnt() {
        let classifier = train(&examples(), &categories());
        let judge = |names: &[&str]| classifier.judge(&features(names)).unwrap();
        assert!(judge(&["smoke"]).calls);
        assert!(!judge(&["where"]).calls);
        assert_eq!(judge(&["where", "box"]).category, "tv");
        assert_eq!(judge(&["balance"]).category, "billing");
        assert!(judge(&["balance"]).sureness > 0.5);
    }

    #[test]
    fn the_same_cases_give_the_same_weights_and_these_are_read_back() {
        let classifier = train(&examples(), &categories());
        assert_eq!(train(&examples(), &categories()).to_text(), classifier.to_text());
        assert_eq!(Classifier::read(&classifier.to_text()), Ok(classifier));
    }

    #[test]
    fn an_empty_file_has_no_opinion_and_a_broken_one_is_told_with_its_line() {
        let empty = Classifier::read("").unwrap();
        assert_eq!(empty.judge(&features(&["smoke"])), None);
        for broken in ["threshold x", "categories a b\n00ff 1 2", "zz 1", "categories a\n00ff 1 x"]
        {
            let mut faults = Vec::new();
            Classifier::parse(Text::new(FILE, broken), &mut faults);
            assert_eq!(faults.pop().unwrap().line, Some(broken.lines().count()));
        }
    }
}
