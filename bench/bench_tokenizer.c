/* The tokenizer, in-process: bench_tokenizer MODEL.nxm
 * The texts stand here; --texts prints them, so that a peer is given the same
 * ones. One JSON line a set:
 * {"what", "unit": "ns/byte", "median", "min", "us_a_text", "n"}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nextcall/nextcall.h>

static const char *const short_texts[] = {
    "refund the last charge of this customer in full today please",
    "list all open pull requests that wait for my review now",
    "create a monthly subscription for the customer we added this morning",
    "cancel the order and tell the warehouse to stop packing it",
    "show me every invoice that was not paid within thirty days",
    "update the shipping address of contact 4711 to the new one",
    "send a message to the support channel about the failed build",
    "delete the webhook endpoint that still points at our old server",
};
static const char *const long_texts[] = {
    "Creates a new refund. When you create a new refund, you must specify a "
    "charge or a payment intent object on which to create it. Refunds the "
    "remaining amount if no amount is given; a charge that was refunded in "
    "full "
    "cannot be refunded again, and this method returns an error when called on "
    "an already-refunded charge or when trying to refund more money than is "
    "left on it.",
    "Returns a list of repositories sorted by the number of stars; pagination "
    "is "
    "powered exclusively by the since parameter, use the Link header to get "
    "the "
    "URL for the next page of repositories. OAuth app tokens and personal "
    "access tokens (classic) need the repo scope to use this endpoint.",
};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

#define RUNS 101
#define ROUNDS 200
static void bench(const nxc_encoder *e, const char *what,
                  const char *const *texts, size_t n) {
    static uint32_t ids[4096];
    static double runs[RUNS];
    nxc_text_info info;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(texts[i]);
    for (size_t r = 0; r < RUNS; r++) {
        double start = now_ns();
        for (size_t k = 0; k < ROUNDS; k++)
            for (size_t i = 0; i < n; i++)
                if (nxc_encoder_tokenize(e,
                                         (nxc_str){texts[i], strlen(texts[i])},
                                         ids, &info, NULL) != NXC_OK)
                    exit(1);
        runs[r] = (now_ns() - start) / ((double)ROUNDS * (double)bytes);
    }
    qsort(runs, RUNS, sizeof *runs, by_value);
    printf("{\"what\":\"%s\",\"unit\":\"ns/byte\",\"median\":%.4g,\"min\":%.4g,"
           "\"us_a_text\":%.4g,\"n\":%d}\n",
           what, runs[RUNS / 2], runs[0],
           runs[RUNS / 2] * (double)bytes / (double)n * 1e-3, RUNS);
}

#define COUNT(a) (sizeof(a) / sizeof *(a))
static int print_texts(void) {
    for (size_t i = 0; i < COUNT(short_texts); i++)
        printf("short\t%s\n", short_texts[i]);
    for (size_t i = 0; i < COUNT(long_texts); i++)
        printf("long\t%s\n", long_texts[i]);
    return 0;
}

int main(int argc, char **argv) {
    nxc_encoder *encoder;
    nxc_error err;
    if (argc == 2 && strcmp(argv[1], "--texts") == 0) return print_texts();
    if (argc != 2) {
        fprintf(stderr, "usage: bench_tokenizer MODEL.nxm | --texts\n");
        return 2;
    }
    if (nxc_encoder_open(argv[1], NULL, NULL, &encoder, &err) != NXC_OK) {
        fprintf(stderr, "bench_tokenizer: %s\n", err.message);
        return 1;
    }
    bench(encoder, "tokenize short texts (10 words)", short_texts,
          COUNT(short_texts));
    bench(encoder, "tokenize long texts", long_texts, COUNT(long_texts));
    nxc_encoder_close(encoder);
    return 0;
}
