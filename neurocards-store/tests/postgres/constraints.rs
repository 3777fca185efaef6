//! The schema refuses what the program must never write, whoever writes it.

use neurocards_core::Store;
use neurocards_testkit::conformance::Milestone;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{furnished, raw};

const GOALS: &[Milestone] =
    &[Milestone::Prompt, Milestone::Intent, Milestone::Sent, Milestone::Accepted, Milestone::Done];

/// Each statement must fail, and say why in these words.
async fn refused(db: &mut PgConnection, statements: &[(&str, &str)]) {
    for (sql, why) in statements {
        let mut tx = db.begin().await.unwrap();
        let error = sqlx::query(AssertSqlSafe((*sql).to_owned())).execute(&mut *tx).await.expect_err(sql);
        tx.rollback().await.unwrap();
        assert!(error.to_string().contains(why), "{sql}\n{error}");
    }
}

#[tokio::test]
async fn the_ledger_is_immutable() {
    let (database, store) = furnished(GOALS).await;
    let db = &mut raw(&database).await;
    let entry = |kind: &str, debit: &str, amount: i32, reference: &str| {
        format!(
            "INSERT INTO ledger (id, kind, account, debit, credit, amount, reference, created_at)
             VALUES (gen_random_uuid(), '{kind}', 'telegram:7', '{debit}', 'telegram:7/available', {amount}, {reference}, now())"
        )
    };
    let again = |kind: &str, of: &str| {
        format!(
            "INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
             SELECT gen_random_uuid(), '{kind}', account, debit, credit, amount, job_id, now()
             FROM ledger WHERE kind = '{of}'"
        )
    };
    refused(
        db,
        &[
            ("UPDATE ledger SET amount = 2", "the ledger is immutable"),
            ("UPDATE ledger SET reason = 'x' WHERE kind = 'bonus'", "the ledger is immutable"),
            ("DELETE FROM ledger", "the ledger is immutable"),
            ("TRUNCATE ledger", "the ledger is immutable"),
            (&again("release", "capture"), "ledger_one_end"),
            (&again("capture", "capture"), "ledger_one_"),
            (&again("hold", "hold"), "ledger_one_of_a_kind"),
            (&entry("topup", "house:mint", 0, "NULL"), "ledger_amount_check"),
            (&entry("gift", "house:mint", 1, "NULL"), "ledger_kind_check"),
            (&entry("topup", "telegram:7/available", 1, "NULL"), "between_two_books"),
            (&entry("topup", "house:cellar", 1, "NULL"), "books_of_the_account_or_the_house"),
            (&entry("topup", "telegram:8/available", 1, "NULL"), "books_of_the_account_or_the_house"),
            (&entry("release", "telegram:7/held", 1, "NULL"), "holds_belong_to_jobs"),
        ],
    )
    .await;
    sqlx::query(AssertSqlSafe(entry("topup", "house:mint", 1, "'pay-1'"))).execute(&mut *db).await.unwrap();
    refused(db, &[(&entry("topup", "house:mint", 1, "'pay-1'"), "ledger_one_reference")]).await;
    let found: Vec<_> = store.audit().await.unwrap().into_iter().map(|found| found.invariant).collect();
    assert_eq!(
        found,
        ["a balance equals the sum of its entries", "the sum over all books is zero"],
        "an entry without its balance"
    );
}

#[tokio::test]
async fn balances_keep_their_limits() {
    let (database, store) = furnished(GOALS).await;
    let db = &mut raw(&database).await;
    refused(
        db,
        &[
            ("UPDATE accounts SET available = -1", "accounts_within_the_limit"),
            ("UPDATE accounts SET held = -1", "accounts_hold_no_debt"),
            ("UPDATE accounts SET credit_limit = -1", "accounts_credit_limit_check"),
            ("DELETE FROM accounts", "violates foreign key"),
        ],
    )
    .await;
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test]
async fn jobs_follow_their_rules() {
    let (database, store) = furnished(GOALS).await;
    let db = &mut raw(&database).await;
    refused(
        db,
        &[
            ("UPDATE jobs SET price = 9 WHERE stage = 'done'", "a final job does not change"),
            ("UPDATE jobs SET stage = 'failed' WHERE stage = 'done'", "no such way"),
            ("UPDATE jobs SET price = 0 WHERE stage = 'prompt'", "jobs_price_check"),
            ("UPDATE jobs SET stage = 'sleeping' WHERE stage = 'prompt'", "no such way"),
            ("UPDATE jobs SET stage = 'wait' WHERE stage = 'prompt'", "no such way"),
            ("UPDATE jobs SET stage = 'cancelled' WHERE stage = 'wait'", "no such way"),
            ("UPDATE jobs SET stage = 'prompt' WHERE stage = 'wait'", "no such way"),
            ("UPDATE jobs SET stage = 'submit' WHERE stage = 'prompt'", "a_prompt_before_submission"),
            ("UPDATE jobs SET lease_epoch = 0 WHERE stage = 'prompt'", "an epoch never falls"),
            ("UPDATE jobs SET wake_at = NULL WHERE stage = 'wait'", "a_timer_until_the_end"),
            ("UPDATE jobs SET finished_at = now() WHERE stage = 'wait'", "an_end_at_the_end"),
            (
                "UPDATE jobs SET stage = 'failed', wake_at = NULL, finished_at = now() WHERE stage = 'wait'",
                "nobody_owns_a_final_job",
            ),
            ("UPDATE jobs SET prompt = '{' WHERE stage = 'wait'", "invalid input syntax for type json"),
            ("DELETE FROM jobs WHERE stage = 'done'", "violates foreign key"),
            ("UPDATE orders SET idempotency_key = 'same'", "orders_one_for_each_key"),
        ],
    )
    .await;
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test]
async fn a_job_has_one_attempt_at_a_time() {
    let (database, store) = furnished(GOALS).await;
    let db = &mut raw(&database).await;
    let second = |state: &str, stage: &str| {
        format!(
            "INSERT INTO attempts (id, job_id, seq, provider, model, state, task_id, created_at, updated_at)
             SELECT gen_random_uuid(), id, 2, provider, model, '{state}', 'new', now(), now()
             FROM jobs WHERE stage = '{stage}'"
        )
    };
    for state in ["intent", "sent", "accepted", "unknown", "succeeded", "abandoned", "gifted"] {
        refused(db, &[(&second(state, "wait"), "attempts_one_")]).await;
    }
    for state in ["sent", "accepted", "unknown", "succeeded", "abandoned", "gifted"] {
        refused(db, &[(&second(state, "done"), "attempts_one_charged")]).await;
    }
    refused(
        db,
        &[
            ("UPDATE attempts SET state = 'lost'", "attempts_state_check"),
            ("UPDATE attempts SET task_id = NULL WHERE state = 'accepted'", "accepted_means_a_task"),
            ("UPDATE attempts SET task_id = 'same', provider = 'memory'", "attempts_one_for_each_task"),
            ("UPDATE attempts SET job_id = gen_random_uuid() WHERE state = 'intent'", "violates foreign key"),
            ("UPDATE attempts SET seq = 0", "attempts_seq_check"),
        ],
    )
    .await;
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test]
async fn history_and_notices_keep_their_rows() {
    let (database, store) = furnished(GOALS).await;
    let db = &mut raw(&database).await;
    refused(db, &[
        ("UPDATE events SET epoch = 0", "history is immutable"),
        ("DELETE FROM events", "history is immutable"),
        ("TRUNCATE events", "history is immutable"),
        (
            "INSERT INTO notices (id, account, subject, subject_id, order_id, kind, body, state, wake_at, created_at,
                 updated_at)
             SELECT gen_random_uuid(), account, subject, subject_id, order_id, kind, body, state, wake_at, created_at,
                 updated_at FROM notices WHERE kind = 'result'",
            "notices_one_of_a_kind",
        ),
        ("UPDATE notices SET state = 'lost'", "notices_state_check"),
        ("UPDATE notices SET kind = 'gossip'", "notices_kind_check"),
        ("UPDATE notices SET order_id = gen_random_uuid()", "violates foreign key"),
    ])
    .await;
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test]
async fn resources_are_closed_by_somebody_since_some_time() {
    let database = crate::database().await;
    let db = &mut raw(&database).await;
    let insert = "INSERT INTO resources (provider, kind, name) VALUES ('memory', 'model', 'video')";
    sqlx::query(insert).execute(&mut *db).await.unwrap();
    refused(
        db,
        &[
            ("UPDATE resources SET kind = 'planet'", "resources_kind_check"),
            ("UPDATE resources SET failures = -1", "resources_failures_check"),
            ("UPDATE resources SET closed_until = now()", "a_closing_has_a_beginning"),
            ("UPDATE resources SET closed_since = now()", "only_operators_close_for_good"),
            ("UPDATE resources SET balance_milli = 1", "a_balance_has_its_time"),
            (insert, "resources_pkey"),
        ],
    )
    .await;
}
