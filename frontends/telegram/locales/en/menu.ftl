# Menu, account, help.

btn-make = 🎬 Make a Reel
btn-videos = 🎞 My videos
btn-cabinet = 👤 My account
btn-support = 💬 Support
btn-menu = ⬅️ Menu
btn-topup = 💳 Top up
btn-history = 🧾 Credit history
btn-language = 🌐 Language: English
btn-older = Earlier ➡️
btn-newer = ⬅️ Later
btn-consent = ✅ I accept
btn-terms = 📄 Terms
btn-privacy = 🔒 Privacy
btn-forget = 🗑 Delete my data
btn-keep = Leave everything as it is
btn-lang-ru = Русский
btn-lang-en = English

credits =
    { $count ->
        [one] { $count } credit
       *[other] { $count } credits
    }
videos-count =
    { $count ->
        [one] { $count } video
       *[other] { $count } videos
    }

welcome =
    <b>Hi! I make product videos from a single photo.</b>

    Send a photo and a few words about the product: in a few minutes you get a vertical video for Reels, TikTok or a marketplace card.
welcome-bonus =
    🎁 Here are { $credits } to try it out.
consent =
    <b>Before we begin</b>

    By using the bot you accept the terms and agree to the processing of your data. The documents are behind the buttons below.
menu =
    <b>What shall we make?</b>

    You have { $credits }. One video costs { $price }.
menu-lost = Let us begin with the menu.
cabinet =
    <b>My account</b>

    Balance: <b>{ $credits }</b>
    { $held ->
        [0] One video costs { $price }.
       *[other] Another { $held-credits } are set aside for videos in the making.
    }
    Your number for support: <code>{ $id }</code>
cabinet-low = ⚠️ Few credits are left: top up early, so that nothing stops you.
history = <b>Credit history</b>
history-empty = Every movement of credits will be listed here. There were none yet.
history-line = { $date } · { $change } · { $what }
entry-topup = top-up
entry-bonus = gift
entry-hold = video ordered
entry-release = credit returned
entry-adjust = correction by support
entry-revoke = payment returned
topup-none =
    <b>Top up</b>

    Payments are not set up here yet. Write to support and give your number <code>{ $id }</code>: we will help.
support =
    <b>Support</b>

    Tell us what happened, and your number: <code>{ $id }</code>
support-none =
    <b>Support</b>

    No contact is set up yet. Your number: <code>{ $id }</code>
help =
    <b>How it works</b>

    1. Press “Make a Reel” and send a photo of the product.
    2. Describe it in your own words, or paste its marketplace text.
    3. Choose a template and how many videos, check, confirm.

    A credit is taken only when the video is ready. If there is no video, the credit comes back by itself.

    /menu — menu
    /videos — my videos
    /cabinet — balance and history
    /lang — language
    /support — support
    /terms — terms
    /cancel — drop what was begun
    /delete_me — delete my data
terms = <b>Terms</b>
terms-none = The documents are not published yet. Ask support.
paysupport =
    <b>Questions about payments</b>

    Give support your number <code>{ $id }</code> and the time of the payment. One that did not arrive will be found, and credited or returned.
language = <b>Language of the bot</b>
language-set = Done, I speak English.
forget-ask =
    <b>Delete your data?</b>

    I will forget your name, drafts, messages and settings. The balance and the records of payments stay, as the law demands. Finished videos can no longer be asked for by button.
forgotten = Done: your data are deleted. To begin again, press /start
banned = Your access is closed. If that is a mistake, write to support and give your number <code>{ $id }</code>.
cancelled-draft = All right, dropped.
nothing-to-cancel = There is nothing to cancel.

toast-old = This button does not work any more.
toast-used = Already done.
toast-foreign = This button is not yours.
toast-thanks = Thank you!
trouble =
    Something went wrong on my side, and I have reported it. Your credits are safe. Try again in a minute.

command-menu = Main menu
command-videos = My videos
command-cabinet = Balance and history
command-lang = Language: Russian or English
command-help = How it works
command-support = Support
command-terms = Terms and personal data
command-paysupport = A question about a payment
command-cancel = Start over
command-delete_me = Delete my data
command-admin = Administration
