/* nextcall migrate: nothing of the owner's changes, and a second run nothing.
 */
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cache/migrate.h"
#include "cache/store_schema.h"
#include "support/store_test.h"

static int setup(void **state) {
    *state = store_folder();
    return 0;
}
static int teardown(void **state) {
    store_remove_folder(*state);
    return 0;
}

static void make(const char *path, const char *fixture) {
    char name[512];
    size_t size;
    snprintf(name, sizeof name, NXC_SOURCE_DIR "/tests/data/store/%s", fixture);
    char *bytes = store_read_file(name, &size);
    nxc__buffer sql;
    nxc__buffer_init(&sql, &nxc__allocator_default, size);
    nxc__buffer_append(&sql, bytes, size);
    store_exec(path, sql.data);
    nxc__buffer_release(&sql);
    nxc__free(&nxc__allocator_default, bytes, size);
}

/* Every value of a query, with its type, byte for byte. */
static void dump(nxc__buffer *out, const char *path, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    nxc__buffer_printf(out, "%s\n", sql);
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            nxc__buffer_printf(out, "%s %d ", sqlite3_column_name(s, i),
                               sqlite3_column_type(s, i));
            nxc__buffer_append(out, sqlite3_column_blob(s, i),
                               (size_t)sqlite3_column_bytes(s, i));
            nxc__buffer_append_char(out, '\n');
        }
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* What belongs to the owner: data, and the text of the schema. */
static nxc__buffer dump_owner(const char *path) {
    static const char *const queries[] = {
        "SELECT id, prompt, last_endpoint_type, last_resource, time_since_last,"
        " session_length, endpoint_type, resource_match, workflow_distance,"
        " prompt_similarity, action_verb_match, bigram_prob, trigram_prob,"
        " created_at FROM features",
        "SELECT * FROM api_endpoints",
        "SELECT * FROM \"odd \"\"name\"",
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name IN"
        " ('api_endpoints', 'odd \"name', 'recent_features', 'count_features')"
        " ORDER BY name",
        "SELECT seq FROM sqlite_sequence WHERE name='features'",
    };
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        dump(&b, path, queries[i]);
    assert_int_equal(b.status, NXC_OK);
    return b;
}

static void assert_same(nxc__buffer *a, nxc__buffer *b) {
    assert_true(a->len > 500);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
    nxc__buffer_release(b);
}

static nxc__migration migrate(const char *path, bool dry_run) {
    nxc__migration m;
    nxc_error err;
    assert_ok(nxc__migrate(path, dry_run, &m, &err), err);
    return m;
}

static void test_python_system(void **state) {
    const char *path = store_path(*state);
    make(path, "python_system.sql");
    nxc__buffer before = dump_owner(path), after;
    size_t size, size_2;
    char *file = store_read_file(path, &size);

    nxc__migration plan = migrate(path, true);
    assert_int_equal(plan.n_steps, 7);
    assert_int_equal(plan.n_dropped_vectors, 3);
    assert_int_equal(plan.n_dropped_embeddings, 2);
    assert_string_equal(plan.backup, "");
    char *file_2 = store_read_file(path, &size_2);
    assert_int_equal(size, size_2);
    assert_memory_equal(file, file_2, size);
    nxc__free(&nxc__allocator_default, file_2, size);

    nxc__migration m = migrate(path, false);
    assert_memory_equal(m.steps, plan.steps, sizeof m.steps);
    assert_int_equal(m.to, nxc__store_schema_version());
    after = dump_owner(path);
    assert_same(&before, &after);
    after = dump_owner(m.backup); /* the backup is what was */
    assert_same(&before, &after);
    assert_int_equal(store_query(m.backup, "SELECT count(*) FROM "
                                           "feature_vector_cache"),
                     3);
    assert_int_equal(
        store_query(path, "SELECT count(*) FROM features WHERE "
                          "workflow_pattern ISNULL AND pattern_confidence=0.5"),
        3);
    assert_int_equal(
        store_query(path, "SELECT count(*) FROM sqlite_schema WHERE name IN "
                          "('idx_features_workflow', 'idx_features_confidence',"
                          " 'idx_prompt_candidate', 'idx_last_accessed')"),
        4);
    assert_int_equal(store_query(path, "SELECT count(*) FROM embedding_cache"),
                     0);

    m = migrate(path, false); /* nothing to do, no second backup */
    assert_int_equal(m.n_steps, 0);
    assert_string_equal(m.backup, "");

    /* it is a store now, and stays the owner's */
    nxc__store_options o = {.max_bytes = 0};
    nxc__store *s = store_open(path, &o);
    nxc__store_reader *r = store_reader(s);
    store_put_vector(s, 1);
    store_put_embedding(s, 1);
    store_flush(s);
    assert_true(store_has_vector(r, 1));
    assert_true(store_has_embedding(r, 1));
    nxc__store_reader_free(r);
    nxc__store_close(s);
    after = dump_owner(path);
    assert_same(&before, &after);
    nxc__buffer_release(&before);
    nxc__free(&nxc__allocator_default, file, size);
}

/* Half done by hand: only what is missing is added. */
static void test_partly_done(void **state) {
    const char *path = store_path(*state);
    make(path, "python_system.sql");
    store_exec(path, "ALTER TABLE features ADD COLUMN workflow_pattern TEXT;"
                     "CREATE INDEX idx_features_workflow ON"
                     " features(workflow_pattern);"
                     "DROP TABLE embedding_cache");
    nxc__migration m = migrate(path, false);
    assert_int_equal(m.n_steps, 4);
    assert_int_equal(migrate(path, false).n_steps, 0);
}

/* Every version of ours is brought to the latest, with its rows. */
static void test_versions(void **state) {
    char path[300], name[64];
    for (int v = 1; v <= nxc__store_schema_version(); v++) {
        snprintf(path, sizeof path, "%s/v%d.db", (const char *)*state, v);
        snprintf(name, sizeof name, "version_%d.sql", v);
        make(path, name);
        nxc__migration m = migrate(path, false);
        assert_int_equal(m.from, v);
        assert_int_equal(m.n_steps > 0, v < nxc__store_schema_version());
        nxc__store_options o = {.max_bytes = 0};
        nxc__store *s = store_open(path, &o);
        assert_null(nxc__store_set_aside_as(s));
        nxc__store_reader *r = store_reader(s);
        assert_true(store_has_vector(r, 1));
        assert_true(store_has_embedding(r, 1));
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
}

typedef struct refusal {
    const char *sql;
    nxc_status want;
    const char *says;
} refusal;
static const refusal refusals[] = {
    {"CREATE TABLE other (a)", NXC_ERR_MISMATCH, "got none"},
    {"CREATE TABLE features (a); PRAGMA user_version=3", NXC_ERR_UNSUPPORTED,
     "another program"},
    {"CREATE TABLE features (a); PRAGMA application_id=3", NXC_ERR_UNSUPPORTED,
     "another program"},
    {"CREATE TABLE features (a); PRAGMA application_id=1314407251; PRAGMA "
     "user_version=99",
     NXC_ERR_UNSUPPORTED, "a later nextcall"},
    /* the last step fails: all of it is taken back */
    {"CREATE TABLE features (a); CREATE TABLE x (b); CREATE INDEX "
     "idx_last_accessed ON x(b)",
     NXC_ERR_IO, "already exists"},
};

static void test_refused(void **state) {
    char path[300];
    nxc__migration m;
    nxc_error err;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *c = &refusals[i];
        snprintf(path, sizeof path, "%s/r%zu.db", (const char *)*state, i);
        store_exec(path, c->sql);
        size_t size, size_2;
        char *before = store_read_file(path, &size);
        nxc_status st = nxc__migrate(path, false, &m, &err);
        if (st != c->want || !strstr(err.message, c->says))
            fail_msg("%s: expected %s with \"%s\", got %s: %s", c->sql,
                     nxc_status_name(c->want), c->says, nxc_status_name(st),
                     err.message);
        char *after = store_read_file(path, &size_2);
        assert_int_equal(size, size_2);
        assert_memory_equal(before, after, size);
        nxc__free(&nxc__allocator_default, before, size);
        nxc__free(&nxc__allocator_default, after, size);
        strncat(path, ".backup-1", sizeof path - strlen(path) - 1);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    snprintf(path, sizeof path, "%s/none.db", (const char *)*state);
    assert_int_equal(nxc__migrate(path, false, &m, &err), NXC_ERR_IO);
    store_write_file(path, "no database at all, but text", 28);
    assert_int_equal(nxc__migrate(path, false, &m, &err), NXC_ERR_FORMAT);
    char long_path[1200];
    memset(long_path, 'a', sizeof long_path);
    long_path[1001] = 0;
    assert_int_equal(nxc__migrate(long_path, false, &m, &err), NXC_ERR_INVALID);
}

static void test_in_use(void **state) {
    const char *path = store_path(*state);
    nxc__store_options o = {.max_bytes = 0};
    nxc__migration m;
    nxc_error err;
    nxc__store *s = store_open(path, &o);
    assert_int_equal(nxc__migrate(path, false, &m, &err), NXC_ERR_STATE);
    nxc__store_close(s);
    assert_int_equal(migrate(path, false).n_steps, 0);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_python_system), CASE(test_partly_done), CASE(test_versions),
        CASE(test_refused),       CASE(test_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
