//! Descriptions as sellers write them, and what their captions must say.

use super::super::{Script, Variation};
use crate::brief::{Brief, BriefTexts, PhotoRef, TemplateId};

fn script(description: &str, index: u32) -> Script {
    let photo = PhotoRef { sha256: "0".repeat(64), width: 900, height: 1_200 };
    let texts = BriefTexts { description: description.to_owned(), ..BriefTexts::default() };
    let brief = Brief::new(photo, TemplateId::Ad, texts).unwrap();
    Script::from_brief(&brief, Variation { index, count: 3, seed: 11 })
}

/// Description, price in the call, measure in hook or benefit.
#[rustfmt::skip]
const MARKET: &[(&str, &str, &str)] = &[
    ("Чашка для кофе 350 мл. Держит тепло два часа, не обжигает руки. 1 290 ₽", "1 290 ₽", "350 мл"),
    ("Coffee cup, 350 ml. Keeps warm for two hours. $12.90", "$12.90", "350 ml"),
    ("Термокружка с крышкой-непроливайкой, 500 мл\n• Держит тепло до 12 часов\n• Не протекает даже вверх дном\nЦена: 1290 ₽. Артикул 4456781", "1 290 ₽", "500 мл"),
    ("Разделочная доска из бука 20x30 см, толщина 2 см. Не впитывает запахи. 890р", "890 ₽", "20x30 см"),
    ("Плед вязаный 150х200 см — мягкий, не колется, можно стирать в машине. 2 490 руб. Заказывайте прямо сейчас!", "2 490 ₽", "150х200 см"),
    ("Крем для рук с маслом ши, 75 мл. Увлажняет на 24 часа и быстро впитывается. Цена 349 руб/шт, доставка бесплатно", "349 ₽", "75 мл"),
    ("ГИРЯ РЕЗИНОВАЯ 8 КГ! НЕ ЦАРАПАЕТ ПОЛ! ВСЕГО 1 990 РУБ!", "1 990 ₽", "8 кг"),
    ("Свеча соевая «Тихий вечер» 0,2 л. Горит 40 часов. Аромат кедра. Вместо 1 200 ₽ сейчас 890 ₽", "890 ₽", "0,2 л"),
    ("Мёд цветочный, 0,5 кг. Собран вручную на маленькой пасеке. 450 ₽ за банку. Доставка 200 ₽", "450 ₽", "0,5 кг"),
    ("Кофе в зёрнах, 1 кг. Свежая обжарка, ноты шоколада и ореха. От 1 450 рублей", "1 450 ₽", "1 кг"),
    ("Детская пижама из хлопка, размеры 86-128. Мягкая, не садится после стирки. 1290 ₽ или 2 за 2200 ₽", "1 290 ₽", ""),
    ("Набор контейнеров 5 шт, подходят для микроволновки и заморозки. Крышки не протекают. Цена — 799₽", "799 ₽", "5 шт"),
    ("Ваза из матового стекла. Высота: 24 см. Устойчивая, легко моется. 1 750 ₽", "1 750 ₽", "24 см"),
    ("Рюкзак городской 20 л, отделение для ноутбука 15,6 дюйма. Ткань не промокает. 3 490 ₽. Успейте купить до пятницы!", "3 490 ₽", "20 л"),
    ("Гель для стирки 3 л — хватает на 100 стирок. Не оставляет разводов. 599р.", "599 ₽", "3 л"),
    ("Здравствуйте! Продаю комод, почти новый, 80х45х90 см. Торг уместен. 7000 руб. Звоните 8 999 123 45 67", "7 000 ₽", "80х45х90 см"),
    ("Ceramic vase, 24 cm tall. Hand glazed, each one is unique. €15", "€15", "24 cm"),
    ("Yoga mat 183 x 61 cm, 6 mm thick. Non-slip on both sides. Only $29.99 today!", "$29.99", "183 x 61 cm"),
    ("Bamboo cutting board set of 3 pcs. Gentle on knives, easy to clean. 24.50 USD", "$24.50", "3 pcs"),
    ("Cast iron kettlebell, 2 kg. Wide handle, won't scratch the floor. £18", "£18", "2 kg"),
    ("Vitamin C serum 30 ml. Brightens skin in 4 weeks. Price: $24.90. Free shipping on orders over $50. Order today and glow!", "$24.90", "30 ml"),
    ("LED desk lamp with wireless charger. 5 brightness levels. One charge lasts 40 hours. Was $59, now $39", "$39", ""),
    ("Soy candle \"Quiet Forest\", 200 g. Burns for 45 hours with a clean flame. $18 – $25", "$18", "200 g"),
    ("Silk pillowcase, 50x75 cm. Gentle on hair and skin. Machine washable. 19.99€", "€19.99", "50x75 cm"),
    ("Kids' backpack, 12 l. Water-resistant fabric, reflective strips. from $22", "$22", "12 l"),
    ("Dog treats, 500 g. No grain, no sugar. $9.50. Shipping $4.99", "$9.50", "500 g"),
    ("Steel water bottle 750ml, keeps drinks cold for 24 hours. $24.90. Grab yours before the weekend!", "$24.90", "750ml"),
    ("1 290 ₽", "1 290 ₽", ""),
    ("Кружка 990 ₽", "990 ₽", ""),
    ("Mug $9", "$9", ""),
    ("Kaffeetasse aus Porzellan, 350 ml. Hält den Kaffee zwei Stunden warm. Spülmaschinenfest. Preis: 12,90 €", "12,90 €", "350 ml"),
    ("Tasse à café en céramique, 350 ml. Garde la chaleur pendant deux heures. Passe au lave-vaisselle", "", "350 ml"),
    ("Чашка для кави, 350 мл. Тримає тепло дві години, не обпікає руки. Ціна 290 грн", "290 грн", "350 мл"),
    ("Кофеге арналған кесе, 350 мл. Екі сағат бойы жылуды сақтайды, қолды күйдірмейді. 5 000 ₸", "5 000 ₸", ""),
    ("陶瓷咖啡杯，350毫升，保温两小时。199元", "¥199", ""),
    ("كوب قهوة من السيراميك 350 مل. يحافظ على الحرارة لمدة ساعتين. $12", "$12", ""),
    ("Ceramic coffee cup 咖啡杯 350 ml. Keeps warm for two hours. 保温 $12.90", "$12.90", "350 ml"),
    ("Kaffeetasse", "", ""),
    ("Taza de cerámica para café. Apta para lavavajillas y microondas. 15 €", "15 €", ""),
    ("Толстовка оверсайз из футера, с начёсом. Тёплая и мягкая, не скатывается. Размеры S-XXL. 2 990 р", "2 990 ₽", ""),
    ("Скидка 30%! Сковорода 28 см с антипригарным покрытием. Было 3 000 ₽, стало 2 100 ₽", "2 100 ₽", "28 см"),
    ("Чай травяной 100 г. Успокаивает вечером. 350 ₽/100 г", "350 ₽ / 100 г", "100 г"),
    ("Чашка для кофе. 1290 рублей 50 копеек. Держит тепло два часа", "1 290,50 ₽", ""),
    ("Старая цена 2 000 ₽, новая цена 990 ₽. Чашка для кофе, держит тепло два часа", "990 ₽", ""),
    ("Чашка для кофе. Было 2000 руб, стало 1500 руб. Держит тепло два часа", "1 500 ₽", ""),
    ("Было 2000 руб, стало 1500 руб", "1 500 ₽", ""),
    ("iPhone 15 Pro 256GB чехол 1 490 ₽", "1 490 ₽", ""),
    ("Handmade wooden toy train. Safe water-based paint. Price 45 EUR or two for 80 EUR", "€45", ""),
];

#[test]
fn price_and_measure_reach_the_captions() {
    let mut shown = String::new();
    for (description, price, size) in MARKET {
        shown.push_str(&format!("{}\n", description.replace('\n', " / ")));
        for index in 0..3 {
            let Script { hook, benefit, call_to_action } = script(description, index);
            shown.push_str(&format!("  {hook} | {benefit} | {call_to_action}\n"));
            assert!(call_to_action.contains(price), "{price} in {call_to_action:?} of {description:?}");
            assert!(
                hook.contains(size) || benefit.contains(size),
                "{size} in {hook:?} or {benefit:?} of {description:?}"
            );
            let lines = [&hook, &benefit, &call_to_action];
            for (at, line) in lines.into_iter().enumerate() {
                assert!(line.chars().count() <= 60, "{line:?}");
                let lower = line.to_lowercase();
                let repeats = |other: &&String| other.to_lowercase().contains(&lower);
                assert!(!lines[..at].iter().chain(&lines[at + 1..]).any(repeats), "{line:?}");
            }
            assert_whole_words(&hook, description);
            assert_whole_words(&benefit, description);
        }
    }
    insta::assert_snapshot!(shown);
}

/// No word of the line is the beginning of a longer word of the description.
fn assert_whole_words(line: &str, description: &str) {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 4);
        words.map(str::to_lowercase).collect()
    };
    let theirs = words(description);
    for word in words(line) {
        let cut = theirs.iter().any(|other| other.starts_with(&word) && *other != word);
        assert!(!cut || theirs.contains(&word), "{word:?} of {line:?} is cut");
    }
}

#[test]
fn old_prices_stay_out_of_the_captions() {
    let check = |description: &str, old: &str| {
        for index in 0..3 {
            let Script { hook, benefit, call_to_action } = script(description, index);
            for line in [hook, benefit, call_to_action] {
                assert!(!line.replace(' ', "").contains(old), "{line:?} of {description:?}");
            }
        }
    };
    check("Старая цена 2 000 ₽, новая цена 990 ₽", "2000");
    check("Было 2000 руб, стало 1500 руб", "2000");
    check("Чашка. Было 2000, стало 1500 руб. Держит тепло", "2000");
    check("Чашка для кофе, старая цена 2000 ₽, новая 990 ₽", "2000");
    check("Чашка для кофе вместо 2000 ₽ всего за 990 ₽", "2000");
    check("Чашка для кофе 2000 ₽ без скидки, 990 ₽ со скидкой", "2000");
    check("Чашка для кофе 990 ₽ (было 2000 ₽)", "2000");
    check("Coffee cup, was $2000, now $990. Keeps warm", "2000");
}

#[test]
fn letters_that_captions_lack_stay_out_of_them() {
    let check = |description: &str| {
        for index in 0..3 {
            let Script { hook, benefit, call_to_action } = script(description, index);
            for line in [hook, benefit, call_to_action] {
                let strange = line.chars().find(|c| c.is_alphabetic() && !Script::draws(*c));
                assert_eq!(strange, None, "{line:?} of {description:?}");
                assert!(!line.is_empty());
            }
        }
    };
    check("陶瓷咖啡杯，350毫升，保温两小时。199元");
    check("كوب قهوة من السيراميك 350 مل. يحافظ على الحرارة لمدة ساعتين");
    check("Кофеге арналған кесе, 350 мл. Екі сағат бойы жылуды сақтайды");
    check("Ceramic coffee cup 咖啡杯 350 ml. Keeps warm 两小时");
    check("カップ 350ml");
    check("ספל קפה");
    check("Cốc cà phê bằng gốm, 350 ml");
}

#[test]
fn other_languages_speak_their_own_words() {
    let check = |description: &str, expect: [&str; 3]| {
        let Script { hook, benefit, call_to_action } = script(description, 0);
        assert_eq!([hook.as_str(), &benefit, &call_to_action], expect, "{description:?}");
    };
    check(
        "Kaffeetasse aus Porzellan, 350 ml. Hält den Kaffee zwei Stunden warm. Preis: 12,90 €",
        ["Kaffeetasse aus Porzellan", "Hält den Kaffee zwei Stunden warm • 350 ml", "12,90 €"],
    );
    check(
        "Чашка для кави, 350 мл. Тримає тепло дві години. Можна мити в посудомийці",
        ["Чашка для кави", "Тримає тепло дві години • 350 мл", "Можна мити в посудомийці"],
    );
}
