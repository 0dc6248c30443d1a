#!/usr/bin/env python3
"""Write tests/golden/tokenizer.jsonl and its manifest with the Python package
tokenizers and the model's own tokenizer.json, truncated at 256 ids.

    make_tokenizer_golden.py MODEL_DIR

A line: {"text": string, "ids": [...], "truncated": bool}; malformed bytes
stand as {"hex": string, ...}. Never run by a test; a change of the golden is a
commit of its own with the reason.
"""
import hashlib
import json
import os
import sys

import tokenizers

from compare_tokenizer import BAD_BYTES, MAX_IDS, TRAPS, model_tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))

PROMPTS = """\
Refund the last charge of customer Jane Doe
refund $25.00 to the customer who called about order #10482
Create a monthly subscription for the new account, 14-day trial
Cancel the subscription at the end of the billing period
void invoice INV-2031 and tell the customer why
List all open invoices older than 30 days
What's the shipping status of my order?
Update the e-mail address on file to jane.doe+billing@example.org
Attach the PDF to the ticket and close it
Add a label "needs-review" to pull request 88
merge the PR once CI is green
Who changed the webhook endpoint yesterday?
Give me every repository that hasn't been pushed to since 2019
Schedule a meeting with the sales team on Friday at 3:30pm
Book a table for two near the Gare du Nord, 8 o'clock
find a flight from SFO to JFK under $400, non-stop
Delete the draft campaign and archive its contacts
Move the deal to "Closed Won" and notify the owner
Export the contacts as CSV
Set the thermostat to 21.5 degrees in the living room
Play something by Björk
Translate 'guten Morgen' into Portuguese
How many API calls did we make last month?
Rotate the API key; revoke the old one immediately
show me the logs between 10:00 and 10:15 UTC for pod web-7f9c
Scale the deployment to 5 replicas
Roll back to v1.14.2
Why was payment pi_3Nx failed with card_declined?
Dispute du_1 needs evidence before the 12th
Enable two-factor authentication for all admins
remind me to pay rent on the first of every month
Convert 1,250.75 EUR to JPY
Upload avatar.png as the profile picture
Add three units of SKU AB-1099-XL to the cart
Apply the coupon SPRING25 and check out
Post "We're live!" to #announcements
Search for issues mentioning memory leak in the parser
assign it to @octocat and set the milestone
Create a new branch from main named feature/tokenizer
Get the user's preferences, then change the locale to pt-BR
I need a quote for 50 seats, annual billing, paid by bank transfer
transfer funds from savings to checking
Is there a doctor near 94103 who takes my insurance?
Unsubscribe me from everything
Subscribe to events: invoice.paid, invoice.payment_failed
Generate a report grouped by country & currency
Retry the failed webhook deliveries
Undo that
yes
no, the other one
ok do it
???
Look up the tax rate for Québec and create the invoice
Change "Straße 5" to "Strasse 7" in the shipping address
Send €150 to María José in São Paulo
The parcel to Łódź is late — where is it?
Naïve Bayes résumé classifier: list its training runs
Order 2 × 0.5 l “still water” at 20 °C
GET /v1/customers/{customer}/tax_ids
POST /v1/payment_intents/{intent}/confirm
DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}
PATCH /api/v2/users/42?fields=name,email&expand[]=teams
listCustomerTaxIds
createPaymentIntentFromSetupIntent
repos/list-for-authenticated-user
users_getByUsername
HTTPServerError in XMLHttpRequest
OAuth2 bearerAuth scopes read:org write:packages
Returns a PaginatedCollection<Invoice> sorted by created_at desc
Retrieves the details of an existing charge. Supply the unique charge ID.
Lists a company's members, 100 per page, with cursor-based pagination.
Deprecated: use `updateItem` instead.
{"customer": "cus_9s6XKzkNRiz8i3", "amount": 2000, "currency": "usd"}
{"error": {"code": "resource_missing", "param": "id"}}
curl -X POST https://api.example.com/v3/orders -d '{"qty":1}'
SELECT id, name FROM users WHERE created > '2024-01-01';
if (x <= 0 || y != NULL) { return -1; }
2024-02-29T23:59:59.999Z
192.168.0.1:8080 and [2001:db8::1]:443
3f2504e0-4f89-11d3-9a0c-0305e82cc301
ISBN 978-3-16-148410-0
+1 (555) 010-9999
SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
supercalifragilisticexpialidocious antidisestablishmentarianism
pneumonoultramicroscopicsilicovolcanoconiosis
Donaudampfschifffahrtsgesellschaftskapitän
""".splitlines()

LANGUAGES = """\
Créez un remboursement pour la dernière commande de l'élève
¿Dónde está el pedido de Íñigo? ¡Rápido!
Bitte kündige das Abonnement zum Monatsende für Frau Müller-Lüdenscheidt
Não consigo atualizar o endereço de cobrança
Vytvoř fakturu pro zákazníka Dvořáka
Wyślij żółtą paczkę do Gdańska
İstanbul'daki müşterinin siparişini iptal et
Hủy đăng ký và hoàn tiền cho khách hàng
Отмени подписку и верни деньги клиенту, ёлки
Створити рахунок для Київської філії
Δημιουργία τιμολογίου για τον πελάτη Ιωάννης ΟΔΟΣ
בטל את ההזמנה האחרונה שָׁלוֹם
أنشئ فاتورة جديدة للعميل مُحَمَّد
ग्राहक का नया आदेश बनाएँ क़ानून
গ্রাহকের জন্য চালান তৈরি করুন
வாடிக்கையாளருக்கு பணத்தைத் திருப்பிக் கொடு
ลูกค้าต้องการคืนสินค้า
お客様の注文をキャンセルしてください。ガギグゲゴ
ｶﾞﾊﾟ 全角ＡＢＣ１２３ ㈱ ㍿
请为客户创建一张新的发票，金额为100元。
請取消訂單並退款給客戶
고객의 마지막 결제를 환불해 주세요
ᄒᆞᆫ글 옛한글
ქართული ენა ᲥᲐᲠᲗᲣᲚᲘ
Հայերեն լեզու և մշակույթ
ቋንቋ አማርኛ
ខ្មែរ ភាសា
བོད་སྐད་ཡིག
ᏣᎳᎩ ꮳꮃꭹ
𝓗𝓮𝓵𝓵𝓸 𝐰𝐨𝐫𝐥𝐝 𝟙𝟚𝟛
👍🏽 great job 👩‍💻 🇫🇷 family 👨‍👩‍👧
Z̸̛̯a̴l̷g̵o̶ t̵e̸x̴t̵
ﬁne ﬂow ½ ² ™ ® © ℃ № Å Ω K
‘single’ “double” «guillemets» ‹x› – — … ‽ ⁂ ※
a·b ʼn ŉ ǅ ß ẞ ſ ƛ ŭ
""".splitlines()


def long_texts():
    sentence = ("The operation returns the invoice, its line items, taxes and "
                "discounts for the customer's subscription. ")
    out = [sentence * n for n in (5, 12, 13, 14, 15, 16, 40)]
    out += [" ".join("step %d: call listInvoices_v%d(customer_id=%d)," %
                     (i, i % 3, i * 7919) for i in range(n))
            for n in (8, 12, 13, 60)]
    out += ["naïve café — " * n for n in (30, 50, 51, 64, 100)]
    out += ["顧客の注文 " * n for n in (40, 50, 51, 52)]
    out += ["환불 " * n for n in (20, 60, 100)]
    out += ["unbelievabilities " * n for n in (60, 63, 64, 65, 90)]
    out += ["[MASK] token " * n for n in (100, 126, 127, 128)]
    return out


def record(tokenizer, raw):
    text = raw.decode("utf-8", "replace")
    e = tokenizer.encode(text)
    key = {"text": text} if text.encode() == raw else {"hex": raw.hex()}
    return dict(key, ids=e.ids, truncated=bool(e.overflowing))


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    tokenizer = model_tokenizer(folder)
    texts = [t.encode() for t in TRAPS + PROMPTS + LANGUAGES + long_texts()]
    texts += BAD_BYTES
    golden = os.path.join(HERE, "tokenizer.jsonl")
    with open(golden, "w", encoding="ascii", newline="\n") as f:
        for raw in texts:
            f.write(json.dumps(record(tokenizer, raw),
                               separators=(",", ":")) + "\n")
    manifest = {
        "file": "tokenizer.jsonl",
        "records": len(texts),
        "sha256": sha256(golden),
        "tool": "PyPI tokenizers",
        "version": tokenizers.__version__,
        "command": "python3 tests/golden/make_tokenizer_golden.py MODEL_DIR",
        "max_ids": MAX_IDS,
        "inputs": {name: sha256(os.path.join(folder, name))
                   for name in ("tokenizer.json", "vocab.txt")},
    }
    with open(os.path.join(HERE, "tokenizer.manifest.json"), "w",
              encoding="ascii", newline="\n") as f:
        f.write(json.dumps(manifest, indent=2) + "\n")
    print("%d records" % len(texts))


if __name__ == "__main__":
    main()
