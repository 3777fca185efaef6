//! Money: packages, bills, and how they end.

use neurocards::{Credits, PayProvider, Payment, PaymentState};

use super::{credits, support_button, with_id};
use crate::flow::action::Action;
use crate::flow::state::Draft;
use crate::flow::step::Context;
use crate::screen::{Button, Screen};
use crate::text::Text;

/// How to get more credits; whoever is putting an order together comes back to it. Where nothing is sold, it says so.
pub(in crate::flow) fn topup(context: &Context<'_>, draft: Option<&Draft>) -> Screen {
    let back = draft.map(back_to);
    if context.sold_by.is_empty() {
        return Screen::new(with_id("topup-none", context)).row([support_button(context)]).row(back).menu();
    }
    let rows = context.settings.packages.iter().map(|package| {
        let buy = |by: &PayProvider| {
            let label = credits("credits", Text::new("btn-buy"), package.credits);
            let label = label.words("price", package.price(*by)?.to_string());
            Some(Button::acting(label, Action::Buy { package: package.credits, by: *by }))
        };
        context.sold_by.iter().filter_map(buy).collect::<Vec<_>>()
    });
    let text = credits("price", credits("credits", Text::new("topup"), context.available), context.price);
    rows.fold(Screen::new(text), Screen::row).row(back).menu()
}

fn back_to(draft: &Draft) -> Button {
    Button::act("btn-back", Action::Review { draft: draft.id.clone() })
}

fn of(payment: &Payment, key: &str) -> Text {
    credits("credits", Text::new(key), payment.credits).words("price", payment.price.to_string())
}

/// A bill that is paid on a page.
pub(in crate::flow) fn bill(payment: &Payment) -> Screen {
    let pay = payment.page.as_deref().map(|page| Button::open("btn-pay", page));
    Screen::new(of(payment, "bill"))
        .row(pay)
        .row([Button::act("btn-pay-check", Action::PayCheck { payment: payment.id })])
        .menu()
}

/// The provider of payments does not answer.
pub(in crate::flow) fn away(context: &Context<'_>) -> Screen {
    Screen::new(with_id("pay-away", context)).row([Button::act("btn-topup", Action::Topup)]).menu()
}

/// Something else was paid than was asked for.
pub(in crate::flow) fn amiss(context: &Context<'_>) -> Screen {
    Screen::new(with_id("paid-other", context)).row([support_button(context)]).menu()
}

/// A bill that came to its end unpaid.
pub(in crate::flow) fn unpaid(payment: &Payment) -> Screen {
    Screen::new(of(payment, "bill-cancelled")).row([Button::act("btn-topup", Action::Topup)]).menu()
}

/// What a person is told when a payment moved by itself.
pub(crate) fn payment_news(payment: &Payment, available: Credits, draft: Option<&Draft>) -> Screen {
    match payment.state {
        PaymentState::Paid => {
            let text = credits("balance", of(payment, "paid"), available);
            Screen::new(text).row(draft.map(back_to)).row([Button::act("btn-make", Action::Make)]).menu()
        }
        PaymentState::Refunded => {
            let text = credits("balance", of(payment, "paid-back"), available);
            Screen::new(credits("taken", text, payment.taken_back)).menu()
        }
        _ => unpaid(payment),
    }
}
