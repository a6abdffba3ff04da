"use strict";
// The page without its samples: contents, colours, tables that sort, fold and filter, drawings.
// Nothing here makes markup: what models and files said is read as text and set as text.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, className, text = "") => {
    const node = document.createElement(tag);
    node.className = className;
    node.textContent = text;
    return node;
  };

  // Colours: the system's, or the reader's choice; a file opened from disk may not have storage.
  const KEY = "evalsuite-colours";
  const remembered = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const remember = (choice) => {
    try { localStorage.setItem(KEY, choice); } catch { /* it lasts until the page is closed */ }
  };
  const paint = (choice) => {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    for (const button of all("[data-theme-is]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeIs === choice));
    }
  };
  for (const group of all(".themes")) group.hidden = false;
  for (const button of all("[data-theme-is]")) {
    button.addEventListener("click", () => {
      paint(button.dataset.themeIs);
      remember(button.dataset.themeIs);
    });
  }
  paint(["light", "dark"].includes(remembered()) ? remembered() : "auto");

  // Contents: the section that fills the upper part of the window is marked.
  const links = new Map(all(".contents a").map((link) => [link.hash.slice(1), link]));
  const parts = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let current = null;
  const mark = () => {
    const line = innerHeight * 0.3;
    const passed = parts.filter((part) => part.getBoundingClientRect().top <= line);
    const atTop = scrollY < 40;
    const atEnd = scrollY > 0 && scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    const here = links.get((atTop ? parts[0] : atEnd ? parts.at(-1) : passed.at(-1) ?? parts[0])?.id);
    if (!here || here === current) return;
    current?.removeAttribute("aria-current");
    here.setAttribute("aria-current", "location");
    current = here;
    const strip = here.closest(".contents");
    strip.scrollTo({ left: here.offsetLeft - strip.clientWidth / 2 + here.offsetWidth / 2 });
  };
  let marking = false;
  addEventListener("scroll", () => {
    if (marking) return;
    marking = true;
    requestAnimationFrame(() => { marking = false; mark(); });
  }, { passive: true });
  mark();

  // Sorting: by data-value where a column has any, else by its words; what has neither comes last.
  const valueOf = (cell, numeric) => {
    if (!cell) return null;
    if (numeric) return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    const words = cell.textContent.trim();
    return words === "" || words === "–" || words === "unknown" ? null : words;
  };
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const order = (a, b, numeric) => (numeric ? (a === b ? 0 : a < b ? -1 : 1) : words.compare(a, b));
  const sorted = (rows, column, numeric, sign) =>
    rows
      .map((row) => ({ row, value: valueOf(row.cells[column], numeric) }))
      .sort((a, b) => {
        if (a.value === null || b.value === null) {
          return (a.value === null) - (b.value === null) || place.get(a.row) - place.get(b.row);
        }
        return sign * order(a.value, b.value, numeric) || place.get(a.row) - place.get(b.row);
      })
      .map((item) => item.row);
  const place = new Map(); // rows in the order of the file, which breaks ties

  const sortBy = (table, head, column) => {
    const now = head.getAttribute("aria-sort");
    const first = "highFirst" in head.dataset ? "descending" : "ascending";
    const other = first === "descending" ? "ascending" : "descending";
    const next = now === first ? other : first;
    for (const one of all("thead th", table)) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    const cells = all("tbody tr", table).map((row) => row.cells[column]);
    const numeric = cells.some((cell) => cell?.dataset.value !== undefined);
    const bodies = [...table.tBodies];
    for (const body of bodies) {
      const family = body.classList.contains("members") ? [body.rows[0]] : [];
      const rows = [...body.rows].slice(family.length);
      body.append(...family, ...sorted(rows, column, numeric, sign));
    }
    if (bodies.length > 1) {
      const bodyOf = new Map(bodies.map((body) => [body.rows[0], body]));
      table.append(...sorted([...bodyOf.keys()].sort((a, b) => home.get(bodyOf.get(a)) -
        home.get(bodyOf.get(b))), column, numeric, sign).map((row) => bodyOf.get(row)));
    }
  };
  const home = new Map(); // the same of families
  for (const table of all("table[data-sorts]")) {
    all("tbody tr", table).forEach((row, index) => place.set(row, index));
    [...table.tBodies].forEach((body, index) => home.set(body, index));
    all("thead th", table).forEach((head, column) => {
      const button = make("button", "sort");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.classList.add("sorts");
      button.addEventListener("click", () => sortBy(table, head, column));
    });
  }

  // Families fold: their first row opens and shuts them.
  const membersOf = (body) => [...body.rows].slice(1);
  const isOpen = (body) => body.querySelector(".fold").getAttribute("aria-expanded") === "true";
  const open = (body, yes) => {
    body.querySelector(".fold").setAttribute("aria-expanded", String(yes));
    for (const row of membersOf(body)) row.hidden = !yes;
  };
  for (const body of all("tbody.members")) {
    const head = body.rows[0].cells[0];
    const button = make("button", "fold");
    button.type = "button";
    button.append(...[...head.childNodes].filter((node) => node.nodeName !== "SMALL"));
    head.prepend(button);
    button.addEventListener("click", () => open(body, !isOpen(body)));
    open(body, !("folded" in body.dataset));
  }
  for (const tools of all(".tools")) {
    const bodies = all("tbody.members", document.getElementById(tools.dataset.filters) ?? tools);
    if (!bodies.length) continue;
    for (const [label, yes] of [["Open all", true], ["Fold all", false]]) {
      const button = make("button", "", label);
      button.type = "button";
      button.addEventListener("click", () => bodies.forEach((body) => open(body, yes)));
      tools.append(button);
    }
  }

  // Filters: rows whose words hold what is typed; a family stays with any of its tasks.
  const textOf = new WeakMap();
  const wordsOf = (row) => {
    if (!textOf.has(row)) {
      const cells = [...row.cells].filter((cell) => cell.dataset.value === undefined);
      textOf.set(row, cells.map((cell) => cell.textContent).join(" ").toLowerCase());
    }
    return textOf.get(row);
  };
  const filter = (table, wanted) => {
    let shown = 0;
    for (const body of table.tBodies) {
      const grouped = body.classList.contains("members");
      const rows = grouped ? membersOf(body) : [...body.rows];
      const whole = grouped && wordsOf(body.rows[0]).includes(wanted);
      const kept = rows.filter((row) => whole || wordsOf(row).includes(wanted));
      if (grouped) {
        body.hidden = !kept.length;
        open(body, wanted ? kept.length > 0 : !("folded" in body.dataset));
      }
      for (const row of rows) {
        if (!kept.includes(row)) row.hidden = true;
        else if (!grouped) row.hidden = false;
      }
      shown += kept.length;
    }
    return shown;
  };
  for (const tools of all("[data-filters]")) {
    const table = document.getElementById(tools.dataset.filters);
    const [field, output] = [tools.querySelector("input"), tools.querySelector("output")];
    if (!table) continue;
    tools.hidden = false;
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      const shown = filter(table, wanted);
      output.textContent = wanted ? `${shown.toLocaleString("en")} shown` : "";
    });
  }

  // Drawings: a mark tells its figures under the pointer, and to the keyboard, by arrow keys.
  const tip = make("div", "tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // the mark's own label says the same
  document.body.append(tip);
  const tell = (point) => {
    tip.textContent = point.getAttribute("aria-label");
    tip.hidden = false;
    const box = point.querySelector(".ring").getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2),
      document.documentElement.clientWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
  };
  const hush = () => { tip.hidden = true; };
  for (const drawing of all("[data-points]")) {
    const points = all(".point", drawing);
    const inOrder = [...points].sort((a, b) =>
      a.querySelector(".ring").cx.baseVal.value - b.querySelector(".ring").cx.baseVal.value);
    inOrder[0]?.setAttribute("tabindex", "0");
    inOrder.forEach((point, index) => {
      point.addEventListener("pointerenter", () => tell(point));
      point.addEventListener("pointerleave", hush);
      point.addEventListener("focus", () => tell(point));
      point.addEventListener("blur", hush);
      point.addEventListener("keydown", (event) => {
        if (event.key === "Escape") hush();
        const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = inOrder[(index + step + inOrder.length) % inOrder.length];
        point.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
  }
  addEventListener("scroll", hush, { passive: true });

  // What is folded is printed too.
  addEventListener("beforeprint", () => {
    for (const details of all("section > details, .columns details")) {
      if (!details.open) { details.open = true; details.dataset.reshut = ""; }
    }
  });
  addEventListener("afterprint", () => {
    for (const details of all("details[data-reshut]")) {
      details.open = false;
      delete details.dataset.reshut;
    }
  });
})();
