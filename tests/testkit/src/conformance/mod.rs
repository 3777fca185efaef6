//! The cases that every store passes.
//!
//! One list, [`store_conformance!`](crate::store_conformance), expands to one test for each case. No backend picks
//! its cases, and every case ends with an audit that must find nothing.

pub mod accounts;
pub mod alarms;
pub mod audit;
pub mod cancel;
pub mod claims;
pub mod fence;
pub mod late;
pub mod lifecycle;
pub mod money;
pub mod notices;
pub mod operations;
pub mod orders;
pub mod reading;
pub mod resources;
pub mod stats;
pub mod upkeep;
mod world;

pub use world::{Fixture, Milestone, Snapshot, World, bare};

/// Runs one case on a fresh store, then the audit.
pub async fn run(fixture: Fixture, case: impl AsyncFnOnce(&World)) {
    let world = World::new(fixture);
    case(&world).await;
    world.close().await;
}

/// Expands to one `#[tokio::test]` for each case. The argument names an async function without arguments that gives a
/// [`Fixture`]; the crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_conformance {
    ($fresh:ident) => {
        $crate::store_conformance! { @rooms $fresh;
            accounts: opening_twice_gives_one_bonus, an_unknown_account_is_none, posts_follow_the_rules,
                h2_a_reference_counts_once, credits_move_both_ways, entries_are_listed_newest_first;
            orders: a8_placing_writes_everything, a5_too_few_credits_write_nothing, the_credit_limit_is_exact,
                the_same_key_gives_the_same_order, a2_the_same_key_with_other_contents_is_refused,
                the_same_key_serves_two_accounts, orders_follow_the_rules, a3_twenty_racers_for_one_credit,
                a2_twenty_racers_with_one_key;
            claims: the_longest_due_come_first, accounts_take_turns, scope_and_provider_are_kept,
                the_next_due_is_told, a_claim_brings_what_the_lifecycle_needs,
                b2_an_expired_lease_is_claimed_again, b5_crashes_count_until_a_step,
                b9_given_back_is_not_counted, only_own_leases_are_extended, b1_two_claimers_never_share,
                b8_an_unfinished_job_always_has_a_timer;
            fence: b3_a_zombie_writes_nothing, a_step_needs_its_stage, a_step_needs_a_lease,
                an_attempt_must_be_as_expected, d7_one_live_attempt, a_task_belongs_to_one_attempt,
                an_unknown_job_is_lost, a_final_job_absorbs;
            lifecycle: to_done, failing_at_the_prompt, failing_at_the_upload, failing_at_the_submission,
                d2_failing_in_doubt, e7_failing_at_the_render, f2_failing_at_the_store,
                e5_failing_at_the_deadline, b5_failing_after_crashes, d3_a_refused_submission_is_tried_again,
                d1_an_absent_submission_is_sent_again, f4_a_full_disk_waits, a_job_moves_to_another_model, a_job_waits_for_an_account;
            cancel: before_anything, with_an_intent, not_at_the_provider, not_a_final_job, not_a_missing_job,
                the_former_holder_is_a_zombie;
            late: d2_a_callback_finds_the_job_of_a_lost_reply, d6_a_callback_does_not_disturb_the_worker,
                a_callback_wakes_a_waiting_job, e2_a_callback_cannot_steal_a_task,
                e2_a_newer_hint_takes_the_place_of_an_older_one, e2_a_late_hint_takes_no_place,
                e5_a_late_video_is_given_away, a_late_task_is_looked_at_again,
                a_callback_after_the_release_brings_a_gift, late_tasks_are_claimed_by_provider,
                e5_a_callback_at_the_moment_of_the_release_is_heard;
            money: a_capture_is_never_followed_by_a_release, h1_a_release_is_never_followed_by_a_capture,
                h1_an_early_end_of_the_hold_is_the_only_one, a6_every_job_holds_its_own;
            notices: g8_one_of_each_kind, g9_the_last_word_silences_earlier_news, what_is_sent_stays_sent,
                claimed_oldest_first, g8_settled_by_the_claimer_only, g4_later_means_later,
                g5_unknown_blocked_and_dead_are_final, g5_who_comes_back_hears_what_waited,
                g3_an_abandoned_sending_is_in_doubt, g3_a_sending_that_is_extended_is_not_in_doubt,
                an_idempotent_channel_sends_again, channels_are_prefixes;
            reading: missing_things_are_none, jobs_are_filtered_newest_first, a_list_goes_on_behind_a_job,
                jobs_are_found_by_what_is_known_of_them,
                an_order_is_found_by_its_key, a_history_tells_everything_in_order, the_time_is_the_clocks;
            audit: finds_an_end_without_a_settlement, finds_a_release_of_a_finished_video,
                finds_a_stray_artifact, finds_an_attempt_that_outlives_its_job;
            operations: a_pause_holds_back_what_is_not_paid_for, a_paused_model_leaves_the_others,
                the_first_pause_stays, paused_jobs_are_not_the_next_due, a_place_is_counted_in_turns, a_pause_does_not_hold_back_a_cancel,
                the_status_counts_each_stage, workers_come_and_go, lines_come_after_a_cursor;
            stats: a_span_tells_what_happened_in_it;
            resources: what_is_unknown_is_open, faults_in_a_row_close_and_a_success_opens,
                faults_at_the_same_moment_all_count, one_at_a_time_tries_again, a_probation_that_said_nothing_is_given_back,
                what_an_operator_closed_no_success_opens, an_end_of_an_operators_closing_needs_no_probation,
                what_was_under_way_neither_counts_nor_opens, proof_opens_at_once, a_provider_has_its_own,
                balances_are_kept_by_the_hour, slots_keep_to_the_limit_whoever_asks,
                a_slot_too_far_ahead_is_not_taken,
                buckets_are_their_own;
            alarms: the_same_alarm_is_counted, one_at_a_time_tells, an_end_is_news, it_begins_again,
                old_ones_are_forgotten, alarms_at_the_same_moment_all_count;
            upkeep: one_leads_for_a_term, a_duty_is_due_again, twenty_racers_for_one_lead, old_videos_are_retired,
                a_shared_video_is_needed_by_each, h9_a_photo_is_needed_by_its_orders;
        }
    };
    (@rooms $fresh:ident; $($room:ident: $($case:ident),+;)+) => {
        $(mod $room {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::conformance::run(super::$fresh().await, $crate::conformance::$room::$case).await;
            })+
        })+
    };
}
