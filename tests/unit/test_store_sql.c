/* Every statement of the store is answered by an index or by row numbers. */
#include <string.h>

#include "cache/store_db.h"
#include "support/store_test.h"

static const char *const names[] = {
#define NXC_STORE_SQL(name, sql) #name,
#include "cache/store_sql.def"
#undef NXC_STORE_SQL
};

/* One line of a plan: a search, or a walk along an index in its order; a scan
 * of a table or a sort only where every row is wanted anyway. */
static bool is_good(nxc__store_sql which, const char *line) {
    if (which == NXC_SQL_CLEAR_VECTORS || which == NXC_SQL_CLEAR_EMBEDDINGS ||
        which == NXC_SQL_LEARNED_CATALOGS || which == NXC_SQL_LEARNED_BYTES)
        return true;
    if (strstr(line, "TEMP B-TREE") || strstr(line, "AUTOMATIC")) return false;
    if (strncmp(line, "SEARCH", 6) == 0)
        return strstr(line, "USING INDEX") ||
               strstr(line, "USING COVERING INDEX") ||
               strstr(line, "USING INTEGER PRIMARY KEY");
    if (strncmp(line, "SCAN", 4) == 0)
        return strstr(line, "USING INDEX") ||
               strstr(line, "USING COVERING INDEX");
    return strncmp(line, "LIST SUBQUERY", 13) == 0;
}

static void test_plans(void **state) {
    (void)state;
    nxc_error err;
    nxc__store *store = NULL;
    char *folder = store_folder();
    const char *path = store_path(folder);
    nxc__store_options o = {.max_bytes = 0};
    assert_ok(nxc__store_open(path, &o, NULL, &store, &err), err);
    nxc__store_close(store);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    size_t n_lines = 0;
    for (int i = 0; i < NXC_N_STORE_SQL; i++) {
        char sql[1024];
        sqlite3_stmt *s;
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s",
                 nxc__store_sql_text((nxc__store_sql)i));
        if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
            fail_msg("%s: %s", names[i], sqlite3_errmsg(db));
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(s, 3);
            if (!is_good((nxc__store_sql)i, line))
                fail_msg("%s: expected an index, got %s", names[i], line);
            n_lines++;
        }
        sqlite3_finalize(s);
    }
    assert_true(n_lines > 20);
    sqlite3_close(db);
    store_remove_folder(folder);
}

/* The plan of a scan is found bad: the test above can fail. */
static void test_a_bad_plan(void **state) {
    (void)state;
    assert_false(is_good(NXC_SQL_FIND_VECTOR, "SCAN feature_vector_cache"));
    assert_false(
        is_good(NXC_SQL_RECENT_VECTORS, "USE TEMP B-TREE FOR ORDER BY"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_a_bad_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
