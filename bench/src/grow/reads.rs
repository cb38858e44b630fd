//! Every question at every size: all servers run at once, and each question goes to all of them
//! before the next one.

use std::time::{Duration, Instant};

use super::questions::{self, Question};
use super::{GROWTH, Options, Size, thousands};
use crate::asker::Asker;
use crate::database::Database;
use crate::report::{Table, median, met, percent};
use crate::server::{Kind, Server};
use crate::{Result, tell};

/// Requests of one question in a row, at most.
pub const REQUESTS: usize = 200;
/// And for how long, so that slow ones end.
const TIME: Duration = Duration::from_millis(500);

/// One size, being asked.
struct Place {
    database: Database,
    server: Server,
    asker: Asker,
    questions: Vec<Question>,
    /// Of each question the median of each round, in milliseconds.
    medians: Vec<Vec<f64>>,
}

/// Measures all of it.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn measure(options: &Options, sizes: &[Size]) -> Result<Table> {
    let mut places = Vec::new();
    for size in sizes {
        if let Some(stock) = &size.stock {
            places.push(Place::open(Database::copy(stock).await?).await?);
        }
    }
    let questions = places.iter().map(|place| place.questions.len()).min().unwrap_or(0);
    for round in 0..options.rounds {
        tell(&format!("reading, round {round}"));
        for question in 0..questions {
            for place in &mut places {
                place.ask(question, round).await?;
            }
        }
    }
    let table = tabulate(sizes, &places);
    for place in places {
        place.server.stop().await;
        place.database.remove().await?;
    }
    Ok(table)
}

impl Place {
    async fn open(database: Database) -> Result<Self> {
        let server = Server::start(Kind::Constant, &database).await?;
        let mut asker = Asker::new(&server.base);
        let questions = questions::all(&database, &mut asker).await?;
        let medians = vec![Vec::new(); questions.len()];
        Ok(Self { database, server, asker, questions, medians })
    }

    /// Asks one question for a while. Each round goes on with its paths where the last one ended.
    async fn ask(&mut self, number: usize, round: usize) -> Result<()> {
        let question = &self.questions[number];
        let paths = question.paths.iter().cycle().skip(round * REQUESTS % question.paths.len());
        let mut times = Vec::with_capacity(REQUESTS);
        let began = Instant::now();
        for path in paths.take(REQUESTS) {
            let asked = Instant::now();
            let answer = self.asker.get(path).await.map_err(|e| format!("{path}: {e}"))?;
            times.push(asked.elapsed().as_secs_f64() * 1e3);
            if answer.status != 200 {
                return Err(format!("{path}: {} {}", answer.status, answer.text()));
            }
            if question.finds && answer.body.starts_with(b"{\"items\":[]") {
                return Err(format!("{path} finds nothing"));
            }
            if began.elapsed() > TIME {
                break;
            }
        }
        self.medians[number].push(median(times.into_iter()));
        Ok(())
    }
}

fn tabulate(sizes: &[Size], places: &[Place]) -> Table {
    let mut head = vec!["median ms at".to_owned()];
    head.extend(sizes.iter().map(|size| thousands(size.tickets)));
    let smallest = thousands(sizes.first().map_or(0, |size| size.tickets));
    head.extend([format!("of {smallest}"), "goal".to_owned(), "met".to_owned()]);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("Reading, one connection", &head);
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return table };
    for (number, question) in last.questions.iter().enumerate() {
        let of = |place: &Place| median(place.medians[number].iter().copied());
        // Each round beside its own: what slows the machine slows both.
        let pairs = last.medians[number].iter().zip(&first.medians[number]);
        let ratio = median(pairs.map(|(last, first)| last / first));
        let goal = question.goal;
        let is_met = of(last) <= goal.milliseconds && (!goal.is_level || ratio <= GROWTH);
        let level =
            if goal.is_level { format!(", ≤ {}", percent(GROWTH)) } else { String::new() };
        let mut cells = vec![question.name.clone()];
        cells.extend(places.iter().map(|place| format!("{:.2}", of(place))));
        cells.extend([
            percent(ratio),
            format!("≤ {:.0} ms{level}", goal.milliseconds),
            met(is_met),
        ]);
        table.row(cells);
    }
    table
}
