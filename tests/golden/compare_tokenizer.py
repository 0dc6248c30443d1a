#!/usr/bin/env python3
"""Compare the tokenizer with the Python package tokenizers, id for id.

    compare_tokenizer.py --program build/dev/tests/tokenize_lines
                         --model DIR [--data DIR] [--quick] [--seed N]

--model   folder with tokenizer.json and vocab.txt of all-MiniLM-L6-v2; default
          $NXC_MODEL_DIR, or ~/.cache/nextcall/model
--data    folder with *.catalog.jsonl and *.scenarios.jsonl: every string in
          them is compared
--quick   fewer random texts and a sample of the code points (default tests)

Compared, each with truncation at 256 ids: the traps; every code point between
two letters; seeded random texts of all kinds, malformed bytes included (the
reference gets bytes.decode("utf-8", "replace")); the data. All but the data run
twice: with the model's vocabulary and with one in which every code point is a
piece, so that no difference hides behind [UNK].
Exit code 0: no difference; 1: differences; 77: skipped, the package or the
model is not there (the package is also looked for in the folders venv* under
~/.cache/nextcall).
"""
import argparse
import glob
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or
                     os.path.expanduser("~/.cache"), "nextcall")
MAX_IDS = 256
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


# ---- the two sides

def ours(program, vocab, texts):
    data = b"".join(struct.pack("<I", len(t)) + t for t in texts)
    done = subprocess.run([program, vocab, str(MAX_IDS)], input=data,
                          stdout=subprocess.PIPE, check=True)
    words = memoryview(done.stdout).cast("I")
    out, at = [], 0
    for _ in texts:
        n, cut = words[at] & 0x7FFFFFFF, words[at] >> 31
        out.append((list(words[at + 1:at + 1 + n]), bool(cut)))
        at += 1 + n
    assert at == len(words)
    return out


def theirs(tokenizer, texts):
    out = []
    for at in range(0, len(texts), 10000):
        batch = [t.decode("utf-8", "replace") for t in texts[at:at + 10000]]
        out += [(e.ids, bool(e.overflowing))
                for e in tokenizer.encode_batch(batch)]
    return out


def model_tokenizer(folder):
    from tokenizers import Tokenizer
    t = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    t.no_padding()
    t.enable_truncation(MAX_IDS)
    return t


def every_code_point_tokenizer(path):
    """A WordPiece model with each code point, and its vocabulary as a file."""
    from tokenizers import (AddedToken, Tokenizer, models, normalizers,
                            pre_tokenizers, processors)
    chars = [chr(cp) for first, last in ((0x21, 0x33000), (0xE0000, 0xE1000))
             for cp in range(first, last)
             if not 0xD800 <= cp < 0xF900 and not 0x7F <= cp < 0xA0]
    pieces = SPECIALS + chars + ["##" + c for c in chars]
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write("\n".join(pieces) + "\n")
    vocab = {p: i for i, p in enumerate(pieces)}
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]",
                                   max_input_chars_per_word=100))
    t.add_special_tokens([AddedToken(s, normalized=False, special=True)
                          for s in SPECIALS])
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
    t.enable_truncation(MAX_IDS)
    return t


# ---- the texts

TRAPS = [
    "", " ", "\t\n\r", "\u3000", "hello world", "Hello, World!", "unaffable",
    "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[cls]", "[ CLS ]", "[CLS",
    "CLS]", "[[CLS]]", "foo[SEP]bar", "foo[SEP][SEP]bar[MASK]", "[CL\0S]",
    "[C\u0301LS]", "a[UNK]\u0301b", "\u0301[PAD]\u302e", "\uff3bCLS\uff3d",
    "a\x0bb", "a\x0cb", "a\x85b", "a\u200bb", "a\u200db", "a\ufeffb",
    "a\xadb", "a\x00b", "a\ufffdb", "a\x1cb", "a\x7fb", "a\u2028b",
    "a\u2029b", "a\u202fb", "a\u205fb", "a\u180eb", "a\u1680b", "a\xa0b",
    "\u00e9", "e\u0301", "\u00c9COLE", "na\u00efve r\u00e9sum\u00e9",
    "\u0130stanbul", "I\u0307", "\u1e9e STRASSE", "stra\u00dfe", "\u212a",
    "\u2126", "\u212b", "\ufb01ne", "\uff21\uff22", "\u2460", "\u03a3\u039f"
    "\u03a6\u039f\u03a3", "\u03c2", "\u01c5", "\u1f88", "\u0345",
    "\u4e2d\u6587", "a\u4e2db", "\u3042\u30ab\u306a", "\ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab", "\uf900", "\ufa0e", "\U0002f800", "\U0002b820",
    "\U0002b91f", "\U0002b920", "\U0002b81f", "\U00030000", "\u3400\u4dbf",
    "\u9fff\ua000", "\U00020000\U0002a6df\U0002a6e0", "\U0002ceaf\U0002ceb0",
    "\u20ac5", "5\u20ac", "20\u00b0C", "\u00b15", "3\u00d74", "a\u2603b",
    "hello\u2603world", "\U0001f600", "a\U0001f600b", "\u2260", "a\u226eb",
    "a\u226fb", "a\u1fefb", "a\u037eb", "a\u1734b", "a\u166db", "a\u2329b",
    "$+<=>^`|~", "a$b+c<d=e>f^g`h|i~j", "a_b", "a-b", "don't", "a\u2019b",
    "\u201cq\u201d", "a\u2014b", "...", "a...b", "\u2026", "!\u0301a",
    "x" * 99, "x" * 100, "x" * 101, "x" * 1000, "\u00e9" * 100,
    "\u00e9" * 101, "e\u0301" * 100, "e\u0301" * 101, "\u4e2d" * 101,
    "\ud55c" * 33, "\ud55c" * 34, "a" + "\u302e" * 99, "a" + "\u302e" * 100,
    "\U0001f600" * 100, "\U0001f600" * 101, "x" * 100 + "\u200b" + "x",
    "x" * 100 + "\u0301", "a " * 253, "a " * 254, "a " * 255, "a" * 254,
    "a," * 126, "a," * 127, "a," * 128, "a " * 253 + "unaffable",
    "a " * 252 + "unaffablexx\u2603", "a " * 254 + "\u0301\u200b \t",
    "a " * 254 + "[SEP]", "a " * 253 + "x" * 101 + " b",
    "a\u302e\u302ab", "a\U0001d165\u302eb", "\U0001d15e", "\U0001d160\u302e",
    "\u302e\u302a", "a\u302e\u034f\u302ab", "a\u302e\u0301\u302ab",
    "a\u302e\u200b\u302ab", "a\u302e\x00\u302a", "\u0344", "\u0f73",
    "\u0f71\u0f72\u0f74", "\u0958", "\u0bca", "\u0dde", "\u1026",
    "GET /v1/customers/{id}", "listCustomerTax_ids", "POST /v1/refunds",
    "https://api.example.com/v2/items?limit=10&q=a%20b", "user@example.com",
    "v1.2.3-beta+build.5", "C++ & C#", "100%", "1,234.56", "#tag", "##ing",
    "a##ing", "###", "\\n", "<b>x</b>", "{\"a\": [1, 2]}", "\u00bd", "\u0661",
]
BAD_BYTES = [
    b"\x80", b"a\xffb", b"\xc0\x80", b"\xc3", b"a\xc3", b"\xc3(", b"\xe2\x82",
    b"\xe2\x82(", b"\xe2(\xa1", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xee\x80",
    b"\xf0\x9f\x98", b"a\xf0\x9f\x98b", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80"
    b"\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe0\x9f\xbf",
    b"\xef\xbf\xbd", b"\xef\xbf", b"\xc3\xa9\xc3", b"[CLS\xff]", b"\xff[SEP]",
]


def random_texts(seed, n):
    """Byte strings of every kind that the rules of the tokenizer tell apart."""
    rng = random.Random(seed)
    cps = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
    by_category = {}
    for cp in cps:
        by_category.setdefault(unicodedata.category(chr(cp)), []).append(cp)
    classed = [cp for cp in cps if unicodedata.combining(chr(cp))]
    composed = [cp for cp in cps if unicodedata.decomposition(chr(cp))]
    late = list(range(0x8d0, 0x900)) + list(range(0x1ab0, 0x1b00)) + \
        list(range(0x302a, 0x3030)) + list(range(0x1d165, 0x1d173)) + \
        list(range(0x10f46, 0x10f51)) + list(range(0x1e000, 0x1e02b)) + \
        list(range(0x11a00, 0x11a99)) + [0x34f, 0x16ff0, 0x10a0d, 0x10eab]
    words = ("get list create update delete customer invoice subscription "
             "payment API Webhook OAuth2 re-try can't users' v1 id_ JSON "
             "internationalization misconfigured").split()

    def pick_range(a, b):
        return lambda: chr(rng.randrange(a, b))

    def pick(seq):
        return lambda: chr(rng.choice(seq))

    makers = [
        (6, lambda: rng.choice(words)), (4, lambda: " "),
        (5, pick_range(0x61, 0x7b)), (3, pick_range(0x21, 0x7f)),
        (2, pick_range(0, 0x20)), (3, pick_range(0xa0, 0x250)),
        (2, pick_range(0x300, 0x370)), (2, pick_range(0x370, 0x600)),
        (2, pick_range(0x600, 0x1200)), (2, pick_range(0x1e00, 0x2300)),
        (2, pick_range(0x2000, 0x2070)), (2, pick_range(0x4e00, 0xa000)),
        (1, pick_range(0x3000, 0x3100)), (1, pick_range(0xac00, 0xd7a4)),
        (1, pick_range(0x1100, 0x1200)), (1, pick_range(0xf900, 0x10000)),
        (1, pick_range(0x10000, 0x20000)), (1, pick_range(0x20000, 0x32000)),
        (1, pick_range(0xe0000, 0xe0200)), (1, pick_range(0x30000, 0x110000)),
        (3, pick(classed)), (3, pick(late)), (2, pick(composed)),
        (3, lambda: chr(rng.choice(by_category[rng.choice(categories)]))),
        (1, lambda: rng.choice(SPECIALS + ["[", "]", "[CLS"])),
        (1, lambda: "".join(chr(rng.choice(late))
                            for _ in range(rng.randrange(1, 12)))),
    ]
    categories = sorted(c for c in by_category)
    weights, functions = zip(*makers)
    out = []
    for i in range(n):
        few = rng.choices(functions, weights, k=rng.randrange(1, 6))
        size = rng.choice((1, 2, 3, 5, 8, 13, 21, 40, 130, 300)[:10 - i % 3])
        text = "".join(rng.choice(few)() for _ in range(size))
        raw = text.encode("utf-8", "replace")
        if i % 4 == 3:  # malformed: bytes lost, changed, put in
            b = bytearray(raw)
            for _ in range(rng.randrange(1, 5)):
                at = rng.randrange(len(b) + 1)
                kind = rng.randrange(4)
                if kind == 0:
                    b[at:at] = rng.choice(BAD_BYTES)
                elif kind == 1:
                    b[at:at] = bytes([rng.randrange(0x80, 0x100)])
                elif kind == 2:
                    del b[at:at + rng.randrange(1, 3)]
                elif at < len(b):
                    b[at] = rng.randrange(256)
            raw = bytes(b)
        out.append(raw)
    return out


def code_points(step):
    return [("a" + chr(cp) + "b").encode() for cp in range(0, 0x110000, step)
            if not 0xD800 <= cp < 0xE000]


def strings_in(value, out):
    if isinstance(value, str):
        out.append(value.encode("utf-8", "replace"))
    elif isinstance(value, list):
        for v in value:
            strings_in(v, out)
    elif isinstance(value, dict):
        for v in value.values():
            strings_in(v, out)


def data_texts(folder):
    """Every distinct string of the files, and each operation as one text."""
    out = []
    for path in sorted(glob.glob(os.path.join(folder, "*.catalog.jsonl")) +
                       glob.glob(os.path.join(folder, "*.scenarios.jsonl"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                row = []
                strings_in(json.loads(line), row)
                out += row + [b" ".join(row)]
    return list(dict.fromkeys(out))


# ---- the comparison

def compare(name, program, vocab, tokenizer, texts):
    got = ours(program, vocab, texts)
    want = theirs(tokenizer, texts)
    bad = [i for i in range(len(texts)) if got[i] != want[i]]
    n_ids = sum(len(ids) for ids, _ in want)
    n_cut = sum(cut for _, cut in want)
    print("%-34s %8d texts %9d ids %6d truncated %6d different"
          % (name, len(texts), n_ids, n_cut, len(bad)), flush=True)
    for i in bad[:5]:
        at = next((k for k, (a, b) in enumerate(zip(got[i][0], want[i][0]))
                   if a != b), min(len(got[i][0]), len(want[i][0])))
        print("  %r\n    at id %d: expected %s, got %s" %
              (texts[i][:200], at, want[i][0][at:at + 8],
               got[i][0][at:at + 8]))
    return len(bad)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--program", required=True)
    ap.add_argument("--model", default=os.environ.get("NXC_MODEL_DIR") or
                    os.path.join(CACHE, "model"))
    ap.add_argument("--data")
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    vocab = os.path.join(args.model, "vocab.txt")
    try:
        import tokenizers
    except ImportError:
        for found in sorted(glob.glob(os.path.join(
                CACHE, "venv*", "lib", "python3*", "site-packages",
                "tokenizers"))):
            python = os.path.join(found.split("/lib/python3")[0], "bin/python3")
            if not found.startswith(sys.prefix + os.sep):
                os.execv(python, [python] + sys.argv)
        print("skipped: the Python package tokenizers is not installed")
        return 77
    print("reference: tokenizers", tokenizers.__version__)
    sides = []
    if os.path.exists(vocab):
        sides.append(("model", vocab, model_tokenizer(args.model)))
    else:
        print("no model in %s: its vocabulary is not compared" % args.model)
    n = 5000 if args.quick else 200000
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vocab.txt")
        sides.append(("code points", path, every_code_point_tokenizer(path)))
        texts = [("traps", [t.encode() for t in TRAPS] + BAD_BYTES),
                 ("every code point",
                  code_points(61 if args.quick else 1)),
                 ("random, seed %d" % args.seed, random_texts(args.seed, n))]
        for vocab_name, path, tokenizer in sides:
            for name, list_ in texts:
                bad += compare("%s / %s" % (vocab_name, name), args.program,
                               path, tokenizer, list_)
            if args.data and vocab_name == "model":
                bad += compare("model / data", args.program, path, tokenizer,
                               data_texts(args.data))
    print("%d differences" % bad)
    if bad:
        return 1
    return 0 if len(sides) == 2 else 77


if __name__ == "__main__":
    sys.exit(main())
