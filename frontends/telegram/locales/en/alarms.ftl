alert-began = 🔴 { $what }
alert-more = 🔁 { $what }: and { $count } more
alert-over = 🟢 Over: { $what }
alert-quiet = 🟢 Not seen any more: { $what }. There were { $count } in all
alert-times = { $count ->
    [one] { $count } time already
   *[other] { $count } times already
}

alarm-key_closed = A key or an account is closed: { $subject }
alarm-keys_down = No account is open: { $subject }. New videos wait
alarm-balance_low = Money is running out: { $subject }
alarm-queue_stuck = The queue stands still
alarm-workers_gone = No worker lives
alarm-audit_failed = The audit found an error: { $subject }
alarm-job_unpaid = A video was not made: the provider took no payment or refused the key ({ $subject })
alarm-unknown_fault = An unknown fault of the provider ({ $subject })
alarm-step_lost = A step of a job was not written to the database
alarm-disk_full = The disk of the database is full
alarm-file_unknown = Telegram does not know the file of the setting { $subject }: people see words without it. Send the file to this bot again and take the new file_id
alarm-notice_lost = A message to a person cannot be delivered ({ $subject })
alarm-payment_amiss = Money came and was not credited, or the shop is refused: { $subject }

alarm-by-fault = { $class }: { $message }
alarm-by-balance = { $left } credits at the provider are left, for about { $days } d { $hours } h
alarm-by-empty = { $left } credits at the provider are left
alarm-by-jobs = Jobs waiting: { $jobs }, the first for { $minutes } min
alarm-by-found = Rows: { $count }, the first is { $first }
