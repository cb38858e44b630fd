//! From labelled examples to weights: logistic regression by stochastic gradient descent. The same
//! examples always give the same weights.

use super::{BUCKETS, Classifier, Features, rounded, sigmoid};

/// How many times all examples are shown.
const ROUNDS: usize = 40;
const RATE: f32 = 0.15;
/// How strongly weights are held at zero.
const RESTRAINT: f32 = 0.004;
/// How many of a message's features are hidden each time it is shown, in percent, so that none of
/// them comes to be relied on alone.
const HIDDEN: u64 = 20;
/// Features of fewer examples say nothing of messages in general.
const FEWEST: usize = 3;
/// Thousandths; a bucket whose weights are all smaller is left out.
const LEAST: i16 = 10;
/// How much an example counts that a rule settles: its words may be of use where no rule speaks.
const SETTLED: f32 = 0.5;
/// Parts for the cross-validation that finds the threshold. A part is of neighbours, which stand in
/// the same file and mostly have one writer: those who write in will be yet others.
pub const FOLDS: usize = 5;
/// Of the calls for a human as many must be right in the cross-validation. Among the thresholds for
/// which that is so the lowest is taken: a call that is missed is worse than one too many, as long as
/// these do not hide the others.
const RIGHT: f32 = 0.82;

/// A labelled message.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub features: Features,
    /// Whether a human must come.
    pub escalate: bool,
    /// Its category, where it is labelled with one.
    pub category: Option<String>,
    /// Whether a human is called, where that is settled without the classifier.
    pub settled: Option<bool>,
}

/// Learns from examples of messages of these categories.
#[must_use]
pub fn train(examples: &[Example], categories: &[String]) -> Classifier {
    let mut tried = Vec::new();
    for fold in 0..FOLDS {
        let is_apart = |at: usize| at * FOLDS / examples.len() == fold;
        let (apart, rest): (Vec<_>, Vec<_>) =
            examples.iter().enumerate().partition(|(at, _)| is_apart(*at));
        let rest: Vec<&Example> = rest.into_iter().map(|(_, example)| example).collect();
        let classifier = fit(&rest, categories, 1.0);
        for (_, example) in apart {
            let opinion = classifier.judge(&example.features);
            tried.push((opinion.map_or(0.0, |opinion| opinion.likelihood), example));
        }
    }
    let threshold = threshold(&tried);
    fit(&examples.iter().collect::<Vec<_>>(), categories, threshold)
}

/// The likelihood from which on to call a human, judged by examples that were not learnt from.
fn threshold(tried: &[(f32, &Example)]) -> f32 {
    let is_right = |threshold: f32| {
        let (mut right, mut called) = (0.0_f32, 0.0);
        for (likelihood, example) in tried {
            let is_called = example.settled.unwrap_or(*likelihood >= threshold);
            called += f32::from(u8::from(is_called));
            right += f32::from(u8::from(example.escalate && is_called));
        }
        right >= RIGHT * called
    };
    let mut thresholds = (5..=95_u8).map(|percent| f32::from(percent) / 100.0);
    thresholds.find(|threshold| is_right(*threshold)).unwrap_or(0.5)
}

/// Weights, and how far each has been moved: it moves ever more slowly.
struct Moving {
    width: usize,
    weights: Vec<f32>,
    moved: Vec<f32>,
}

fn fit(examples: &[&Example], categories: &[String], threshold: f32) -> Classifier {
    let width = 1 + categories.len();
    let known = known(examples);
    let shown: Vec<(Vec<(u16, f32)>, &Example)> = (examples.iter())
        .map(|example| {
            let features = example.features.0.iter().copied();
            let features = features.filter(|(bucket, _)| is_in(&known, *bucket)).collect();
            (features, *example)
        })
        .collect();
    let mut moving =
        Moving { width, weights: vec![0.0; BUCKETS * width], moved: vec![1.0; BUCKETS * width] };
    let mut order: Vec<usize> = (0..shown.len()).collect();
    let mut dice: u64 = 1;
    for _ in 0..ROUNDS {
        shuffle(&mut order, &mut dice);
        for (features, example) in order.iter().filter_map(|at| shown.get(*at)) {
            let features = partly(features, &mut dice);
            let errors = errors(&moving.scores(&features), example, categories);
            moving.step(&features, &errors);
        }
    }
    moving.into_classifier(threshold, categories)
}

/// By bucket: whether enough examples have it.
fn known(examples: &[&Example]) -> Vec<bool> {
    let mut counts = vec![0; BUCKETS];
    for example in examples {
        let mut buckets: Vec<u16> = example.features.0.iter().map(|(bucket, _)| *bucket).collect();
        buckets.sort_unstable();
        buckets.dedup();
        for bucket in buckets {
            if let Some(count) = counts.get_mut(usize::from(bucket)) {
                *count += 1;
            }
        }
    }
    counts.into_iter().map(|count| count >= FEWEST).collect()
}

fn is_in(known: &[bool], bucket: u16) -> bool {
    known.get(usize::from(bucket)).copied().unwrap_or_default()
}

/// How far the scores are from what the example says.
fn errors(scores: &[f32], example: &Example, categories: &[String]) -> Vec<f32> {
    let Some((need, of_categories)) = scores.split_first() else { return Vec::new() };
    let counts = if example.settled.is_some() { SETTLED } else { 1.0 };
    let mut errors = vec![counts * (sigmoid(*need) - f32::from(u8::from(example.escalate)))];
    let best = of_categories.iter().copied().fold(f32::MIN, f32::max);
    let all: f32 = of_categories.iter().map(|score| (score - best).exp()).sum();
    for (score, category) in of_categories.iter().zip(categories) {
        errors.push(match &example.category {
            Some(right) => (score - best).exp() / all - f32::from(u8::from(right == category)),
            None => 0.0,
        });
    }
    errors
}

impl Moving {
    fn scores(&self, features: &[(u16, f32)]) -> Vec<f32> {
        let mut scores = vec![0.0; self.width];
        for (bucket, value) in features {
            let row = self.weights.get(usize::from(*bucket) * self.width..).unwrap_or_default();
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += value * weight;
            }
        }
        scores
    }

    fn step(&mut self, features: &[(u16, f32)], errors: &[f32]) {
        for (bucket, value) in features {
            let at = usize::from(*bucket) * self.width;
            let row = self.weights.get_mut(at..).unwrap_or_default();
            let moved = self.moved.get_mut(at..).unwrap_or_default();
            for ((weight, moved), error) in row.iter_mut().zip(moved).zip(errors) {
                let slope = error * value + RESTRAINT * *weight;
                *moved += slope * slope;
                *weight -= RATE * slope / moved.sqrt();
            }
        }
    }

    /// Without the buckets that say next to nothing.
    fn into_classifier(self, threshold: f32, categories: &[String]) -> Classifier {
        let mut weights: Vec<i16> = self.weights.iter().copied().map(rounded).collect();
        for row in weights.chunks_mut(self.width) {
            if row.iter().all(|weight| weight.abs() < LEAST) {
                row.fill(0);
            }
        }
        Classifier { threshold, categories: categories.to_vec(), weights }
    }
}

/// The features without those that are hidden this time; the others count for them too.
#[expect(clippy::cast_precision_loss, reason = "percent")]
fn partly(features: &[(u16, f32)], dice: &mut u64) -> Vec<(u16, f32)> {
    let more = 100.0 / (100 - HIDDEN) as f32;
    let shown = features.iter().filter(|_| roll(dice) % 100 >= HIDDEN);
    shown.map(|(bucket, value)| (*bucket, value * more)).collect()
}

/// A new order, the same in every run.
fn shuffle(order: &mut [usize], dice: &mut u64) {
    for last in (1..order.len()).rev() {
        let other = usize::try_from(roll(dice)).unwrap_or_default() % (last + 1);
        order.swap(last, other);
    }
}

/// The next of a row of numbers that look like chance and are always the same.
const fn roll(dice: &mut u64) -> u64 {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *dice >> 33
}
