"""Puts questions to the JupyterHub that is installed, over an in-memory database. Answers are texts; an error is "!" and its kind."""

import asyncio
import logging
import warnings
from types import SimpleNamespace

import cases as world
from jupyterhub import orm, roles, scopes
from jupyterhub import __version__ as version  # noqa: F401
from jupyterhub._memoize import LRUCache
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from sqlalchemy.exc import IntegrityError
from tornado import web

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def listed(some):
    return " ".join(sorted(some))


class Ordered(set):
    """A set that is gone through in order: upstream's order is arbitrary where it matters (SC-420)."""

    def __iter__(self):
        return iter(sorted(set.__iter__(self)))

    def difference(self, *others):
        return Ordered(set.difference(self, *others))

    def intersection(self, *others):
        return Ordered(set.intersection(self, *others))


def forget():
    """Empties upstream's caches: an answer is not to depend on the question before (Q-7)."""
    for f in vars(scopes).values():
        for cell in getattr(f, "__closure__", None) or ():
            if isinstance(cell.cell_contents, LRUCache):
                cell.cell_contents._cache.clear()


class Oracle:
    def __init__(self):
        self.db = db = orm.new_session_factory()()
        scopes.define_custom_scopes(world.CUSTOM)
        self.groups = {g: orm.Group(name=g) for g in world.GROUPS}
        self.users = {u: orm.User(name=u) for u in world.USERS}
        self.services = {s: orm.Service(name=s) for s in world.SERVICES}
        for each in (self.groups, self.users, self.services):
            db.add_all(each.values())
        for g, members in world.GROUPS.items():
            self.groups[g].users = [self.users[m] for m in members]
        self.clients = {"": orm.OAuthClient(identifier="jupyterhub")}
        self.servers = {}
        for s in world.SERVERS:
            owner, name = s.split("/")
            client = orm.OAuthClient(identifier=f"server-{s}")
            self.servers[s] = orm.Spawner(name=name, user=self.users[owner], oauth_client=client)
            self.clients[f"server {s}"] = client
        for s in world.SERVICES:
            client = orm.OAuthClient(identifier=f"service-{s}")
            self.services[s].oauth_client = client
            self.clients[f"service {s}"] = client
        db.add_all([*self.clients.values(), *self.servers.values()])
        db.commit()

    def entity(self, text):
        if not text:
            return None
        kind, name = text.split(" ")
        return {"user": self.users, "service": self.services, "group": self.groups, "server": self.servers}[kind][name]

    # Sets

    def parse(self, text):
        try:
            parsed = scopes.parse_scopes(sorted(set(text.split())))
        except ValueError:
            return "!empty"
        return {b: "*" if f == scopes.Scope.ALL else {k: listed(v) for k, v in f.items()} for b, f in sorted(parsed.items())}

    def reduce(self, text):
        return listed(scopes.reduce_scopes(frozenset(text.split())))

    def expand(self, text, owner, client):
        try:
            return listed(scopes.expand_scopes(text.split(), self.entity(owner), self.clients[client] if client else None))
        except KeyError:
            return "!unknown"
        except ValueError:
            return "!empty"

    def validate(self, text, who):
        try:
            scopes._check_scopes_exist([text], who_for=who)
        except scopes.ScopeNotFound as e:
            return e.args[0]
        return ""

    def intersect(self, a, b, live):
        try:
            return listed(scopes._intersect_expanded_scopes(set(a.split()), set(b.split()), db=self.db if live else None))
        except ValueError:
            return "!empty"

    # Checks

    def has(self, need, have, live):
        try:
            return int(scopes.has_scope(need, set(have.split()), db=self.db if live else None))
        except ValueError as e:
            return "!unexpanded" if "Unexpanded" in str(e) else "!empty"

    def filters(self, base, on, have):
        parsed = scopes.parse_scopes(have.split())
        if base not in parsed:
            return 0
        return int(scopes.check_scope_filter(parsed[base], self.entity(on), on.split(" ")[0]))

    def guard(self, bases, on, have, known):
        expanded = set(have.split())
        handler = SimpleNamespace(
            current_user=self.users["alice"] if known else None,
            expanded_scopes=expanded,
            parsed_scopes=scopes.parse_scopes(expanded),
            db=self.db,
            request=SimpleNamespace(path="/"),
        )
        kind, _, name = on.partition(" ")
        owner, _, server = name.partition("/")
        wrap = scopes.needs_scope(*bases.split())
        handlers = {
            "": (lambda self: None, {}),
            "user": (lambda self, user_name: None, {"user_name": name}),
            "server": (lambda self, user_name, server_name: None, {"user_name": owner, "server_name": server}),
            "group": (lambda self, group_name: None, {"group_name": name}),
            "service": (lambda self, service_name: None, {"service_name": name}),
        }
        f, args = handlers[kind]
        try:
            wrap(f)(handler, **args)
        except web.HTTPError as e:
            return f"{e.status_code} {e.log_message}"
        return "ok"

    def resolve(self, requested, have, owner, client):
        allowed, denied = scopes._resolve_requested_scopes(
            Ordered(requested.split()), Ordered(have.split()), self.entity(owner), self.clients[client], self.db
        )
        return [listed(allowed), listed(denied)]

    # Owners and tokens

    def hold(self, owner, own, of_groups, shares):
        """Gives roles and shares, for one question."""
        held = self.entity(owner)
        gone = []

        def role(holder, name, text):
            r = orm.Role(name=name, scopes=text.split())
            self.db.add(r)
            holder.roles = [r]
            gone.append(r)

        role(held, "own-role", own)
        for g, text in of_groups.items():
            role(self.groups[g], f"role-{g}", text)
        for grantee, server, text in shares:
            spawner = self.servers[server]
            to = self.entity(grantee)
            share = orm.Share(owner=spawner.user, spawner=spawner, scopes=text.split(), **{grantee.split(" ")[0]: to})
            self.db.add(share)
            gone.append(share)
        self.db.flush()
        self.db.expire_all()
        return held

    def session(self, owner, own, of_groups, shares):
        held = self.hold(owner, own, of_groups, shares)
        out = listed(scopes.get_scopes_for(held))
        self.db.rollback()
        return out

    def token(self, owner, own, of_groups, shares, stored, client):
        held = self.hold(owner, own, of_groups, shares)
        kind = owner.split(" ")[0]
        token = orm.APIToken(hashed="x", prefix="x", scopes=stored.split(), oauth_client=self.clients[client], **{kind: held})
        self.db.add(token)
        self.db.flush()
        out = listed(scopes.get_scopes_for(token))
        self.db.rollback()
        return out

    def mint(self, owner, own, asked, client):
        held = self.hold(owner, own, {}, [])
        try:
            scopes._check_token_scopes(asked.split(), held, self.clients[client])
            out = ""
        except ValueError as e:
            text = str(e)
            out = listed(text[text.index("scopes ") + 7 : text.index(" not held")].split(","))
        self.db.rollback()
        return out

    # Texts and definitions

    def describe(self, text, user):
        return [[d["scope"], d["filter"]] for d in scopes.describe_raw_scopes(text.split(), user)]

    def rolename(self, name):
        try:
            roles._validate_role_name(name)
        except roles.InvalidNameError:
            return 0
        return 1

    def define(self, custom):
        before = dict(scopes.scope_definitions)
        try:
            scopes.define_custom_scopes(custom)
        except ValueError:
            return 0
        finally:
            scopes.scope_definitions.clear()
            scopes.scope_definitions.update(before)
        return 1

    def load(self, before, entries, allowed, admins):
        db = orm.new_session_factory()()
        for role in [*roles.get_default_roles(), *({"name": n, "scopes": ["read:hub"]} for n in ("r-one", "r-two", "r-old"))]:
            roles.create_role(db, role)
        kinds = {"users": orm.User, "services": orm.Service, "groups": orm.Group}
        for kind, cls in kinds.items():
            for name, state in before[kind].items():
                thing = cls(name=name)
                if kind != "groups":
                    thing.admin = state["admin"]
                thing.roles = [orm.Role.find(db, r) for r in state["roles"]]
                db.add(thing)
        db.commit()
        app = JupyterHub(load_roles=[dict(e) for e in entries])
        app.db = db
        app.authenticator = Authenticator(allowed_users=set(allowed), admin_users=set(admins))

        async def start():
            await app.init_role_creation()
            await app.init_users()
            await app.init_role_assignment()

        try:
            asyncio.run(start())
        except ValueError:
            return "!refused"
        except (AttributeError, IntegrityError):  # a new group with the role admin; the same user twice
            return "!failed"
        after = {}
        for kind, cls in kinds.items():
            after[kind] = {
                t.name: {"admin": bool(getattr(t, "admin", False)) if kind != "groups" else False, "roles": sorted(r.name for r in t.roles)}
                for t in db.query(cls)
            }
        defined = {r.name: r.scopes or [] for r in db.query(orm.Role)}
        db.close()
        return {"roster": after, "roles": defined}
