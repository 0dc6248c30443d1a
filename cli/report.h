/* {"name":value,...}, or lines of two columns. The caller closes the object. */
#ifndef NXC_CLI_REPORT_H
#define NXC_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_report {
    bool json;
    size_t n; /* values so far */
} cli_report;

void cli_report_text(cli_report *r, const char *name, const char *value);
void cli_report_number(cli_report *r, const char *name, uint64_t value);
void cli_report_real(cli_report *r, const char *name, double value);

#endif
