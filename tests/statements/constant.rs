//! An assistant that costs nothing, to count the road alone.

use async_trait::async_trait;
use centrium::assistant::{Assistant, AssistantError, Basis, Immediate, Language, Turn, Verdict};
use centrium::tickets::Priority;

/// It tells everyone the same.
pub struct Constant;

#[async_trait]
impl Assistant for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        Ok(self.decide(turn))
    }

    fn as_immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for Constant {
    fn decide(&self, _: &Turn) -> Verdict {
        Verdict {
            reply: "Thank you, we will look into it within the hour.".to_owned(),
            needs_escalation: false,
            reason: None,
            category: "other".to_owned(),
            priority: Priority::Medium,
            department: "support".to_owned(),
            subject: None,
            language: Language::En,
            sources: Vec::new(),
            basis: Basis::default(),
        }
    }
}
