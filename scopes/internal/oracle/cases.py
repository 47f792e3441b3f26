"""Questions for the oracle, made from a seed alone: no JupyterHub is needed, and every version gets the same ones.

A question is a list: the operation, then its arguments. A list of scopes is one text, separated by spaces.
"""

import random

BASES = """(no_scope) self inherit admin-ui admin:users admin:auth_state users delete:users list:users read:users
read:users:name read:users:groups read:users:activity read:roles read:roles:users read:roles:services
read:roles:groups users:activity admin:servers admin:server_state servers read:servers delete:servers tokens
read:tokens admin:groups groups list:groups read:groups read:groups:name delete:groups admin:services
list:services read:services read:services:name read:hub access:servers access:services users:shares
read:users:shares groups:shares read:groups:shares read:shares shares proxy shutdown read:metrics""".split()
CUSTOM = {
    "custom:par": {"description": "x", "subscopes": ["custom:chi"]},
    "custom:chi": {"description": "x"},
    "custom:okay": {"description": "x"},
}
# What is asked about most: scopes with something above or below them.
COMMON = """servers read:servers access:servers users read:users read:users:name list:users shares read:shares
tokens groups read:groups read:services access:services admin:users admin:servers custom:par self""".split()

GROUPS = {"g1": ["alice", "bob"], "g2": ["bob", "carol"], "g3": []}
USERS = ["al", "alice", "bob", "carol", "dave"]
SERVICES = ["svc", "app"]
SERVERS = ["alice/", "alice/lab", "bob/", "carol/x", "dave/"]
# Values of filters: also such as name nothing, and servers without a slash.
VALUES = {
    "user": USERS + ["ghost", "bob=b", "al!x"],
    "group": list(GROUPS) + ["g9"],
    "service": SERVICES + ["x"],
    "server": SERVERS + ["bob/z", "ghost/q", "al/", "alice/lab/x", "lab", "alice", "bob", "x"],
}


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def bases(self, most=3):
        """A few bases that one question is about, so that its scopes meet."""
        r = self.r
        pool = COMMON if r.random() < 0.6 else BASES + list(CUSTOM)
        return [r.choice(pool) for _ in range(r.randint(1, most))]

    def filter(self, odd=0.02, short=0.15, none=0.25):
        r = self.r
        x = r.random()
        if x < odd:
            return r.choice(["!goup=a", "!user=", "!", "!server=", "!=a", "!user=user", "!group="])
        if x < odd + short:
            return r.choice(["!user", "!server", "!service"])
        if x < odd + short + none:
            return ""
        kind = r.choice(["user", "user", "group", "server", "server", "service"])
        return f"!{kind}={r.choice(VALUES[kind])}"

    def scopes(self, bases, least=0, most=5, **how):
        out = [self.r.choice(bases) + self.filter(**how) for _ in range(self.r.randint(least, most))]
        return " ".join(out)

    def expanded(self, bases, most=5, odd=0.0):
        return self.scopes(bases, 0, most, odd=odd, short=0.0)

    def raw(self, bases, least=0, most=5, **how):
        """Raw scopes of a role or token: all of them exist."""
        return self.scopes(bases, least, most, odd=0.0, **how)

    def owner(self):
        return self.r.choice([f"user {u}" for u in USERS] * 2 + [f"service {s}" for s in SERVICES])

    def client(self):
        r = self.r
        return r.choice(["", "", f"server {r.choice(SERVERS)}", f"service {r.choice(SERVICES)}"])

    # One method for each operation.

    def parse(self):
        return [self.scopes(self.bases(), 0, 6, odd=0.08)]

    def reduce(self):
        return [self.scopes(self.bases(2), 0, 7, odd=0.0, short=0.0, none=0.15)]

    def expand(self):
        r = self.r
        bases = self.bases()
        if r.random() < 0.03:
            bases.append(r.choice(["bogus", "start:servers", "Users", "read:users:"]))
        owner = r.choice([self.owner(), "", "group g1"]) if r.random() < 0.3 else self.owner()
        return [self.scopes(bases, 0, 4, odd=0.03), owner, self.client()]

    def validate(self):
        r = self.r
        bases = r.choice([BASES, list(CUSTOM), ["all", "bogus", " users", "Users", "read:users:", "custom:nope", "", "start:servers"]])
        text = r.choice(bases) + self.filter(odd=0.3)
        return [text, r.choice(["", "token", "role r-1", "share"])]

    def intersect(self):
        bases = self.bases(2)
        return [self.expanded(bases, odd=0.01), self.expanded(bases), int(self.r.random() < 0.85)]

    def has(self):
        bases = self.bases(2)
        need = self.r.choice(bases) + self.filter(odd=0.03, short=0.03, none=0.1)
        have = self.expanded(bases)
        if self.r.random() < 0.02:  # a kind of filter that nobody knows
            need = self.r.choice(bases) + self.r.choice(["!goup=a", "!=a"])
            have = f"{have} {need}".strip()
        return [need, have, int(self.r.random() < 0.85)]

    def filters(self):
        bases = self.bases(2)
        return [self.r.choice(bases), self.resource(), self.expanded(bases)]

    def resource(self):
        r = self.r
        kind = r.choice(["user", "server", "server", "group", "service"])
        return f"{kind} " + r.choice({"user": USERS, "server": SERVERS, "group": list(GROUPS), "service": SERVICES}[kind])

    def guard(self):
        bases = [b for b in self.bases(3) if not b.startswith("custom:")] or ["users"]
        r = self.r
        on = r.choice(["", self.resource()]) if r.random() < 0.3 else self.resource()
        asked = " ".join(dict.fromkeys(r.choice(bases) for _ in range(r.randint(1, 2))))
        return [asked, on, self.expanded(bases), int(r.random() < 0.97)]

    def resolve(self):
        bases = self.bases(3)
        requested, have = self.raw(bases, 1), self.raw(bases)
        if self.r.random() < 0.3:
            have += " self inherit" if self.r.random() < 0.5 else " self"
        if self.r.random() < 0.3:  # some of it literally
            have += " " + self.r.choice(requested.split())
        return [requested, have.strip(), f"user {self.r.choice(USERS)}", self.client()]

    def shares(self, grantees):
        """Shares as stored: to whom, and scopes that all carry the server's filter."""
        out = []
        for _ in range(self.r.choice([0, 0, 1, 2])):
            server = self.r.choice(SERVERS)
            what = self.r.sample(["access:servers", "servers", "read:servers", "shares", "custom:par", "admin:servers"], self.r.randint(1, 2))
            out.append([self.r.choice(grantees), server, " ".join(sorted(f"{s}!server={server}" for s in what))])
        return out

    def roles(self, bases):
        own = self.raw(bases, 0, 4)
        return ("self " + own).strip() if self.r.random() < 0.5 else own

    def session(self):
        owner = self.owner()
        bases = self.bases()
        shares = self.shares([owner, "group g1", "group g2"]) if owner.startswith("user") else []
        return [owner, self.roles(bases), {g: self.raw(bases, 0, 2) for g in ("g1", "g2")}, shares]

    def token(self):
        owner = self.owner()
        bases = self.bases()
        stored = self.raw(bases)
        if self.r.random() < 0.1:
            stored = (stored + " inherit").strip()
        shares = self.shares([owner, "group g1"]) if owner.startswith("user") else []
        return [owner, self.roles(bases), {g: self.raw(bases, 0, 2) for g in ("g1", "g2")}, shares, stored, self.client()]

    def mint(self):
        bases = self.bases()
        asked = self.raw(bases, 1, 3)
        if self.r.random() < 0.15:
            asked += " inherit"
        return [f"user {self.r.choice(USERS)}", self.roles(bases), asked, self.client()]

    def describe(self):
        return [self.scopes(self.bases(), 1, 3, odd=0.0), self.r.choice(USERS)]

    def rolename(self):
        r = self.r
        return ["".join(r.choice("abz09-_~.A \n") for _ in range(r.choice([1, 2, 3, 4, 10]))) * r.choice([1, 1, 1, 25, 26, 64])]

    def define(self):
        r = self.r
        names = ["custom:" + "".join(r.choice("ab0-_*:.A") for _ in range(r.randint(1, 4))) for _ in range(2)]
        names += ["custom:new", "custom:okay", "custom:par", "read:users", "custom:chi", "custom:new\n"]
        out = {}
        for name in r.sample(names, r.randint(1, 3)):
            d = {"description": r.choice(["x", "x", "y"])}
            if r.random() < 0.4:
                d["subscopes"] = [r.choice(names + ["custom:undef"])]
            out[name] = d
        # What contains itself is never expanded by the oracle, which would not come back (SC-333).
        return [out]

    def load(self):
        """Who holds which role before and after a start."""
        r = self.r
        names = ["user", "admin", "server", "token", "r-one", "r-two", "r-old"]
        users, services, groups = ["ann", "ben", "cat"], ["srv", "job"], ["gr1", "gr2"]

        def some(pool, chance):
            return [x for x in pool if r.random() < chance]

        before = {"users": {}, "services": {}, "groups": {}}
        for kind, pool in (("users", users), ("services", services), ("groups", groups)):
            for n in some(pool, 0.8):
                flag = kind != "groups" and r.random() < 0.3
                held = some(["r-one", "r-two", "r-old"], 0.3) + (["admin"] if flag else [])
                held += ["user"] if kind == "users" and r.random() < 0.9 else []
                before[kind][n] = {"admin": flag, "roles": held}
        entries = []
        for n in r.sample(names[:6], r.randint(0, 3)):
            e = {"name": n}
            if n not in ("admin",) and r.random() < 0.6:
                e["scopes"] = r.choice([["self"], ["read:hub"], [], ["users", "users!user=x"]])
            for kind, pool in (("users", users + ["new", "Ann"]), ("services", services), ("groups", groups + ["newg"])):
                if r.random() < 0.5:
                    e[kind] = some(pool, 0.4)
                    if "ann" in e[kind] and "Ann" in e[kind]:  # one and the same; upstream fails on it
                        e[kind].remove("Ann")
            entries.append(e)
        if entries and r.random() < 0.05:
            entries.append(dict(entries[0]))
        return [before, entries, some(users + ["nobody"], 0.2), some(users, 0.15)]


WEIGHTS = {
    "parse": 8000, "reduce": 6000, "expand": 22000, "validate": 6000, "intersect": 20000, "has": 18000, "filters": 10000,
    "guard": 6000, "resolve": 9000, "session": 3000, "token": 9000, "mint": 4000, "describe": 2000, "rolename": 1000,
    "define": 1500, "load": 700,
}


def cases(seed):
    """All questions, in order."""
    for op, n in WEIGHTS.items():
        m = Maker(f"{seed} {op}")
        for _ in range(n):
            yield [op, *getattr(m, op)()]
