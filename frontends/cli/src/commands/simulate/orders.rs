//! What is ordered in a simulation.

use neurocards::{
    AccountKey, AccountOpen, BriefTexts, Credits, CreditsPost, Entropy, EntryKind, OrderId, OrderRequest,
    Photo, PhotoLimits, TemplateId,
};

use crate::app::App;
use crate::args::SimulateRunArgs;
use crate::failure::Failure;

const PHOTO: &[u8] = include_bytes!("../../../assets/self-check.png");
/// Most videos of one order.
const VIDEOS_MOST: u32 = 3;
const SELLERS: [&str; 3] = ["simulation:anna", "simulation:boris", "simulation:shop"];
const GOODS: [&str; 4] = [
    "Чашка для кофе 350 мл. Держит тепло два часа, не обжигает руки. 1 290 ₽",
    "Coffee cup, 350 ml. Keeps warm for two hours. $12.90",
    "Настольная лампа с тёплым светом, три ступени яркости. 2 490 ₽",
    "Cotton tote bag, carries 12 kg. Washable at 40 degrees.",
];

/// What was ordered, and of whom.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) ids: Vec<OrderId>,
    pub(super) sellers: Vec<AccountKey>,
    /// What all sellers were given together.
    pub(super) granted: Credits,
}

/// Gives the sellers their credits and orders that many videos for them, one to three an order.
pub(super) async fn place(app: &App, args: &SimulateRunArgs) -> Result<Orders, Failure> {
    let mut orders = Orders { ids: Vec::new(), sellers: Vec::new(), granted: Credits::ZERO };
    for seller in SELLERS {
        let account: AccountKey = seller.parse()?;
        let amount = Credits(i64::from(args.jobs));
        open(app, &account, amount).await?;
        orders.granted = orders.granted.checked_add(amount).unwrap_or(orders.granted);
        orders.sellers.push(account);
    }
    let photo = Photo::intake(PHOTO, &PhotoLimits::default())?;
    let chance = Entropy::seeded(args.seed);
    let (mut left, mut number) = (args.jobs, 0);
    while left > 0 {
        let count = (1 + (chance.unit() * f64::from(VIDEOS_MOST)) as u32).min(VIDEOS_MOST).min(left);
        let request = OrderRequest {
            account: orders.sellers[number % orders.sellers.len()].clone(),
            photo: photo.clone(),
            texts: BriefTexts {
                description: GOODS[number % GOODS.len()].to_owned(),
                ..BriefTexts::default()
            },
            template: if chance.unit() < 0.5 { TemplateId::Ugc } else { TemplateId::Ad },
            count,
            model: None,
            idempotency_key: Some(format!("simulation-{}-{number}", args.seed)),
            max_credits: None,
        };
        orders.ids.push(app.engine.order(request).await?.id());
        (left, number) = (left - count, number + 1);
    }
    Ok(orders)
}

async fn open(app: &App, account: &AccountKey, amount: Credits) -> Result<(), Failure> {
    let open = AccountOpen { account: account.clone(), credit_limit: Credits::ZERO, bonus: None };
    app.store().account_open(&open).await?;
    let post = CreditsPost {
        id: app.entry_id(),
        kind: EntryKind::Topup,
        account: account.clone(),
        amount,
        reference: Some(format!("simulation-{account}")),
        reason: Some("simulation".to_owned()),
        actor: Some(app.config.actor.clone()),
    };
    app.store().credits_post(&post).await?;
    Ok(())
}
