btn-admin = ⬅️ Administration
btn-admin-refresh = 🔄 Refresh
btn-admin-find = 🔎 Find a person
btn-admin-close = 🚧 Close for maintenance
btn-admin-close-open = 🚧 Close, the queue goes on
btn-admin-close-pause = ⏸ Close and pause the queue
btn-admin-reopen = ✅ End the maintenance
btn-admin-adjust = 💳 Give or take credits
btn-admin-ban = ⛔ Ban
btn-admin-unban = ✅ Unban
btn-admin-sure = ✅ Yes
btn-admin-no = ⬅️ No

admin = <b>🛠 Administration</b>
admin-closed = 🚧 Closed for maintenance since { $since } ({ $actor })
admin-alarm = 🔴 { $what }
admin-queue = Queue: { $due } due, { $later } later, { $paused } paused, { $leased } begun, { $render } rendering
admin-oldest = The first one waits for { $minutes } min
admin-everything = everything
admin-pause = ⏸ Paused: { $scope } ({ $actor })
admin-workers = Workers alive: { $count }, jobs in their hands: { $jobs }
admin-key = 🔑 { $name }: { $state }{ $left }
admin-key-open = open
admin-key-closed = closed
admin-key-until = closed until { $until }
admin-no-balance = {""}
admin-balance = , { $left } credits
admin-balance-days = , { $left } credits, for { $days } d
admin-today = <b>Today</b>
admin-today-more = <b>Today, at least</b>
admin-videos = Videos: { $done } done, { $failed } failed
admin-failure = · { $class }: { $count }
admin-money = Credits: { $topup } bought, { $bonus } given, { $adjust } adjusted, { $revoke } revoked, { $capture } for videos, { $release } returned

admin-find = Send a person's number or @name.
admin-nobody = There is no such person here.
admin-person = <b>👤 { $id } { $name }</b>
    Balance: { $credits }, { $held } held
admin-seen = Came { $first }, was here { $last }, language { $lang }
admin-blocked = 🔕 Blocked the bot { $since }
admin-banned = ⛔ Banned { $since } ({ $actor }): { $reason }
admin-job = 🎬 { $date } { $state }
admin-entry = 🧾 { $date } { $change } { $kind } { $why } { $actor }
admin-amount = How many credits? For example 10 or -3. At most { $most } at once.
admin-why = Why? The reason stays in the ledger.
admin-give-sure = Give { $credits } to person { $id }?
    Reason: { $reason }
admin-take-sure = Take { $credits } from person { $id }?
    Reason: { $reason }
admin-adjusted = ✅ The balance has changed: { $change }
admin-not-enough = ❌ Nothing has changed: there are not so many credits.
admin-too-often = ❌ Nothing has changed: there were enough adjustments today.
admin-ban-why = What for? The reason stays on the card.
admin-ban-sure = Ban person { $id }? Videos that have begun will be finished.
    Reason: { $reason }
admin-did-ban = ⛔ The person is banned.
admin-did-unban = ✅ The person is not banned any more.
btn-admin-refund = ↩️ Refund { $price } for { $credits } ({ $date })
admin-payment = 💰 { $date } { $price } · { $credits } · { $by } · { $state }
admin-refund-sure = Give { $price } for { $credits } back to { $id }? { $taken } will leave the balance.
    Reason: { $reason }
admin-refund-spent = ⚠️ { $credits } are spent or held already: the whole sum goes back, and those stay with the person.
admin-refunded = ✅ The money was given back. Taken: { $taken }, spent before: { $short }.
admin-refunding = ⏳ The credits are taken, and the money is on its way. The person hears when it is back.
admin-not-refunded = ❌ The money was not given back, and the balance is as it was: { $why }
admin-close = Close for maintenance? No new orders are taken, and people see why. Videos that have begun are finished.

maintenance = 🚧 We are working on the service: no new orders for now. Videos that have begun will be finished, and your credits are safe. Please come back later.
menu-maintenance = 🚧 We are working on the service: no new orders for now. Videos that have begun will be finished.

btn-admin-spread = 📣 Broadcast
btn-admin-spread-new = ✍️ New broadcast
btn-admin-spread-stop = ⛔ Stop
btn-admin-spread-all = 📣 To all: { $count }
btn-admin-spread-ru = Only in Russian: { $count }
btn-admin-spread-en = Only in English: { $count }
admin-spread = <b>📣 Broadcast</b>
admin-spread-none = There was no broadcast yet.
admin-spread-sending = The last one goes on: { $sent } of { $total }
admin-spread-done = The last one is over: { $sent } of { $total } delivered
admin-spread-cancelled = The last one was stopped: { $sent } of { $total } delivered
admin-spread-rest = Blocked the bot: { $blocked }, not sent: { $failed }, unknown: { $unknown }
admin-spread-text = Send the text of the broadcast, at most { $limit } characters.
admin-spread-preview = This is what people will see:
admin-spread-sure = Send it? Those who block the bot and those who are banned do not get it.
admin-file-photo = 📎 A photo, { $kb } KB. Its id for this bot:
admin-file-video = 📎 A video, { $width }×{ $height }, { $seconds } s, { $kb } KB. Its id for this bot:
admin-file-id = <code>{ $id }</code>
admin-file-menu = A picture over the menu: NEUROCARDS_MENU_PICTURE. To make a video of this photo, press “Make a Reel” first.
admin-file-demo = Examples for new people: NEUROCARDS_DEMO_VIDEOS, up to ten with commas between them.
broadcast-body = { $text }
