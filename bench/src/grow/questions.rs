//! What is asked of a database: lists with every filter, searches, pages and customers.

use crate::Result;
use crate::asker::Asker;
use crate::database::Database;

/// What the largest database must keep to.
#[derive(Clone, Copy)]
pub struct Goal {
    /// The median, in milliseconds.
    pub milliseconds: f64,
    /// Whether it also must not be much more than that of the smallest.
    pub is_level: bool,
}

const LIST: Goal = Goal { milliseconds: 2.0, is_level: true };
const SEARCH: Goal = Goal { milliseconds: 10.0, is_level: false };

/// One question; its paths are asked one after the other.
pub struct Question {
    pub name: String,
    pub goal: Goal,
    pub paths: Vec<String>,
    /// Its lists hold something, whatever the size.
    pub finds: bool,
}

impl Question {
    fn new(name: &str, goal: Goal, paths: Vec<String>) -> Self {
        Self { name: name.to_owned(), goal, paths, finds: true }
    }
}

/// Different tickets, customers and words of one kind that are asked for.
const SPREAD: usize = 64;

/// Values of each filter of the list; the last of some is one that nothing has.
const FILTERS: [(&str, &[&str]); 6] = [
    ("status", &["new", "in_progress", "closed"]),
    ("channel", &["web", "email", "telegram", "whatsapp", "api", "site"]),
    ("priority", &["low", "medium", "high"]),
    ("category", &["internet", "tv", "billing", "other"]),
    ("operator", &["Дана", "nobody"]),
    ("escalated", &["true", "false"]),
];
/// What the made-up data do not have.
const NOWHERE: [&str; 2] = ["site", "nobody"];

/// All questions, in the same order for every database.
///
/// # Errors
/// When the database can't be asked for what is in it.
pub async fn all(database: &Database, asker: &mut Asker) -> Result<Vec<Question>> {
    let mut all = vec![Question::new("list", LIST, vec!["/api/tickets".to_owned()])];
    all.push(Question::new("list, the next page", LIST, vec![next_page(asker).await?]));
    for (filter, values) in FILTERS {
        for value in values {
            let name = format!("list, {filter}={value}");
            let path = format!("/api/tickets?{filter}={}", encode(value));
            let finds = !NOWHERE.contains(value);
            all.push(Question { finds, ..Question::new(&name, LIST, vec![path]) });
        }
    }
    let several = "/api/tickets?status=in_progress&priority=high&channel=email";
    let several = Question::new("list, three filters", LIST, vec![several.to_owned()]);
    all.push(Question { finds: false, ..several });
    all.extend(searches(database).await?);
    all.extend(pages(database).await?);
    all.extend(customers(database).await?);
    Ok(all)
}

async fn searches(database: &Database) -> Result<Vec<Question>> {
    // Every message ends with a number that hardly any other has.
    let sql = "SELECT text FROM messages WHERE id % 7 = 1 AND author = 'customer'";
    let texts = spread(database.texts(&format!("{sql} ORDER BY id LIMIT 100000")).await?);
    let rare = texts.iter().filter_map(|text| text.rsplit(' ').next());
    let rare = rare.map(|word| format!("/api/tickets?q={word}")).collect();
    let common = vec![format!("/api/tickets?q={}", encode("интернет"))];
    Ok(vec![
        Question::new("search, a rare word", SEARCH, rare),
        Question::new("search, a common word", SEARCH, common),
    ])
}

async fn pages(database: &Database) -> Result<Vec<Question>> {
    let long = "SELECT CAST(ticket_id AS TEXT) FROM messages GROUP BY ticket_id
                HAVING count(*) = 50 ORDER BY ticket_id";
    let long = spread(database.texts(long).await?);
    if long.is_empty() {
        return Err("no ticket has 50 messages; more --tickets have some".to_owned());
    }
    let paths = long.iter().map(|id| format!("/api/tickets/{id}")).collect();
    Ok(vec![Question::new("ticket with 50 messages", LIST, paths)])
}

async fn customers(database: &Database) -> Result<Vec<Question>> {
    let ids = "SELECT CAST(id AS TEXT) FROM contacts ORDER BY id";
    let one = spread(database.texts(ids).await?);
    let one = one.iter().map(|id| format!("/api/contacts/{id}")).collect();
    let names = "SELECT identifier FROM contact_identities WHERE channel = 'email' ORDER BY id";
    let names = spread(database.texts(names).await?);
    let names = names.iter().map(|name| format!("/api/contacts?q={}", encode(name))).collect();
    let busiest = "SELECT CAST(contact_id AS TEXT) FROM tickets GROUP BY contact_id
                   ORDER BY count(*) DESC LIMIT 1";
    let busiest = database.texts(busiest).await?;
    let busiest = busiest.iter().map(|id| format!("/api/contacts/{id}")).collect();
    let common = vec![format!("/api/contacts?q={}", encode("ахметова"))];
    Ok(vec![
        Question::new("customers", LIST, vec!["/api/contacts".to_owned()]),
        Question::new("customers, a common name", LIST, common),
        Question::new("customers, one address", LIST, names),
        Question::new("one customer", LIST, one),
        Question::new("the customer with the most tickets", LIST, busiest),
    ])
}

/// Where the second page of the list is.
async fn next_page(asker: &mut Asker) -> Result<String> {
    let first = asker.get("/api/tickets").await.map_err(|e| e.to_string())?;
    let page: serde_json::Value = serde_json::from_slice(&first.body).map_err(|e| e.to_string())?;
    let next = page["next"].as_str().ok_or_else(|| format!("no next page: {}", first.text()))?;
    Ok(format!("/api/tickets?after={}", encode(next)))
}

/// Some of these, evenly over all.
fn spread(all: Vec<String>) -> Vec<String> {
    let step = all.len().div_ceil(SPREAD).max(1);
    all.into_iter().step_by(step).collect()
}

/// A text within an address.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        if byte.is_ascii_alphanumeric() {
            done.push(char::from(byte));
        } else {
            done.push_str(&format!("%{byte:02X}"));
        }
        done
    })
}
