//! Orders placed, with their debits: by one client after the other, and by many.

use neurocards_testkit::postgres::Server;
use sqlx::{Connection, Executor};

use crate::bed::Bed;
use crate::counters::{Counters, forget_statements, open, print_statements};
use crate::pgbench;
use crate::usage::Usage;

pub(crate) async fn orders(server: &Server) {
    const MANY: usize = 20_000;
    let bed = Bed::postgres(server, "orders").await;
    let mut db = open(server, &bed.database).await;
    db.execute(pgbench::PLAIN).await.unwrap();
    let _ = db.close().await;
    bed.place(500, 1).await;
    let one = bed.place(3_000, 1).await;
    let rows = pgbench::rows(server, &bed.database, 1);
    let alone = pgbench::orders(server, &bed.database, 1);
    println!(
        "orders one by one: {one:.0}/s; pgbench with one client: {rows:.0} plain rows/s (ratio {:.2}), {alone:.0} \
         orders/s by the same statement (ratio {:.2})",
        one / rows,
        one / alone
    );
    forget_statements(server, &bed.database).await;
    let (usage, before) = (Usage::now(), Counters::now(server, &bed.database).await);
    let many = bed.place(MANY, 32).await;
    usage.print_for_each(MANY);
    before.print_for_each(server, &bed.database, MANY).await;
    print_statements(server, &bed.database).await;
    let rows = pgbench::rows(server, &bed.database, 32);
    let alone = pgbench::orders(server, &bed.database, 32);
    println!(
        "orders by 32 clients: {many:.0}/s; pgbench with 32 clients: {rows:.0} plain rows/s (ratio {:.2}), {alone:.0} \
         orders/s by the same statement (ratio {:.2})",
        many / rows,
        many / alone
    );
    bed.audit().await;
}
