# Paying.

btn-buy = { $credits } · { $price }
btn-pay = 💳 Go and pay
btn-pay-check = 🔄 Check the payment

topup =
    <b>Top up</b>

    Your balance: { $credits }. One video costs { $price }. Choose a package:
bill =
    <b>Your bill: { $credits } for { $price }</b>

    Pay on the protected page of YooKassa with the button below. I will write as soon as the money is here; you can check as well.
bill-cancelled =
    <b>The payment did not go through</b>

    The bill for { $credits } at { $price } is closed, and no money was taken. You can try again.
pay-away =
    <b>Payments do not answer just now</b>

    No money was taken. Try again in a few minutes, or write to support with your number <code>{ $id }</code>.
paid =
    <b>✅ Your balance is topped up</b>

    { $credits } for { $price }. Your balance: { $balance }.
paid-back =
    <b>↩️ Your money is on its way back</b>

    { $price } returned, { $taken } taken. Your balance: { $balance }.
paid-other =
    <b>Another amount has come</b>

    It is not what the bill says, so no credits were added. Write to support and tell them the number <code>{ $id }</code>: the money will be credited or given back.
paid-unknown =
    <b>A payment came, and I cannot find its bill</b>

    No credits were added yet. Write to support with your number <code>{ $id }</code>: they will find it, and add the credits or return the money.
invoice-title = { $credits }
invoice-description = { $credits } for videos, added right after the payment.
toast-pay-waiting = The payment is not here yet. I will write as soon as it is.
toast-paid = It is paid.
toast-given-back = The money was returned.
checkout-unknown = There is no such bill. Open “Top up” again.
checkout-foreign = This bill is somebody else's. Open “Top up” yourself.
checkout-old = This bill is out of date. Open “Top up” again.
checkout-banned = Your access is closed. Write to support.
entry-paid = top-up: { $price } · { $by }
entry-paid-back = payment returned: { $price } · { $by }
by-stars = Telegram Stars
by-yookassa = YooKassa
