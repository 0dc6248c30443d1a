"""The feature set v1 a second time, from the documentation (docs/features.md,
docs/workflow.md, docs/sessions.md, docs/adr/0004-ngram-model.md): slow, plain,
and without a line in common with src/. compare_features.py compares the two.

Taken as given from `nextcall`: id, method, path, operationId, summary,
description, text and resource of the operations (catalog show), their parents
(the compiled catalog, docs/formats/catalog.md), the resource of a path or name,
and embeddings (embed). The rules of src/workflow/state_rules.def are data.

    catalog = Catalog(show_rows, parents, ask_resource)
    for row in features(catalog, request, candidates, vectors): ...
"""
import collections
import datetime
import re
import unicodedata

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")

# ------------------------------------------------------------------- words


def kind(c):
    """L letter, N digit, M mark, ' apostrophe, else a space."""
    if c in "'\u2019":
        return "'"
    category = unicodedata.category(c)
    return "N" if category == "Nd" else category[0] if category[0] in "LM" else " "


def fold(c):
    folded = c.casefold()
    return folded if len(folded) == 1 else c.lower()[0]


def cut(text, limit):
    """The first limit bytes, without the half of a character."""
    return text.encode()[:limit].decode(errors="ignore")


def words(text):
    """Words as src/text/words.h defines them: runs of letters and digits, marks
    within them, an apostrophe between letters; folded, at most 64 bytes."""
    found, word, before = [], "", " "
    for c, after in zip(text, text[1:] + " "):
        k = kind(c)
        if k in "LN":
            word, before = word + fold(c), k
        elif word and k == "M":
            word += fold(c)
        elif word and k == "'" and before == "L" and kind(after) == "L":
            word += "'"
        elif word:
            found.append(cut(word, 64))
            word, before = "", " "
    return found + [cut(word, 64)] if word else found


def identifier_words(text):
    """listCustomerTax_ids, HTTPServer2, userIDs: the words of a name, lower case.
    Enough for a comparison with the words of a table, which are ASCII."""
    return [w.lower() for w in
            re.findall(r"[A-Z]+s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text)]


# ------------------------------------------------------------------- verbs
# SPEC of action_verb_match, then English.

VERBS = {
    "GET": "get retrieve fetch show view browse list find search explore read look check",
    "POST": "create add new insert post submit make build generate send register open start",
    "PUT": "update modify change edit replace put set configure",
    "DELETE": "delete remove destroy erase drop clear cancel revoke",
    "PATCH": "update modify patch change edit adjust fix rename",
}
IRREGULAR = {"build": "built", "find": "found", "get": "got gotten", "make": "made",
             "put": "put", "read": "read", "send": "sent", "set": "set",
             "show": "showed shown"}  # in place of -ed
DOUBLED = {"drop", "get", "put", "set", "submit", "cancel"}  # stressed, short vowel
SINGLE_TOO = {"cancel"}  # canceled, cancelled: American, British


def forms(verb):
    """All inflected forms. Left out by choice: nouns made from verbs (creator,
    adjustment), apostrophes (list's), regular forms beside irregular ones
    (builded). "new" is no verb and stays as it is."""
    if verb == "new":
        return {verb}
    consonant_y = verb[-1] == "y" and verb[-2] not in "aeiou"
    if consonant_y:
        third = verb[:-1] + "ies"
    else:
        third = verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh")) else "s")
    stems = {verb + verb[-1]} if verb in DOUBLED else {verb}
    if verb in SINGLE_TOO:
        stems.add(verb)
    if verb[-1] == "e":
        stems = {verb[:-1]}
    past = IRREGULAR[verb].split() if verb in IRREGULAR else \
        [verb[:-1] + "ied"] if consonant_y else [s + "ed" for s in stems]
    return {verb, third, *past, *(s + "ing" for s in stems)}


METHODS_OF_WORD = collections.defaultdict(set)
for _method, _verbs in VERBS.items():
    for _verb in _verbs.split():
        for _form in forms(_verb):
            METHODS_OF_WORD[_form].add(_method)

# ------------------------------------------------------------------ n-grams


class Level:
    """Counts of one order: context -> word -> count, smoothed over a lower one."""

    def __init__(self, counts, lower):
        self.rows = collections.defaultdict(dict)
        for (*context, word), n in counts.items():
            self.rows[tuple(context)][word] = n
        self.lower = lower
        n1 = sum(n == 1 for n in counts.values())
        n2 = sum(n == 2 for n in counts.values())
        self.discount = n1 / (n1 + 2 * n2) if n1 and n2 else None

    def p(self, context, word):
        lower = self.lower(context[1:], word)
        row = self.rows.get(context)
        if not row:
            return lower
        total, different = sum(row.values()), len(row)
        if self.discount is None:  # Witten-Bell
            return (row.get(word, 0) + different * lower) / (total + different)
        return (max(row.get(word, 0) - self.discount, 0)
                + self.discount * different * lower) / total


class Ngram:
    """Interpolated Kneser-Ney, docs/adr/0004-ngram-model.md."""

    def __init__(self, texts):
        c2, c3 = collections.Counter(), collections.Counter()
        for text in texts:
            s = ["<s>", *words(text), "</s>"]
            c2.update(zip(s, s[1:]))
            c3.update(zip(s, s[1:], s[2:]))
        before1 = collections.Counter((w,) for _, w in c2)
        before2 = collections.Counter((v, w) for _, v, w in c3)
        before2.update({vw: n for vw, n in c2.items() if vw[0] == "<s>"})
        uniform = 1 / (len({w for vw in c2 for w in vw} - {"<s>", "</s>"}) + 2)
        unigram = Level(before1, lambda *_: uniform)
        self.bigram = Level(c2, unigram.p)
        self.trigram = Level(c3, Level(before2, unigram.p).p)

    def means(self, prompt):
        s = ["<s>", *words(prompt), "</s>"]
        n = len(s) - 1
        padded = ["<s>", *s]
        return (sum(self.bigram.p((v,), w) for v, w in zip(s, s[1:])) / n,
                sum(self.trigram.p((u, v), w)
                    for u, v, w in zip(padded, s, s[1:])) / n)


# ----------------------------------------------------------------- workflow

BROWSE, EDIT, CONFIRM, SAVE, START = "BROWSE", "EDIT", "CONFIRM", "SAVE", "START"
COLD = [[.0, .9, .1], [.3, .4, .3], [.6, .2, .2]]
PATTERNS = {  # states, matrix, what a missing state stands for
    "browse_edit_save": ([BROWSE, EDIT, SAVE], [[.1, .8, .1], [.2, .3, .5], [.7, .2, .1]],
                         {START: BROWSE, CONFIRM: SAVE}),
    "browse_confirm_save": ([BROWSE, CONFIRM, SAVE], [[.1, .7, .2], [.3, .2, .5], [.8, .1, .1]],
                            {START: BROWSE, EDIT: SAVE}),
    "cold_start_create": ([START, EDIT, SAVE], COLD, {BROWSE: START, CONFIRM: SAVE}),
    "cold_start_browse": ([START, BROWSE, SAVE], COLD, {EDIT: SAVE, CONFIRM: SAVE}),
}


def state_rules(text):
    """Rows of state_rules.def: (methods, place, word, state)."""
    rows = re.findall(r'^NXC_STATE_RULE\(([^,]+), (\w+), "(.*?)", (\w+)\)', text, re.M)
    sets = {"READ": {"GET", "HEAD", "OPTIONS", "TRACE"}, "WRITE": {"POST", "PUT", "PATCH"},
            "POST": {"POST"}, "DELETE": {"DELETE"}, "TOOL": {""}}
    return [(set().union(*(sets[m] for m in methods.split(" | "))), place, word, state)
            for methods, place, word, state in rows]


def action_segment(path):
    """The last segment, unless it is a parameter; what follows a colon in it."""
    segment = re.split(r"[?#]", path)[0].rstrip("/").split("/")[-1]
    if re.search(r".:[^}]*$", segment):
        return segment.rsplit(":", 1)[1]
    return "" if "{" in segment or segment.startswith(":") else segment


def state(rules, method, path, name):
    """State of an operation, or of a call that no catalog knows."""
    own_name = [n for n in re.split(r"[./:#\\]|__", name) if n][-1:]
    said = {"SEGMENT": identifier_words(action_segment(path)),
            "VERB": identifier_words("".join(own_name))}
    for place, w in said.items():  # its first word, else its last, of the table
        table = {r[2] for r in rules if r[1] == place}
        w = [x for i, x in enumerate(w) if x in table and (i == 0 or w[0] not in table)]
        said[place] = w[-1] if w else None
    method = method if any(method in r[0] for r in rules) else ""
    return next(r[3] for r in rules
                if method in r[0] and (r[1] == "ALONE" or r[2] == said[r[1]]))


def entry(pattern, a, b):
    states, matrix, stands_for = PATTERNS[pattern]
    return matrix[states.index(stands_for.get(a, a))][states.index(stands_for.get(b, b))]


QUESTIONS = set("are did do does had has have how is was were what when where which who "
                "whose why".split())
UP = {"set": "create", "setting": "create", "spin": "create", "spinning": "create",
      "pull": "read"}
READ_CUES = set("compare display examine inspect overview see summarise summarize tell".split())
CREATE_CUES = set("draft enter launch prepare schedule".split())


def cold_intent(w):
    """read, create or None: what the words of a prompt want first."""
    methods = [METHODS_OF_WORD[x] for x in w if x in METHODS_OF_WORD]
    for m in methods:
        if m & {"GET", "POST"}:
            return "read" if "GET" in m else "create"
    if w and w[0] in QUESTIONS:
        return "read"
    for i, x in enumerate(w):
        before = [UP[y] for y in w[:i] if y in UP]
        if x == "up" and before:
            return before[-1]
    if methods:
        return None
    return "create" if w and w[0] in CREATE_CUES else "read" if READ_CUES & set(w) else None


def recognise(history, prompt):
    """(pattern, confidence) of a history: (method, state) of its calls, oldest first."""
    w = words(prompt)
    intent = cold_intent(w)
    updates = any({"PUT", "PATCH"} & METHODS_OF_WORD[x] for x in w if x in METHODS_OF_WORD)
    if not history:
        pattern = {"read": "cold_start_browse", "create": "cold_start_create"}.get(intent)
        return (pattern, 0.9) if pattern else ("none", 0.25)
    names = list(PATTERNS)[:3]
    weights = [1 + updates, 1, 1 + (intent == "create")]
    prior = posterior = [x / sum(weights) for x in weights]
    coverage, previous = [0, 0, 0], None
    for method, s in history:
        product = []
        for i, name in enumerate(names):
            own = PATTERNS[name][0]
            foreign = s not in own
            coverage[i] += (.5 if foreign else 1) / len(history)
            if name == "cold_start_create":  # looking around is not having started
                p = entry(name, previous or START, s)
                p *= .25 if (foreign and s != BROWSE and previous) or \
                    (s == EDIT and method in ("PUT", "PATCH") and not previous) else 1
                p = max(p, .02)
            elif previous:
                p = max(entry(name, previous, s) * (.25 if foreign else 1), .02)
            else:
                p = .05 / 4 if foreign else (.8, .15, .05)[own.index(s)]
            product.append((.98 * posterior[i] + .02 * prior[i]) * p)
        posterior, previous = [p / sum(product) for p in product], s
    confidence, pattern = max(zip((p * c for p, c in zip(posterior, coverage)), names),
                              key=lambda pair: pair[0])
    return pattern, confidence


# ---------------------------------------------------------- session, catalog


def seconds(value):
    """A time of docs/sessions.md in seconds since 1970."""
    if value is None:
        return None
    if isinstance(value, str):
        m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?"
                         r"([Zz]|([+-])(\d\d):?(\d\d))?", value)
        if m:
            day = datetime.date(*map(int, m.group(1, 2, 3))) - datetime.date(1970, 1, 1)
            h, mi, s = map(int, m.group(4, 5, 6))
            offset = int(m[10]) * 60 + int(m[11]) if m[9] else 0
            offset = -offset if m[9] == "-" else offset
            return ((day.days * 24 + h) * 60 + mi - offset) * 60 + s + float(m[7] or 0)
    value = float(value)
    return value / 1000 if abs(value) >= 1e11 else value


def parse_call(call):
    """(method, path, name, timestamp, resource) as written, "" where absent."""
    if isinstance(call, str):
        call = {"call": call}
    call = {k: v for k, v in call.items() if v is not None}
    when = next((call[k] for k in ("timestamp", "time", "ts") if k in call), None)
    key = next((k for k in ("call", "operation", "api_call", "endpoint", "path", "name")
                if k in call), None)
    text, method = call.get(key, "").strip(), call.get("method", "").upper()
    m = re.fullmatch(r"([A-Za-z]+)\s+((?:\w+://|/).*?)(?:\s+HTTP/\S+)?", text)
    path = name = ""
    if m:
        method, path = m[1].upper(), m[2]
    elif text.startswith("/") or "://" in text:
        path = text
    else:
        name = text
    path = re.sub(r"^\w+://[^/]*", "", path)
    return method, path, name, seconds(when), call.get("resource", "")


def is_id(segment):
    """Whether a segment of a concrete path looks like an id (docs/sessions.md)."""
    if re.search(r"[^A-Za-z0-9_.-]", segment):
        return True
    behind = re.split("[-_]", segment)[-1] if re.search("[-_]", segment) else ""
    upper, lower, digit = (re.search(x, segment) for x in ("[A-Z]", "[a-z]", "[0-9]"))
    if not digit:
        return bool(len(behind) >= 8 and upper and lower)
    return bool(re.fullmatch(r"[0-9]+|[0-9a-fA-F-]{7,}", segment) or upper and len(segment) > 3
                or re.search("[0-9]", behind))


Call = collections.namedtuple("Call", "method resource state time known")


class Catalog:
    """operations: rows of `catalog show --json` with parents; ask(path, name):
    the resource of one of the two, or "none"."""

    def __init__(self, operations, rules, ask):
        self.operations, self.rules, self.ask = operations, rules, ask
        self.by_name = {}
        for key in ("id", "operationId"):
            for op in operations:
                self.by_name.setdefault(op[key], op)
        self.resources, self.related = set(), set()
        for op in operations:
            chain = [r for r in (*op["parents"], op["resource"]) if r != "none"]
            self.resources.update(chain)
            self.related.update((a, b) for a in chain for b in chain if a != b)
            op["state"] = state(rules, op["method"], op["path"], op["operationId"])
        texts = [cut(op[k], 1024) for op in operations
                 for k in ("text", "summary", "description")]
        self.ngram = Ngram(t for t in texts if t.strip())

    def match(self, method, path):
        """The operation of a concrete path: static segments win from the left."""
        want = [s for s in re.split(r"[?#]", path)[0].split("/") if s]
        best = None
        for op in self.operations:
            have = [s for s in op["path"].split("/") if s]
            if op["method"] != method or len(have) != len(want) or op["webhook"]:
                continue
            score = []
            for h, w in zip(have, want):
                literals = re.split(r"\{[^}]*\}", h)
                if not re.fullmatch(".+".join(map(re.escape, literals)), w):
                    break
                score.append((len(literals) == 1, sum(map(len, literals))))
            else:
                if best is None or score > best[0]:
                    best = score, op
        return best and best[1]

    def resolve(self, call):
        method, path, name, time, resource = parse_call(call)
        op = self.match(method, path) if path and method else \
            self.by_name.get(name) if name else None
        if op:
            return Call(op["method"], op["resource"], op["state"], time, True)
        segments = [s for s in re.split(r"[?#]", path)[0].split("/") if s]
        template = "/" + "/".join("{}" if is_id(s) else s for s in segments)
        said = [self.ask(template, "") if path else self.ask("", name) if name else "",
                self.ask("/" + resource, "") if resource else ""]
        known = [s for s in said if s in self.resources] + ["unknown"]
        return Call(method, known[0],
                    state(self.rules, method, path, name), time, False)

    def session(self, history):
        calls = [self.resolve(c) for c in history]
        if all(c.time is not None for c in calls):
            calls.sort(key=lambda c: c.time)  # stable
        return calls


# ------------------------------------------------------------------ features


def code(method):
    return method if method in METHODS else "UNKNOWN"


def features(catalog, request, candidates, vectors):
    """Answer of a request: (pattern, confidence, unknown calls, a dict for each
    candidate). vectors: text -> float64 array; None without an
    encoder."""
    prompt = request.get("prompt") or ""
    calls = catalog.session(request.get("history") or [])
    now, start = seconds(request.get("now")), seconds(request.get("session_start"))
    times = [c.time for c in calls if c.time is not None]
    start = start if start is not None else min(times, default=None)
    pattern, confidence = recognise([(c.method, c.state) for c in calls], prompt)
    pattern = pattern if confidence >= .7 else "none"
    shared = {
        "last_endpoint_type": code(calls[-1].method) if calls else "NONE",
        "last_resource": calls[-1].resource if calls else "none",
        "time_since_last": -1.0 if not times else
        None if now is None else max(now - times[-1], 0),
        "session_length": 0.0 if start is None else
        None if now is None else max(now - start, 0) / 60,
        "bigram_prob": None, "trigram_prob": None,
    }
    if prompt:
        shared["bigram_prob"], shared["trigram_prob"] = catalog.ngram.means(prompt)
    prompt_methods = set().union(*(METHODS_OF_WORD.get(w, ()) for w in words(prompt)))
    rows = []
    for op in candidates:
        resource = op["resource"]
        recent, recent5 = ([c.resource for c in calls[-n:] if c.resource != "none"]
                           for n in (3, 5))
        p = .5
        if pattern != "none":
            p = entry(pattern, calls[-1].state if calls else START, op["state"])
            if resource in recent:
                p += .2
            elif any((resource, r) in catalog.related for r in recent):
                p += .1
        rows.append({
            **shared, "endpoint_type": code(op["method"]),
            "resource_match": float(resource in recent5),
            "workflow_distance": 1 - min(p, 1),
            "prompt_similarity": None if not prompt or vectors is None else
            min(max(float(vectors[prompt] @ vectors[op["text"]]), 0), 1),
            "action_verb_match": float(op["method"] in prompt_methods) if prompt else None,
        })
    return pattern, confidence, sum(not c.known for c in calls), rows
