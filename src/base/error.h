/* Errors: nxc_status plus a message in the caller's nxc_error. */
#ifndef NXC_BASE_ERROR_H
#define NXC_BASE_ERROR_H

#include <nextcall/nextcall.h>

/* Set err (NULL is legal) and return code, so that a failure is one line:
 *     return nxc__error(err, NXC_ERR_PARSE, "%s: expected x, got y", where);
 * Text: "<where>: expected <x>, got <y>", lower case, no period, no newline. */
nxc_status nxc__error(nxc_error *err, nxc_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "%.*s" arguments for an nxc_str, cut to what a message can hold. */
#define NXC_STR_ARG(s) \
    ((int)((s).len < 80 ? (s).len : 80)), (s).ptr ? (s).ptr : ""
/* The message of NXC_ERR_NOMEM, the same everywhere. */
nxc_status nxc__error_nomem(nxc_error *err, size_t size);
/* Put "<prefix>: " before the message err already has; returns its code. */
nxc_status nxc__error_prefix(nxc_error *err, nxc_status code, const char *fmt,
                             ...) __attribute__((format(printf, 3, 4)));

/* An analyzer sees one file at a time: let it know that these never give
 * NXC_OK, or it follows paths on which a failed call left its output unset. A
 * macro is not expanded within itself: the functions are still called. */
#if defined(__clang_analyzer__) && !defined(NXC_BASE_ERROR_C)
#define nxc__error(err, code, ...) \
    ((void)nxc__error(err, code, __VA_ARGS__), (code))
#define nxc__error_nomem(err, size) \
    ((void)nxc__error_nomem(err, size), NXC_ERR_NOMEM)
#define nxc__error_prefix(err, code, ...) \
    ((void)nxc__error_prefix(err, code, __VA_ARGS__), (code))
#endif

#define NXC_TRY(expr)                                          \
    do {                                                       \
        nxc_status nxc_try_status_ = (expr);                   \
        if (nxc_try_status_ != NXC_OK) return nxc_try_status_; \
    } while (0)
#define NXC_TRY_OR(label, st, expr)     \
    do {                                \
        (st) = (expr);                  \
        if ((st) != NXC_OK) goto label; \
    } while (0)

/* Our own invariants only, never input; off in release builds. */
#ifdef NXC_DEBUG
_Noreturn void nxc__assert_failed(const char *expr, const char *file, int line);
#define NXC_ASSERT(expr) \
    ((expr) ? (void)0 : nxc__assert_failed(#expr, __FILE__, __LINE__))
#else
#define NXC_ASSERT(expr) ((void)0)
#endif
/* A branch that cannot be reached, with the reason as its argument. */
#define NXC_UNREACHABLE(why)     \
    do {                         \
        NXC_ASSERT(0 && (why));  \
        __builtin_unreachable(); \
    } while (0)

#endif
