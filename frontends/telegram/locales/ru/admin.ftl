btn-admin = ⬅️ Администрирование
btn-admin-refresh = 🔄 Обновить
btn-admin-find = 🔎 Найти человека
btn-admin-close = 🚧 Закрыть на обслуживание
btn-admin-close-open = 🚧 Закрыть, очередь идёт
btn-admin-close-pause = ⏸ Закрыть и остановить очередь
btn-admin-reopen = ✅ Закончить обслуживание
btn-admin-adjust = 💳 Начислить или списать
btn-admin-ban = ⛔ Заблокировать
btn-admin-unban = ✅ Разблокировать
btn-admin-sure = ✅ Да
btn-admin-no = ⬅️ Нет

admin = <b>🛠 Администрирование</b>
admin-closed = 🚧 Закрыто на обслуживание с { $since } ({ $actor })
admin-alarm = 🔴 { $what }
admin-queue = Очередь: ждут { $due }, позже { $later }, на паузе { $paused }, начаты { $leased }, рендерятся { $render }
admin-oldest = Первое ждёт { $minutes } мин
admin-everything = всё
admin-pause = ⏸ Пауза: { $scope } ({ $actor })
admin-workers = Воркеров живо: { $count }, заданий у них: { $jobs }
admin-key = 🔑 { $name }: { $state }{ $left }
admin-key-open = открыт
admin-key-closed = закрыт
admin-key-until = закрыт до { $until }
admin-no-balance = {""}
admin-balance = , { $left } кредитов
admin-balance-days = , { $left } кредитов, на { $days } д
admin-today = <b>Сегодня</b>
admin-today-more = <b>Сегодня, не меньше</b>
admin-videos = Видео: готово { $done }, не вышло { $failed }
admin-failure = · { $class }: { $count }
admin-money = Кредиты: куплено { $topup }, подарено { $bonus }, поправлено { $adjust }, отозвано { $revoke }, за видео { $capture }, вернулось { $release }

admin-find = Пришлите номер человека или @имя.
admin-nobody = Такого человека здесь нет.
admin-person = <b>👤 { $id } { $name }</b>
    Баланс: { $credits }, удержано { $held }
admin-seen = Пришёл { $first }, был { $last }, язык { $lang }
admin-blocked = 🔕 Заблокировал бота { $since }
admin-banned = ⛔ Заблокирован { $since } ({ $actor }): { $reason }
admin-job = 🎬 { $date } { $state }
admin-entry = 🧾 { $date } { $change } { $kind } { $why } { $actor }
admin-amount = Сколько кредитов? Например 10 или -3. Не больше { $most } за раз.
admin-why = Почему? Причина останется в журнале.
admin-give-sure = Начислить { $credits } человеку { $id }?
    Причина: { $reason }
admin-take-sure = Списать { $credits } у человека { $id }?
    Причина: { $reason }
admin-adjusted = ✅ Баланс изменён: { $change }
admin-not-enough = ❌ Ничего не изменено: столько кредитов нет.
admin-too-often = ❌ Ничего не изменено: на сегодня поправок достаточно.
admin-ban-why = За что? Причина останется в карточке.
admin-ban-sure = Заблокировать человека { $id }? Начатые видео будут доделаны.
    Причина: { $reason }
admin-did-ban = ⛔ Человек заблокирован.
admin-did-unban = ✅ Человек разблокирован.
btn-admin-refund = ↩️ Вернуть { $price } за { $credits } ({ $date })
admin-payment = 💰 { $date } { $price } · { $credits } · { $by } · { $state }
admin-refund-sure = Вернуть { $price } за { $credits } человеку { $id }? С баланса спишется { $taken }.
    Причина: { $reason }
admin-refund-spent = ⚠️ Уже потрачено или удержано { $credits }: деньги вернутся целиком, а это останется за человеком.
admin-refunded = ✅ Деньги возвращены. Списано { $taken }, потрачено раньше { $short }.
admin-refunding = ⏳ Кредиты списаны, деньги в пути. Человек узнает, когда они вернутся.
admin-not-refunded = ❌ Деньги не возвращены, баланс прежний: { $why }
admin-close = Закрыть на обслуживание? Новые заказы не принимаются, люди видят почему. Начатые видео доделываются.

maintenance = 🚧 Идут технические работы: новые заказы пока не принимаем. Начатые видео доделываются, кредиты на месте. Загляните позже.
menu-maintenance = 🚧 Идут технические работы: новые заказы пока не принимаем. Начатые видео доделываются.

btn-admin-spread = 📣 Рассылка
btn-admin-spread-new = ✍️ Новая рассылка
btn-admin-spread-stop = ⛔ Остановить
btn-admin-spread-all = 📣 Всем: { $count }
btn-admin-spread-ru = Только по-русски: { $count }
btn-admin-spread-en = Только по-английски: { $count }
admin-spread = <b>📣 Рассылка</b>
admin-spread-none = Рассылок ещё не было.
admin-spread-sending = Последняя идёт: { $sent } из { $total }
admin-spread-done = Последняя окончена: доставлено { $sent } из { $total }
admin-spread-cancelled = Последняя остановлена: доставлено { $sent } из { $total }
admin-spread-rest = Заблокировали бота: { $blocked }, не отправлено: { $failed }, неизвестно: { $unknown }
admin-spread-text = Пришлите текст рассылки, не длиннее { $limit } знаков.
admin-spread-preview = Так это увидят люди:
admin-spread-sure = Отправить? Заблокировавшие бота и заблокированные не получат.
admin-file-photo = 📎 Фото, { $kb } КБ. Его id у этого бота:
admin-file-video = 📎 Видео, { $width }×{ $height }, { $seconds } с, { $kb } КБ. Его id у этого бота:
admin-file-id = <code>{ $id }</code>
admin-file-menu = Картинка над меню: NEUROCARDS_MENU_PICTURE. Чтобы снять видео с этим фото, сначала нажмите «Сделать Reels».
admin-file-demo = Примеры для новых людей: NEUROCARDS_DEMO_VIDEOS, до десяти через запятую.
broadcast-body = { $text }
