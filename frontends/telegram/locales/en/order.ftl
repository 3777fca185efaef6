# The order: its card, videos, refusals.

btn-cancel-order = ✖️ Cancel
btn-another = ➕ One more with this product
btn-again = 🔁 Make more with this product
btn-resend = 📥 Send the video again
btn-good = 👍
btn-bad = 👎
btn-retry = 🔁 Try again
btn-other-photo = 📸 Another photo

started =
    { $count ->
        [one] <b>🚀 Generation started</b>
       *[other] <b>🚀 Generation of { $count } videos started</b>
    }
card-one = { $state }
card-line = Video { $number }: { $state }
state-queued = ⏳ in the queue
state-queued-place =
    { $ahead ->
        [0] ⏳ in the queue, the next one
        [one] ⏳ in the queue, { $ahead } video ahead
       *[other] ⏳ in the queue, { $ahead } videos ahead
    }
state-paused = ⏸ waiting: filming is stopped for a short while
state-script = 📝 writing the script
state-submit = 📤 handing it over
state-render = 🎬 being filmed
state-slow = 🎬 takes a little longer than usual, all is well
state-store = 📦 fetching the video
state-done = ✅ ready
state-failed = ⚠️ did not work out, the credit came back
state-cancelled = ✖️ cancelled, the credit came back
card-range = Usually { $from }–{ $to } min. I will send it here; you can close the chat.
card-done = <b>✅ The order is ready</b>
card-mixed = <b>The order has ended</b>
card-failed = <b>⚠️ There is no video</b>
card-cancelled = <b>✖️ The order was cancelled</b>

cancelled-order =
    { $count ->
        [one] Cancelled, { $credits } came back.
       *[other] { $count } videos cancelled, { $credits } came back.
    }
cancelled-some = Some are being filmed and cannot be cancelled; the others are: { $credits } came back.
cancel-too-late = It is being filmed and cannot be cancelled. If there is no video, the credit comes back by itself.

result-caption = Your video is ready!
result-caption-of = Video { $number } of { $count } is ready!
result-link = The video is ready, but larger than 50 MB: load it by this <a href="{ $url }">link</a>. It works for { $hours } h.
result-too-big = The video is ready, but larger than 50 MB, and does not fit here. Write to support and give the order <code>{ $order }</code>: you will get the file.
video-too-big = This video is larger than 50 MB and does not fit here. Write to support: you will get the file.
gift-caption = This video came late. Its credit came back before, so it is a gift.
closing =
    { $count ->
        [one] How do you like the video?
       *[other] Ready: { $count } videos. How do you like them?
    }

failed-violation =
    <b>You broke the rules of { $model }</b>

    Reason: { $reason }.
    What to change: { $advice }.

    There is no video, and the credit came back.
failed-busy =
    <b>The service is overloaded</b>

    Filming did not begin, and the credit came back. Try again in a few minutes.
failed-temporary =
    <b>The video did not work out</b>

    I tried several times, and the service did not manage. The credit came back. Try again in 10–15 minutes.
failed-technical =
    <b>Technical trouble</b>

    We know about it. The credit came back. Try later, or write to support.
failed-unknown =
    <b>There is no video</b>

    The credit came back. If it happens again, write to support and give the order <code>{ $order }</code>.
failed-of = Video { $number } of { $count }

reason-people = people in the photo or the text whom the model does not allow
reason-minors = children in the photo or the text
reason-brand = a logo, brand or character of somebody else
reason-adult = explicit content
reason-violence = violence or dangerous things
reason-text = words in the description or the wishes
reason-photo = the photo did not pass the check
reason-other = the content did not pass the model's check
advice-people = take a photo of the product alone, without people and faces
advice-minors = leave children out of the photo and the text
advice-brand = leave out logos and characters of others
advice-adult = take a neutral photo and description
advice-violence = leave out dangerous things and words
advice-text = describe the product calmly, without disputed words
advice-photo = take another photo: the product on a plain background
advice-other = take another photo, or describe the product differently

videos = <b>My videos</b>
videos-empty = Your videos will be listed here. There are none yet.
videos-line = { $number }. { $date } · { $title } · { $state }
btn-video = 📥 { $number }
btn-repeat = 🔁 { $number }
videos-hint = 📥 sends it again, 🔁 makes more with this product
resend-none = I do not have this video any more. Write to support.
refused-photo = This photo is gone: drafts that were not ordered are kept for about a day. Send it again, please.
