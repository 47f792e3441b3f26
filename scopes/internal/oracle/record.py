#!/usr/bin/env python3
"""Asks an installed JupyterHub what its scopes mean, and keeps the answers for the Go tests to replay.

    python3 -m venv /tmp/hub && /tmp/hub/bin/pip install jupyterhub==VERSION
    /tmp/hub/bin/python record.py answer /tmp/VERSION.txt
    python3 record.py merge ../../testdata/oracle.jsonl.gz /tmp/5.5.4.txt /tmp/6.0.0b3.txt [/tmp/other-version.txt ...]

The first two files of merge are the answers for the two profiles; others must agree with one of them, and are named in
the header. README.md beside this file says more.
"""

import gzip
import json
import os
import sys

import cases as questions

SEED = 20261121


def answer(path):
    # Some of upstream's answers depend on the order of sets, and that on a seed which must be given at the start.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    from oracle import Oracle, forget, version

    hub = Oracle()
    with open(path, "w") as out:
        out.write(json.dumps({"version": version, "seed": SEED}) + "\n")
        for n, (op, *args) in enumerate(questions.cases(SEED)):
            forget()
            out.write(json.dumps(getattr(hub, op)(*args), sort_keys=True) + "\n")
            if n % 20000 == 0:
                print(n, op, file=sys.stderr)


def read(path):
    with open(path) as f:
        head, *answers = f.read().splitlines()
    return json.loads(head), answers


def merge(path, first, second, *others):
    (h55, a55), (h60, a60) = read(first), read(second)
    agreeing = {"p55": [h55["version"]], "p60": [h60["version"]]}
    for other in others:
        head, answers = read(other)
        for name, known in (("p55", a55), ("p60", a60)):
            if answers == known:
                agreeing[name].append(head["version"])
                break
        else:
            differing = sum(x != y for x, y in zip(answers, a60))
            sys.exit(f"{head['version']} agrees with neither; {differing} answers differ from {h60['version']}")
    n = 0
    # A fixed time keeps the file the same for the same answers.
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:

        def line(value):
            out.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")

        line({"seed": SEED, **agreeing})
        for case, x, y in zip(questions.cases(SEED), a55, a60, strict=True):
            line([*case, json.loads(x)] if x == y else [*case, json.loads(x), json.loads(y)])
            n += 1
    print(n, "cases", agreeing)


if __name__ == "__main__":
    {"answer": answer, "merge": merge}[sys.argv[1]](*sys.argv[2:])
