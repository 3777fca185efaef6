//! The paid requests.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::account::Window;
use super::envelope::{refusal, success};
use super::models::{Complaint, Family, Row};
use super::render::{Render, Wait};
use super::task::{State, Task};
use super::words;
use super::world::{Answered, Ask, Content, World};
use crate::reply::Reply;
use crate::script::Scene;
use crate::violation::Rule;

/// The model of a request to Veo that names none.
pub(crate) const VEO_DEFAULT: &str = "veo3_fast";
/// Runway's row in the table.
pub(crate) const RUNWAY: &str = "runway";
/// Readings that a task may have in a second.
const READS_PER_SECOND: usize = 10;

/// A paid request, taken apart.
struct Order {
    row: Row,
    input: Map<String, Value>,
    callback: Option<String>,
}

impl World {
    pub(crate) fn create(&mut self, ask: Ask<'_>, key: usize, family: Family) -> Answered {
        self.seen(ask);
        let account = self.keys[key].account;
        let now = self.clock.now_ms();
        if !self.accounts[account].creates.take(now) {
            self.violations.note(ask.open.seq(), Rule::CreateRate, "too many paid requests in ten seconds");
            return refusal(429, words::TOO_FAST).into();
        }
        let order = match self.order(ask, family) {
            Ok(order) => order,
            Err(reply) => return reply.into(),
        };
        let price = order.row.price_milli(&order.input);
        let paying = &self.keys[key];
        if paying.cap_milli.is_some_and(|cap| paying.spent_milli + price > cap) {
            return refusal(433, words::OVER_CAP).into();
        }
        if self.accounts[account].balance_milli < price {
            return refusal(402, words::NO_CREDITS).into();
        }
        self.make(ask, key, family, order, price)
    }

    /// Notes what every paid request tells, whatever comes of it.
    pub(crate) fn seen(&mut self, ask: Ask<'_>) {
        let Content::Json(body) = ask.content else { return };
        let Some(callback) = body["callBackUrl"].as_str() else { return };
        if !self.posted.insert(callback.to_owned()) {
            let what = format!("a second paid request with the callBackUrl {callback}");
            self.violations.note(ask.open.seq(), Rule::SecondPost, what);
        }
    }

    fn order(&mut self, ask: Ask<'_>, family: Family) -> Result<Order, Reply> {
        let seq = ask.open.seq();
        let Content::Json(Value::Object(body)) = ask.content else {
            self.violations.note(seq, Rule::Body, "the body is no JSON object");
            return Err(refusal(500, "Server exception, please try again later"));
        };
        let named = body.get("model").and_then(Value::as_str);
        let id = match family {
            Family::Jobs => named.unwrap_or_default(),
            Family::Veo => named.unwrap_or(VEO_DEFAULT),
            Family::Runway => RUNWAY,
        };
        if family == Family::Jobs && self.table.is_paused(id) {
            self.violations.note(seq, Rule::Model, format!("the model {id} was withdrawn"));
            return Err(refusal(500, words::PAUSED));
        }
        let Some(row) = self.table.find(family, id).cloned() else {
            self.violations.note(seq, Rule::Model, format!("there is no model {id:?} at this endpoint"));
            return Err(refusal(422, words::UNKNOWN_MODEL));
        };
        let outer = ["model", "callBackUrl", "progressCallBackUrl", "input"];
        let input = match family {
            Family::Jobs => {
                for name in body.keys().filter(|name| !outer.contains(&name.as_str())) {
                    self.violations.note(seq, Rule::UnknownField, format!("{name} beside the input"));
                }
                body.get("input").and_then(Value::as_object).cloned().unwrap_or_default()
            }
            Family::Veo | Family::Runway => body
                .iter()
                .filter(|(name, _)| !outer.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        };
        for name in row.unknown(&input) {
            self.violations.note(seq, Rule::UnknownField, format!("{id} has no {name}"));
        }
        if let Err(Complaint { code, msg }) = row.check(&input) {
            self.violations.note(seq, Rule::Input, format!("{id}: {msg}"));
            return Err(refusal(code, &msg));
        }
        let callback = body.get("callBackUrl").and_then(Value::as_str).map(str::to_owned);
        Ok(Order { row, input, callback })
    }

    fn make(&mut self, ask: Ask<'_>, key: usize, family: Family, order: Order, price: i64) -> Answered {
        let Order { row, input, callback } = order;
        let prompt = input.get("prompt").and_then(Value::as_str).unwrap_or_default().to_owned();
        let fetched = self.pictures(ask, &row, &input);
        let account = self.keys[key].account;
        let scene = Scene {
            call: Some(ask.call),
            model: Some(&row.id),
            prompt: Some(&prompt),
            account: Some(&self.accounts[account].name),
            key: Some(&self.keys[key].fingerprint()),
        };
        let scripted = self.renders.ask(&scene);
        ask.open.note(|exchange| exchange.script.extend(scripted.as_ref().map(Render::label)));
        let render = scripted.unwrap_or_else(|| match fetched {
            Ok(()) => self.render.clone(),
            Err(msg) => Render::fails("400", msg),
        });
        let plain = self.new_id();
        let id = match family {
            Family::Runway => format!(
                "{}-{}-{}-{}-{}",
                &plain[..8],
                &plain[8..12],
                &plain[12..16],
                &plain[16..20],
                &plain[20..]
            ),
            Family::Jobs | Family::Veo => plain,
        };
        self.accounts[account].balance_milli -= price;
        self.keys[key].spent_milli += price;
        let early = render.callbacks.early && callback.is_some();
        let finish = match render.finish {
            _ if early => Wait::Reads(0),
            Wait::Between(least, most) => Wait::Time(self.time_between(least, most)),
            finish => finish,
        };
        let task = Task {
            id: id.clone(),
            family,
            model: row.id.clone(),
            generating: row.generating,
            charges_late: row.charges_late,
            input: input.into_iter().chain(row.adds).collect(),
            prompt,
            callback,
            account,
            key,
            created_ms: self.clock.now_ms(),
            price_milli: price,
            render: Render { finish, ..render },
            reads: 0,
            state: State::Running,
            reads_at_end: 0,
            replied: false,
            link: None,
            rate: Window::new(READS_PER_SECOND, Duration::from_secs(1)),
        };
        ask.open.note(|exchange| exchange.task = Some(id.clone()));
        if let Some(due) = task.due_ms() {
            self.timers.insert((due, id.clone()));
        }
        self.tasks.insert(id.clone(), task);
        self.advance(&id);
        let early = if early { self.outgoing_of(&id) } else { Vec::new() };
        let reply = match family {
            Family::Jobs => success(&json!({ "taskId": id, "recordId": id })),
            Family::Veo | Family::Runway => success(&json!({ "taskId": id })),
        };
        Answered { made: Some(id), early, ..reply.into() }
    }

    /// Looks at the pictures as the model will: what cannot be fetched or read fails the task later.
    fn pictures(&mut self, ask: Ask<'_>, row: &Row, input: &Map<String, Value>) -> Result<(), &'static str> {
        let urls = row.pictures(input);
        let seq = ask.open.seq();
        if urls.is_empty() {
            self.violations.note(seq, Rule::NoPhoto, format!("{} was asked without a picture", row.id));
        }
        for url in urls {
            if url.contains("/file/bot") {
                self.violations.note(seq, Rule::Secret, "the picture's address holds a bot token");
            }
            let now = self.clock.now_ms();
            let path = url.strip_prefix(&self.media_base);
            let file = path.and_then(|path| self.files.get(path)).filter(|file| file.is_alive(now));
            let Some(file) = file else {
                self.violations.note(seq, Rule::Photo, "the picture is no upload, or an expired one");
                return Err(words::FETCH_FAILED);
            };
            let sides = file.picture.map(|(width, height)| width.min(height));
            if sides.is_none_or(|side| side < row.photo.min_px) || file.bytes.len() > row.photo.max_bytes {
                self.violations.note(
                    seq,
                    Rule::Photo,
                    "the picture is not of a kind or size that the model takes",
                );
                return Err(words::BAD_MATERIAL);
            }
        }
        Ok(())
    }
}
