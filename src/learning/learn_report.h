/* What was wrong with a log, counted by kind with the first examples. */
#ifndef NXC_LEARNING_LEARN_REPORT_H
#define NXC_LEARNING_LEARN_REPORT_H

#include <nextcall/nextcall.h>

/* Count a finding; the first few are kept as "<name>:<number>: <what>", what
 * cut and without control characters. number 0: of the log as a whole. */
void nxc__learn_note(nxc_learn_report *report, nxc_learn_kind kind,
                     nxc_str name, uint64_t number, nxc_str what);
/* The same of a reader's error about a text called "", whose message begins
 * ":1: ". */
void nxc__learn_note_error(nxc_learn_report *report, nxc_str name,
                           uint64_t number, const nxc_error *error);

#endif
