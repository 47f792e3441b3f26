// A sharing dialog as an extension of JupyterLab would have it: who may use this server, a link to invite others, and a button to send somebody away.
// All that it knows of the hub is in the page's configuration.

export default function activate(element, config) {
  const api = apiOf(config);
  const server = `${encodeURIComponent(config.hubServerUser)}/${encodeURIComponent(config.hubServerName)}`;

  const dialog = document.createElement("section");
  dialog.setAttribute("aria-label", "Sharing");
  const people = document.createElement("ul");
  people.setAttribute("aria-label", "People with access");
  const link = document.createElement("input");
  link.readOnly = true;
  link.setAttribute("aria-label", "Link");
  link.hidden = true;
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  dialog.append(people, button("Make a link", invite), link, button("Refresh", refresh), status);
  element.append(dialog);
  return refresh();

  async function refresh() {
    await attempt(async () => {
      const shares = await api.all(`shares/${server}`);
      people.replaceChildren(...shares.map(person));
    });
  }

  async function invite() {
    await attempt(async () => {
      const { accept_url } = await api.ask("POST", `share-codes/${server}`, {});
      link.value = new URL(accept_url, location.href).href;
      link.hidden = false;
    });
  }

  function person(share) {
    const item = document.createElement("li");
    const who = share.user ? { user: share.user.name } : { group: share.group.name };
    const name = who.user ?? who.group;
    item.append(name, " ", button(`Remove ${name}`, () => attempt(async () => {
      await api.ask("PATCH", `shares/${server}`, who);
      item.remove();
    })));
    return item;
  }

  // What goes wrong is said in the dialog, and never loses what it shows.
  async function attempt(action) {
    status.textContent = "";
    try {
      await action();
    } catch (err) {
      status.textContent = err.status === 403 || err.status === 404
        ? "You may not share this server."
        : `The hub did not do it (${err.message}). Try again.`;
    }
  }
}

function button(text, onClick) {
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = text;
  b.addEventListener("click", onClick);
  return b;
}

function apiOf({ hubHost, hubPrefix, token }) {
  const root = `${hubHost || location.origin}${hubPrefix}api/`;
  async function ask(method, path, body) {
    const answer = await fetch(new URL(path, root), {
      method,
      headers: { Authorization: `token ${token}`, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw Object.assign(new Error(`${answer.status}`), { status: answer.status });
    }
    return text === "" ? undefined : JSON.parse(text);
  }
  return {
    ask,
    /** All items of a list, which comes in pages. */
    async all(path) {
      const items = [];
      for (let next = path; next; ) {
        const page = await ask("GET", next);
        items.push(...page.items);
        next = page._pagination.next?.url;
      }
      return items;
    },
  };
}
