#include <stdio.h>

#include "catalog/resource.h"
#include "support/nxc_test.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* expected: "parent parent > resource"; "" for none. */
static const struct {
    const char *path, *expected;
} paths[] = {
    /* the definition's own examples */
    {"/profiles", "profile"},
    {"/users/{id}/orders", "user > order"},
    {"/v1/invoices/{invoice}/void", "invoice"},
    {"/users/{id}/orders/{oid}/items", "user order > item"},
    {"/", ""},
    {"", ""},
    {"/{id}", ""},
    {"/v1/{a}/{b}", ""},
    {"/api", ""},
    {"/api/v2", ""},
    {"/search", ""},
    /* Stripe */
    {"/v1/customers", "customer"},
    {"/v1/customers/search", "customer"},
    {"/v1/customers/{customer}", "customer"},
    {"/v1/customers/{customer}/tax_ids/{id}", "customer > tax_id"},
    {"/v1/customers/{customer}/balance_transactions",
     "customer > balance_transaction"},
    {"/v1/customers/{customer}/sources/{id}/verify", "customer > source"},
    {"/v1/charges/{charge}/refund", "charge"},
    {"/v1/charges/{charge}/refunds/{refund}", "charge > refund"},
    {"/v1/charges/{charge}/capture", "charge"},
    {"/v1/charges/{charge}/dispute/close", "charge > dispute"},
    {"/v1/refunds/{refund}/cancel", "refund"},
    {"/v1/payment_intents/{intent}/confirm", "payment_intent"},
    {"/v1/payment_intents/{intent}/verify_microdeposits", "payment_intent"},
    {"/v1/payment_intents/{intent}/apply_customer_balance", "payment_intent"},
    {"/v1/payment_intents/{intent}/increment_authorization", "payment_intent"},
    {"/v1/invoices/{invoice}/lines/{line_item_id}", "invoice > line"},
    {"/v1/invoices/{invoice}/add_lines", "invoice"},
    {"/v1/invoices/{invoice}/finalize", "invoice"},
    {"/v1/invoices/{invoice}/mark_uncollectible", "invoice"},
    {"/v1/invoices/{invoice}/pay", "invoice"},
    {"/v1/invoices/{invoice}/send", "invoice"},
    {"/v1/invoices/create_preview", "invoice"},
    {"/v1/invoices/upcoming/lines", "invoice > line"},
    {"/v1/subscriptions/{id}/discount", "subscription > discount"},
    {"/v1/subscriptions/{subscription}/resume", "subscription"},
    {"/v1/subscription_schedules/{schedule}/release", "subscription_schedule"},
    {"/v1/checkout/sessions/{session}/expire", "checkout > session"},
    {"/v1/billing_portal/sessions", "billing_portal > session"},
    {"/v1/issuing/authorizations/{authorization}/approve",
     "issuing > authorization"},
    {"/v1/issuing/cards/{card}", "issuing > card"},
    {"/v1/terminal/readers/{reader}/process_payment_intent",
     "terminal reader > process_payment_intent"},
    {"/v1/treasury/outbound_payments/{id}/cancel",
     "treasury > outbound_payment"},
    {"/v1/test_helpers/test_clocks/{test_clock}/advance",
     "test_helper > test_clock"},
    {"/v1/account", "account"},
    {"/v1/accounts/{account}/persons/{person}", "account > person"},
    {"/v1/accounts/{account}/reject", "account"},
    {"/v1/balance/history", "balance > history"},
    {"/v1/quotes/{quote}/pdf", "quote > pdf"},
    {"/v1/setup_attempts", "setup_attempt"},
    {"/v1/tax/calculations/{calculation}/line_items",
     "tax calculation > line_item"},
    {"/v1/credit_notes/{id}/void", "credit_note"},
    {"/v1/topups/{topup}/cancel", "topup"},
    {"/v1/disputes/{dispute}/close", "dispute"},
    {"/v1/payouts/{payout}/reverse", "payout"},
    {"/v2/core/event_destinations/{id}/ping", "core > event_destination"},
    /* GitHub */
    {"/repos/{owner}/{repo}", "repo"},
    {"/repos/{owner}/{repo}/issues", "repo > issue"},
    {"/repos/{owner}/{repo}/issues/{issue_number}/lock", "repo > issue"},
    {"/repos/{owner}/{repo}/issues/{issue_number}/comments",
     "repo issue > comment"},
    {"/repos/{owner}/{repo}/issues/comments/{comment_id}",
     "repo issue > comment"},
    {"/repos/{owner}/{repo}/pulls/{pull_number}/merge", "repo > pull"},
    {"/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
     "repo pull > requested_reviewer"},
    {"/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{id}/dismissals",
     "repo pull review > dismissal"},
    {"/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", "repo > pull"},
    {"/repos/{owner}/{repo}/merges", "repo > merge"},
    {"/repos/{owner}/{repo}/merge-upstream", "repo"},
    {"/repos/{owner}/{repo}/forks", "repo > fork"},
    {"/repos/{owner}/{repo}/releases/latest", "repo > release"},
    {"/repos/{owner}/{repo}/releases/generate-notes", "repo > release"},
    {"/repos/{owner}/{repo}/releases/tags/{tag}", "repo release > tag"},
    {"/repos/{owner}/{repo}/compare/{base}...{head}", "repo"},
    {"/repos/{owner}/{repo}/contents/{path}", "repo > content"},
    {"/repos/{owner}/{repo}/branches/{branch}/protection",
     "repo branch > protection"},
    {"/repos/{owner}/{repo}/git/refs/{ref}", "repo git > ref"},
    {"/repos/{owner}/{repo}/check-runs/{check_run_id}", "repo > check_run"},
    {"/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest",
     "repo > check_run"},
    {"/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
     "repo action > run"},
    {"/repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel",
     "repo action > run"},
    {"/repos/{owner}/{repo}/actions/secrets/public-key",
     "repo action secret > public_key"},
    {"/repos/{owner}/{repo}/dispatches", "repo > dispatch"},
    {"/repos/{owner}/{repo}/statuses/{sha}", "repo > status"},
    {"/repos/{owner}/{repo}/commits/{ref}/status", "repo commit > status"},
    {"/repos/{owner}/{repo}/hooks/{hook_id}/pings", "repo hook > ping"},
    {"/repos/{owner}/{repo}/properties/values", "repo property > value"},
    {"/repos/{owner}/{repo}/transfer", "repo"},
    {"/gists/public", "gist"},
    {"/gists/{gist_id}/star", "gist"},
    {"/search/repositories", "repository"},
    {"/user/repos", "user > repo"},
    {"/users/{username}", "user"},
    {"/orgs/{org}/teams/{team_slug}/memberships/{username}",
     "org team > membership"},
    {"/enterprises/{enterprise}/code-security/configurations",
     "enterprise code_security > configuration"},
    {"/rate_limit", "rate_limit"},
    {"/emojis", "emoji"},
    {"/codes_of_conduct/{key}", "codes_of_conduct"},
    /* Slack */
    {"/chat.postMessage", "chat"},
    {"/api/conversations.list", "conversation"},
    {"/api/conversations.setTopic", "conversation"},
    {"/api/users.profile.get", "user > profile"},
    {"/api/files.upload", "file"},
    {"/api/reactions.add", "reaction"},
    {"/api/admin.conversations.archive", "conversation"},
    /* Google */
    {"/v1/projects/{project}/databases:export", "project > database"},
    {"/v1/{name}:cancel", ""},
    {"/v1/projects/{p}/locations/{l}/operations/{o}:cancel",
     "project location > operation"},
    {"/v1/{parent}/databases", "database"},
    {"/calendar/v3/calendars/{calendarId}/events/quickAdd", "calendar > event"},
    {"/calendar/v3/calendars/{calendarId}/events/{eventId}/move",
     "calendar > event"},
    {"/calendar/v3/calendars/{calendarId}/clear", "calendar"},
    {"/gmail/v1/users/{userId}/messages/send", "gmail user > message"},
    {"/gmail/v1/users/{userId}/messages/batchModify", "gmail user > message"},
    {"/gmail/v1/users/{userId}/settings/sendAs", "gmail user > setting"},
    {"/gmail/v1/users/{userId}/watch", "gmail > user"},
    {"/drive/v3/files/{fileId}/copy", "drive > file"},
    {"/drive/v3/files/trash", "drive > file"},
    {"/drive/v3/files/generateIds", "drive > file"},
    {"/upload/drive/v3/files", "upload drive > file"},
    {"/youtube/v3/playlistItems", "youtube > playlist_item"},
    {"/compute/v1/projects/{p}/zones/{z}/instances/{i}/setLabels",
     "compute project zone > instance"},
    {"/v1p1beta1/documents:analyzeEntities", "document"},
    /* Twilio */
    {"/2010-04-01/Accounts/{AccountSid}/Messages.json", "account > message"},
    {"/2010-04-01/Accounts/{Sid}/Calls/{CallSid}/Recordings/{R}.json",
     "account call > recording"},
    {"/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/Local.json",
     "account incoming_phone_number > local"},
    {"/v2/Services/{ServiceSid}/VerificationCheck",
     "service > verification_check"},
    {"/v1/Workspaces/{WorkspaceSid}/TaskQueues/Statistics",
     "workspace task_queue > statistic"},
    /* Shopify */
    {"/admin/api/2024-01/products.json", "product"},
    {"/admin/api/2024-01/products/count.json", "product"},
    {"/admin/api/2024-01/orders/{order_id}/cancel.json", "order"},
    {"/admin/api/2024-01/orders/{order_id}/fulfillments.json",
     "order > fulfillment"},
    {"/admin/api/2024-01/customers/{customer_id}/send_invite.json", "customer"},
    {"/admin/api/unstable/inventory_levels/set.json",
     "unstable > inventory_level"},
    {"/admin/products/{product_id}/images/{image_id}.json", "product > image"},
    /* Square, PayPal, Adyen, shops */
    {"/v2/payments/{payment_id}/complete", "payment"},
    {"/v2/catalog/batch-upsert", "catalog"},
    {"/v2/catalog/list", "catalog"},
    {"/v2/catalog/object/{object_id}", "catalog > object"},
    {"/v2/checkout/orders/{id}/capture", "checkout > order"},
    {"/v2/payments/captures/{capture_id}/refund", "payment > capture"},
    {"/v1/payments/payment/{payment_id}/execute", "payment"},
    {"/api/checkout/pub/orderForm/{orderFormId}/items/removeAll",
     "checkout pub order_form > item"},
    {"/carts/{id}/checkout", "cart"},
    {"/V1/carts/mine/payment-information", "cart > payment_information"},
    {"/rest/V1/products-render-info", "products_render_info"},
    /* CRM, support, projects */
    {"/crm/v3/objects/contacts/{contactId}", "crm object > contact"},
    {"/crm/v3/objects/contacts/batch/read", "crm object > contact"},
    {"/crm/v3/objects/contacts/search", "crm object > contact"},
    {"/api/v2/tickets/{ticket_id}/mark_as_spam.json", "ticket"},
    {"/api/v2/tickets/show_many", "ticket"},
    {"/rest/api/3/issue/{issueIdOrKey}/transitions", "issue > transition"},
    {"/rest/api/3/issue/bulk", "issue"},
    {"/wiki/rest/api/content/{id}/child/attachment",
     "wiki content child > attachment"},
    {"/api/v4/projects/{id}/merge_requests/{merge_request_iid}/merge",
     "project > merge_request"},
    {"/api/v4/projects/{id}/repository/files/{file_path}/raw",
     "project repository > file"},
    {"/api/v2/list/{list_id}/task", "list > task"},
    {"/1/cards/{id}/idMembers/{idMember}", "card > id_member"},
    {"/tasks/{task_gid}/addProject", "task"},
    /* others, and forms */
    {"/pet/findByStatus", "pet"},
    {"/pet/{petId}/uploadImage", "pet > upload_image"},
    {"/user/login", "user > login"},
    {"/users/login", "user"},
    {"/users/me", "user"},
    {"/users/@me/guilds", "user > guild"},
    {"/channels/{channel.id}/messages/bulk-delete", "channel > message"},
    {"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale",
     "app namespace > deployment"},
    {"/api/v1/namespaces/{namespace}/pods/{name}/log", "namespace pod > log"},
    {"/v2/apis/{apiId}/routes", "api > route"},
    {"/v2/apis", "api"},
    {"/v1/chat/completions", "chat > completion"},
    {"/v1/fine_tuning/jobs/{id}/cancel", "fine_tuning > job"},
    {"/v1/me/player/next", "player > next"},
    {"/odata/Users('{id}')", "user"},
    {"/odata/Users('{id}')/Orders", "user > order"},
    {"/me/calendarView/delta()", "calendar_view"},
    {"/users/{id}/microsoft.graph.reminderView(start='{s}')", "user"},
    {"/me/sendMail", "mail"},
    {"/users/{id}.json", "user"},
    {"/users/{id}/customerTaxIds", "user > customer_tax_id"},
    {"/customers/:id/addresses", "customer > address"},
    {"/series/{id}/analyses", "series > analysis"},
    {"/people/{id}/companies", "person > company"},
    {"/api/getUserInfo", "user_info"},
    {"/rest?method=flickr.groups.getInfo", "info"},
    {"/#Action=DescribeInstances", "instance"},
    {"/?Action=CreateQueue", "queue"},
    {"https://api.example.com/v1/orders/?x=1", "order"},
    {"orders/", "order"},
    {"//orders//{id}//", "order"},
    {"/items{?page,size}", "item"},
    {"/tax%20rates", "tax_rate"},
    {"/oauth2/tokens", "oauth2 > token"},
    {"/users/{id}/users", "user"},
    {"/a/b/c/d/e/f/g/h/i/j", "b c d e f g h i > j"},
};

static void format(const nxc__resource_words *w, char *out, size_t cap) {
    size_t n = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < w->n_parents; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s ", w->parents[i]);
    if (w->n_parents) n += (size_t)snprintf(out + n, cap - n, "> ");
    snprintf(out + n, cap - n, "%s", w->name);
}

static void paths_give_the_resource_of_the_table(void **state) {
    size_t n_failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        nxc__resource_words w;
        char got[1024];
        memset(&w, 0x5A, sizeof w);
        nxc__resource_of_path(nxc__str(paths[i].path), &w);
        format(&w, got, sizeof got);
        if (strcmp(got, paths[i].expected) != 0) {
            print_error("%s: expected \"%s\", got \"%s\"\n", paths[i].path,
                        paths[i].expected, got);
            n_failed++;
        }
        assert_int_equal(w.depth, w.name[0] ? w.n_parents + 1 : 0);
    }
    assert_int_equal(n_failed, 0);
}

static void names_give_the_resource_of_the_table(void **state) {
    static const struct {
        const char *name, *expected;
    } names[] = {
        {"Buses.FindBus", "bus"},
        {"Alarm_1.GetAlarms", "alarm"},
        {"listCustomers", "customer"},
        {"get_user_by_id", "user"},
        {"create_issue_comment", "issue_comment"},
        {"repos/list-for-user", "repo"},
        {"issues/create", "issue"},
        {"users_list", "user"},
        {"api_v1_orders_retrieve", "order"},
        {"github__create_pull_request", "pull_request"},
        {"mcp__slack__post_message", "message"},
        {"conversations.list", "conversation"},
        {"send_message", "message"},
        {"get_post", "post"},
        {"get_post_for_user", "post"},
        {"list_posts", "post"},
        {"add_item_to_cart", "item"},
        {"list_of_addresses", "address"},
        {"searchProducts", "product"},
        {"orderCreate", "order"},
        {"order", "order"},
        {"GetHTTPServers", "http_server"},
        {"update", ""},
        {"list", ""},
        {"", ""},
        {"...", ""},
        {"a.b.get", "b"},
        {"Weather: getForecast", "forecast"},
        {"createOAuth2Tokens", "o_auth2_token"},
    };
    size_t n_failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        nxc__resource_words w;
        nxc__resource_of_name(nxc__str(names[i].name), &w);
        if (strcmp(w.name, names[i].expected) != 0) {
            print_error("%s: expected \"%s\", got \"%s\"\n", names[i].name,
                        names[i].expected, w.name);
            n_failed++;
        }
        assert_int_equal(w.n_parents, 0);
        assert_int_equal(w.depth, w.name[0] != 0);
    }
    assert_int_equal(n_failed, 0);
}

static void names_are_folded(void **state) {
    static const struct {
        const char *name, *expected;
    } names[] = {
        {"Customers", "customer"},
        {"Tax Rates", "tax_rate"},
        {"customerTaxIds", "customer_tax_id"},
        {"addresses", "address"},
        {"statuses", "status"},
        {"people", "person"},
        {"list", "list"},
        {"", ""},
        {"  ", ""},
        {"S3Buckets", "s3_bucket"},
        {"\xC3\x89tudes", "\xC3\xA9tude"},
    };
    char out[NXC_WORD_MAX], again[NXC_WORD_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_str(nxc__resource_fold(nxc__str(names[i].name), out),
                   names[i].expected);
    for (size_t i = 0; i < COUNT(paths); i++) { /* idempotent */
        nxc_str once = nxc__resource_fold(nxc__str(paths[i].path), out);
        nxc_str twice = nxc__resource_fold(once, again);
        if (!nxc__str_eq(once, twice))
            fail_msg("%s: %.*s becomes %.*s", paths[i].path, (int)once.len,
                     once.ptr, (int)twice.len, twice.ptr);
    }
}

static void long_and_odd_input_is_harmless(void **state) {
    enum { LONG = 70000 };
    char *text = test_malloc(LONG);
    nxc__resource_words w;
    char out[NXC_WORD_MAX];
    static const char odd[] = "/.:(){}%_-'*?#&=\\~@$ aZ9s\xC3\xA9\xFF\n";
    (void)state;
    for (size_t len = 1; len < 200; len++) { /* one word, at each length */
        memset(text, 'a', len);
        nxc__resource_of_path((nxc_str){text, len}, &w);
        assert_true(strlen(w.name) == (len < 63 ? len : 63));
        nxc_str f = nxc__resource_fold((nxc_str){text, len}, out);
        assert_true(f.len < NXC_WORD_MAX);
    }
    for (size_t i = 0; i < LONG; i++) /* 35,000 segments */
        text[i] = "/b"[i & 1];
    nxc__resource_of_path((nxc_str){text, LONG}, &w);
    assert_string_equal(w.name, "b");
    for (size_t i = 0; i < LONG; i++) /* many words */
        text[i] = "ab_"[i % 3];
    nxc__resource_of_path((nxc_str){text, LONG}, &w);
    assert_true(strlen(w.name) < NXC_WORD_MAX);
    nxc__resource_of_name((nxc_str){text, LONG}, &w);
    test_free(text);
    uint64_t r = 7;
    for (int i = 0; i < 100000; i++) {
        size_t n = nxc_random(&r) % 40;
        char *exact = test_malloc(n ? n : 1);
        for (size_t k = 0; k < n; k++)
            exact[k] = odd[nxc_random(&r) % (sizeof odd - 1)];
        nxc_str s = {exact, n};
        nxc__resource_of_path(s, &w);
        assert_true(w.n_parents <= NXC_RESOURCE_MAX_PARENTS);
        assert_non_null(memchr(w.name, 0, sizeof w.name));
        nxc__resource_of_name(s, &w);
        assert_non_null(memchr(w.name, 0, sizeof w.name));
        assert_true(nxc__resource_fold(s, out).len < NXC_WORD_MAX);
        test_free(exact);
    }
}

static void action_words_are_sorted(void **state) {
    static const char *const words[] = {
#define NXC_ACTION_WORD(word, class) #word,
#include "catalog/action_words.def"
#undef NXC_ACTION_WORD
    };
    (void)state;
    for (size_t i = 1; i < COUNT(words); i++)
        if (strcmp(words[i - 1], words[i]) >= 0)
            fail_msg("expected %s after %s", words[i - 1], words[i]);
}

/* Each row does what its class says, in a path made for it. */
static void every_action_word_works(void **state) {
    enum { ACTION = 1, UNLESS_ID = 2, NOUN_TOO = 4, QUALIFIER = 8, LEADS = 16 };
    static const struct {
        const char *word;
        unsigned class;
    } rows[] = {
#define NXC_ACTION_WORD(word, class) {#word, class},
#include "catalog/action_words.def"
#undef NXC_ACTION_WORD
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char path[96];
        nxc__resource_words w;
        snprintf(path, sizeof path, "/v1/customers/{id}/%s", rows[i].word);
        nxc__resource_of_path(nxc__str(path), &w);
        if (strcmp(w.name, "customer") != 0) fail_msg("%s: %s", path, w.name);
        snprintf(path, sizeof path, "/v1/customers/%s/{id}", rows[i].word);
        nxc__resource_of_path(nxc__str(path), &w);
        bool is_noun = (rows[i].class & (UNLESS_ID | NOUN_TOO)) != 0;
        if ((strcmp(w.name, "customer") != 0) != is_noun)
            fail_msg("%s: %s", path, w.name);
        snprintf(path, sizeof path, "/v1/customers/{id}/%s_things",
                 rows[i].word);
        nxc__resource_of_path(nxc__str(path), &w);
        bool leads = (rows[i].class & LEADS) != 0;
        if ((strcmp(w.name, "customer") == 0) != leads)
            fail_msg("%s: %s", path, w.name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_give_the_resource_of_the_table),
        cmocka_unit_test(names_give_the_resource_of_the_table),
        cmocka_unit_test(names_are_folded),
        cmocka_unit_test(long_and_odd_input_is_harmless),
        cmocka_unit_test(action_words_are_sorted),
        cmocka_unit_test(every_action_word_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
