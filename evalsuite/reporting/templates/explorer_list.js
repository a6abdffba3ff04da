"use strict";
// One page of the samples found, as a table: a row a sample, a column a system.
const explorerList = (() => {
  const { element, hidden, money, oneLine, time } = explorerText;
  const { MARKS, STATES, turnsOf } = explorerSample;
  const PAGE = 50;
  const MOST_COLUMNS = 12; // systems; of more, the tally is shown
  let drawn = "";

  const taskOf = (index, sample) => index.tasks[index.tasksOf[sample]].name;
  const nameOf = (index, sample) => `${taskOf(index, sample)}/${index.ids[sample]}`;

  const headings = (index, view, systems) => {
    const heading = (text, className) => {
      const node = element("th", className, text);
      node.scope = "col";
      return node;
    };
    const names = systems.map((system) =>
      heading(element("span", "", index.systems[system]), "system"));
    return element("tr", "", heading("sample", "text"), heading("asked", "text gist"),
      heading("right", "tally"), ...names, heading(view.system ? "cost" : "cost, all", "figure"),
      heading(view.system ? "time" : "slowest", "figure"));
  };
  const mark = (index, sample, system) => {
    const counts = explorerFilter.tally(index, [system], sample);
    const asked = index.repeats - counts[0];
    if (asked > 1) return element("td", "mark", `${counts[1]}/${asked}`, hidden(" right"));
    const outcome = Math.max(0, counts.indexOf(1, 1));
    const shown = element("span", "", MARKS[outcome] || "·");
    shown.setAttribute("aria-hidden", "true");
    const state = STATES[outcome];
    return element("td", `mark ${state.replace(" ", "-")}`, shown, hidden(state));
  };
  const row = (index, view, systems, sample) => {
    const chosen = explorerFilter.systemsOf(index, view);
    const [, right, ...others] = explorerFilter.tally(index, chosen, sample);
    const asked = others.reduce((sum, n) => sum + n, right);
    const link = element("a", "", index.ids[sample]);
    link.href = explorerFilter.write({ ...view, sample: nameOf(index, sample) });
    const head = element("th", "", link);
    if (index.tasks.length > 1) head.append(element("small", "", taskOf(index, sample)));
    head.scope = "row";
    const node = element("tr", "", head, element("td", "text gist", element("span")),
      element("td", "tally", `${right}/${asked}`),
      ...systems.map((system) => mark(index, sample, system)),
      element("td", "figure", money(explorerFilter.total(index, index.usdOf, chosen, sample))),
      element("td", "figure", time(explorerFilter.longest(index, chosen, sample))));
    node.dataset.sample = sample;
    return node;
  };

  // The question comes after the row, because it may have to be unpacked first.
  const fillGists = async (index, rows) => {
    const own = drawn;
    for (const node of rows) {
      const [asked] = await explorerData.rows(index, "asked", Number(node.dataset.sample));
      if (own !== drawn) return;
      node.querySelector(".gist span").textContent = gist(asked);
    }
  };
  const gist = (asked) => {
    if (!asked) return "(its texts are not in this file)";
    const turns = turnsOf(asked) ?? [];
    const last = turns.findLast(({ role }) => role === "user") ?? turns.at(-1);
    return oneLine(last?.content ?? asked.messages ?? asked.inputs ?? "", 160);
  };

  const pages = (found) => Math.max(1, Math.ceil(found.length / PAGE));
  const draw = (index, view, found) => {
    const table = document.getElementById("explorer-found");
    const systems = index.systems.map((_, number) => number);
    const shown = systems.length <= MOST_COLUMNS ? systems : systems.filter((system) =>
      [view.system, view.against].includes(index.systems[system]));
    const page = Math.min(Math.max(Number(view.page) || 1, 1), pages(found));
    const samples = found.slice((page - 1) * PAGE, page * PAGE);
    const content = JSON.stringify([view, samples]);
    if (content === drawn) return page; // a search goes on, and found nothing new for this page
    drawn = content;
    const focused = document.activeElement?.closest("#explorer-found tr")?.dataset.sample;
    const rows = samples.map((sample) => row(index, view, shown, sample));
    table.tHead.replaceChildren(headings(index, view, shown));
    table.tBodies[0].replaceChildren(...rows);
    if (focused !== undefined) linkOf(focused)?.focus({ preventScroll: true });
    fillGists(index, rows);
    return page;
  };

  const links = () => [...document.querySelectorAll("#explorer-found tbody a")];
  // Moves the focus up or down; false where there is no row to go to.
  const move = (by) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? 0 : at + by];
    next?.focus();
    return next !== undefined;
  };
  const linkOf = (sample) =>
    document.querySelector(`#explorer-found tr[data-sample="${sample}"] a`);

  return { draw, linkOf, move, nameOf, pages, taskOf };
})();
