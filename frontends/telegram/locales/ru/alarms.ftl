alert-began = 🔴 { $what }
alert-more = 🔁 { $what }: и ещё { $count }
alert-over = 🟢 Закончилось: { $what }
alert-quiet = 🟢 Больше не повторяется: { $what }. Всего было { $count }
alert-times = Уже { $count ->
    [one] { $count } раз
    [few] { $count } раза
   *[other] { $count } раз
}

alarm-key_closed = Ключ или счёт закрыт: { $subject }
alarm-keys_down = Нет ни одного открытого счёта: { $subject }. Новые видео ждут
alarm-balance_low = Деньги на исходе: { $subject }
alarm-queue_stuck = Очередь стоит
alarm-workers_gone = Нет живых воркеров
alarm-audit_failed = Проверка книг нашла ошибку: { $subject }
alarm-job_unpaid = Видео не сделано: провайдер не принял оплату или ключ ({ $subject })
alarm-unknown_fault = Неизвестная ошибка провайдера ({ $subject })
alarm-step_lost = Шаг задания не записан в базу
alarm-disk_full = На диске базы нет места
alarm-file_unknown = Telegram не знает файл из настройки { $subject }: люди видят текст без него. Пришлите файл этому боту заново и возьмите новый file_id
alarm-notice_lost = Сообщение человеку не доставлено ({ $subject })
alarm-payment_amiss = Деньги пришли, но не зачислены, или магазин не принят: { $subject }

alarm-by-fault = { $class }: { $message }
alarm-by-balance = Осталось { $left } кредитов провайдера, примерно на { $days } д { $hours } ч
alarm-by-empty = Осталось { $left } кредитов провайдера
alarm-by-jobs = Заданий ждёт: { $jobs }, первое — { $minutes } мин
alarm-by-found = Строк: { $count }, первая — { $first }
