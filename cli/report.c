#include "report.h"

#include "base/alloc.h"
#include "command.h"

void cli_report_text(cli_report *r, const char *name, const char *value) {
    nxc__buffer b;
    if (!r->json) {
        printf("%-16s %s\n", name, value);
        return;
    }
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    nxc__buffer_append_json(&b, nxc__str(value));
    printf("%s\"%s\":%.*s", r->n++ ? "," : "{", name, (int)b.len, b.data);
    nxc__buffer_release(&b);
}

void cli_report_number(cli_report *r, const char *name, uint64_t value) {
    if (r->json)
        printf("%s\"%s\":%ju", r->n++ ? "," : "{", name, (uintmax_t)value);
    else
        printf("%-16s %ju\n", name, (uintmax_t)value);
}

void cli_report_real(cli_report *r, const char *name, double value) {
    if (!r->json)
        printf("%-16s %.4f\n", name, value);
    else if (value == value)
        printf("%s\"%s\":%.12g", r->n++ ? "," : "{", name, value);
    else
        printf("%s\"%s\":null", r->n++ ? "," : "{", name);
}
