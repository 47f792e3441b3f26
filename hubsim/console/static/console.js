// The page works without this. It names the slider's step, and keeps what changes by itself up to date.
const labels = [...document.querySelectorAll("#steps option")].map((option) => option.label);

function nameStep() {
  const step = document.querySelector("#step");
  if (step) document.querySelector("#step-label").textContent = labels[step.value];
}

document.addEventListener("input", (event) => { if (event.target.id === "step") nameStep(); });
nameStep();

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    // Nobody's focus, scrolling or half-moved slider is taken away.
    if (!now || part.contains(document.activeElement) || now.innerHTML === part.innerHTML) continue;
    if (part.dataset.live === "clock") {
      part.querySelector(".now").replaceWith(now.querySelector(".now"));
      continue;
    }
    const scrolled = part.querySelector(".scroll")?.scrollTop ?? 0;
    part.replaceChildren(...now.childNodes);
    const scroll = part.querySelector(".scroll");
    if (scroll) scroll.scrollTop = scrolled;
  }
}

setInterval(() => refresh().catch(() => {}), 2000);
