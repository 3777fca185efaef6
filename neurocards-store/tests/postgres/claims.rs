//! What a claim touches: counted, not timed.

use neurocards_testkit::conformance::Milestone;
use sqlx::types::{Json, JsonValue};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{furnished, raw};

const PAUSED: i64 = 20_000;

/// The settings of the store's own sessions.
const SESSION: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Jobs of another model, with turns before all others.
async fn queue(db: &mut PgConnection, model: &str, jobs: i64) {
    let copies = sqlx::query(
        "INSERT INTO jobs (id, order_id, account, idx, provider, model, price, stage, wake_at, turn, deadline_at,
             created_at)
         SELECT gen_random_uuid(), order_id, account, 1000000 + n, provider, $1, price, 'prompt', wake_at, n - $2,
             deadline_at, created_at
         FROM (SELECT * FROM jobs WHERE stage = 'prompt' LIMIT 1) AS one CROSS JOIN generate_series(1, $2) AS n",
    );
    copies.bind(model).bind(jobs).execute(&mut *db).await.unwrap();
    db.execute("VACUUM ANALYZE jobs").await.unwrap();
}

/// How many jobs the store's statement takes, and how many pages it touches for that. Nothing stays of it.
async fn claim(db: &mut PgConnection, room: i64) -> (i64, i64) {
    let sql = include_str!("../../src/postgres/sql/claim.sql");
    let sql = sql.replace("/*scope*/", "$5::uuid IS NULL").replace("/*columns*/", "jobs.id");
    let mut tx = db.begin().await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}");
    let plan = sqlx::query_scalar::<_, Json<JsonValue>>(AssertSqlSafe(explain))
        .bind(vec!["memory".to_owned()])
        .bind("w")
        .bind(60_000_000_i64)
        .bind(None::<String>)
        .bind(None::<sqlx::types::Uuid>)
        .bind(room)
        .bind(0_i64)
        .bind(0_i64)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    let top = &plan.0[0]["Plan"];
    let count = |name: &str| top[name].as_i64().unwrap();
    (count("Actual Rows"), count("Shared Hit Blocks") + count("Shared Read Blocks"))
}

/// Twenty thousand jobs that queue for a paused model cost the claims of others hardly anything: neither what is taken,
/// nor the question when the next one is due.
#[tokio::test]
async fn what_queues_for_a_paused_model_is_not_passed_over_one_by_one() {
    let (database, store) = furnished(&[Milestone::Prompt, Milestone::Prompt, Milestone::Prompt]).await;
    let mut db = raw(&database).await;
    db.execute(SESSION).await.unwrap();
    db.execute("UPDATE jobs SET wake_at = now() - interval '1 hour'").await.unwrap();
    let (alone, before) = claim(&mut db, 2).await;
    queue(&mut db, "paused", PAUSED).await;
    db.execute("INSERT INTO pauses (scope, model, actor, since) VALUES ('model', 'paused', 'op', now())")
        .await
        .unwrap();
    for room in [2, 10] {
        let (taken, beside) = claim(&mut db, room).await;
        assert_eq!((alone, taken), (2, room.min(3)), "those of the open model");
        assert!(beside < before + 100, "{beside} pages, {before} alone");
    }
    // Open, they come first: they have the smaller turns.
    db.execute("DELETE FROM pauses").await.unwrap();
    assert_eq!(claim(&mut db, 10).await.0, 10);
    store.close().await;
}
