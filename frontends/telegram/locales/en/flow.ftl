# From the photo to the order.

tpl-ugc = UGC blogger
tpl-ad = Advert
tpl-self = My own prompt

btn-none = No wishes
btn-use-prompt = ✅ Film it like this
btn-edit-prompt = ✏️ Change
btn-count =
    { $count ->
        [one] { $count } video
       *[other] { $count } videos
    } · { $price }
btn-confirm =
    { $count ->
        [one] 🚀 Make { $count } video
       *[other] 🚀 Make { $count } videos
    }
btn-draft = 🆓 Free draft
btn-script = 📝 Show the script
btn-rewrite = ✏️ Change the script
btn-rewish = 💡 Change the wishes
btn-recount = 🔢 Another number
btn-back = ⬅️ Back

ask-photo =
    <b>Send a photo of the product</b>

    • JPG or PNG, up to 20 MB
    • the product large, good light, a calm background
    • no people, no logos or characters of others

    You have { $credits }, one video costs { $price }.
photo-needed = Now I need a photo of the product: as a picture, or as a JPG or PNG file.
photo-taken = 📸 The photo will do.
photo-taken-warned = 📸 I took the photo. But look:
warn-dark = • it is dark: with good light the video will be better
warn-blurred = • it is not sharp: details of the product may be lost
warn-small = • the product takes little of the frame: come closer
photo-replace = You can send another photo right now.
photo-too-big = The file is larger than { $limit } MB. Send a smaller one: as a picture, not as a file.
photo-too-many-pixels = The picture is too large: { $width }×{ $height }. Make it smaller, or send it as a photo.
photo-too-small = The picture is too small: { $width }×{ $height }. Its shorter side needs at least { $least } pixels.
photo-strip = The picture is too narrow. Send one of usual proportions.
photo-not-an-image = This does not look like a photo. Send a JPG, PNG or WebP.
photo-animated = This is an animation; I need a still picture: JPG, PNG or WebP.
photo-broken = The file is damaged and cannot be opened. Send another photo.
photo-away = The photo could not be loaded: Telegram did not answer. Send it again.

ask-description =
    <b>Tell me about the product</b>

    What it is and for whom, 3–5 main advantages, price or size, what is special. You can paste its whole marketplace text.
description-needed = I am waiting for the description, in one text message.
text-empty = There is no text in the message. Write a few words at least.
text-too-long = That is { $chars } characters, and { $limit } fit. Please shorten it.
ask-template =
    <b>Which video shall it be?</b>

    <b>UGC blogger</b>: a person shows the product and speaks about it.
    <b>Advert</b>: beautiful shots of the product, no people.
    <b>My own prompt</b>: exactly what you write.
template-needed = Choose a template by button.
ask-wishes =
    <b>Any wishes?</b>

    What the hero should be like, the place, the mood, colours, for whom the video is. If there are none, press the button or send “-”.
wishes-needed = Write your wishes, or press “No wishes”.
ask-own-prompt =
    <b>Your prompt</b>

    Describe the video in one message: what is in the frame, how the camera moves, light, mood. I keep the product as it is in the photo.
own-prompt-needed = I am waiting for your prompt, in one text message.
own-prompt-check =
    <b>Shall we film this?</b>

    <blockquote>{ $prompt }</blockquote>
    To add something, send a few words; a long text replaces the whole prompt.
ask-count =
    <b>How many videos?</b>

    One style, but different heroes, places and delivery. You have { $credits }.
count-needed = Choose the number by button.
confirm =
    <b>Let us check the order</b>

    Template: { $template }
    Videos: <b>{ $videos }</b>
    Price: <b>{ $cost }</b>, you have { $credits }
    Usually ready in { $from }–{ $to } min.
confirm-wishes = Wishes: { $wishes }
confirm-needed = Press “Make” to begin, or “Menu” to put it off.
confirm-promise = The credit is taken only when the video is ready.
script =
    <b>Script</b>

    🎣 { $hook }
    💎 { $benefit }
    👉 { $call }
script-about =
    The video will sound about like this; the words of each one differ a little.
draft-caption = The draft is ready: this is how the product fits the frame. The real video is filmed by the model, livelier and with a voice.
draft-left =
    { $left ->
        [0] That was the last free draft of today.
        [one] { $left } free draft is left today.
       *[other] { $left } free drafts are left today.
    }
draft-spent = The free drafts of today are used up. The next one comes after { $until }.
draft-failed = The draft did not work out. Nothing was taken; you can order the video right away.
draft-wait = Making the draft, a few seconds…

not-enough =
    <b>Not enough credits</b>

    You need { $needed } and have { $available }. Top up, or choose fewer videos: I kept your draft.
refused-model = This model cannot be ordered now. Nothing was taken. Try later, or write to support.
refused-busy = { $count } of your videos are in the making. Wait for one of them, and we go on: the order is kept.
