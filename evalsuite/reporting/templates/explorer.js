"use strict";
// The sample explorer: brings together the address, the fields, the list and the open sample.
// What is shown follows from one `view` (explorer_filter.js), which the address always says.
(() => {
  const { count, plural } = explorerText;
  const { field } = explorerControls;
  const dialog = field("sample");
  const section = document.getElementById("samples");
  const problem = (words) => { field("problem").textContent = words; };
  const compared = new Set(); // systems that are looked at in open samples
  let index, view = {}, found = [], open = null;
  let hits = null, searched = "", share = 1;

  const told = () => {
    const pages = explorerList.pages(found);
    const page = pages > 1 ? `, page ${count(Number(view.page ?? 1))} of ${count(pages)}` : "";
    const searching = share < 1 ? `, searching: ${Math.floor(100 * share)} % done` : "";
    const some = `${count(found.length)} of ${plural(index.n, "sample")}${page}${searching}`;
    const words = found.length || share < 1 ? some : "No sample matches.";
    field("count").setAttribute("aria-busy", share < 1); // it is read out when it is done
    if (field("count").textContent !== words) field("count").textContent = words;
    field("previous").disabled = Number(view.page ?? 1) <= 1;
    field("next").disabled = Number(view.page ?? 1) >= pages;
    field("clear").disabled = Object.keys(view)
      .every((key) => ["sort", "page", "sample"].includes(key));
  };
  const list = () => {
    found = explorerFilter.matching(index, view, hits);
    const page = explorerList.draw(index, view, found);
    if (page > 1) view.page = String(page);
    else delete view.page;
    told();
  };
  const search = () => {
    const wanted = view.search ?? "";
    if (wanted === searched) return;
    [searched, hits, share] = [wanted, wanted ? new Uint8Array(index.n) : null, wanted ? 0 : 1];
    explorerSearch.cancel();
    if (!wanted) return;
    explorerSearch.start(index, wanted, (result) => {
      ({ hits, share } = result);
      list();
    }).catch(broken);
  };
  const broken = (error) => {
    problem(`The samples in this file cannot be read: ${error.message}. `
      + "The file may be damaged or incomplete.");
  };

  const sampleNamed = (name) => {
    for (let sample = 0; sample < index.n; sample += 1) {
      if (explorerList.nameOf(index, sample) === name) return sample;
    }
    return -1;
  };
  const openSample = async (sample) => {
    open = sample;
    const at = found.indexOf(sample);
    field("title").textContent = explorerText.visible(index.ids[sample]);
    const place = at < 0 ? "not among those found"
      : `${count(at + 1)} of ${count(found.length)} found`;
    const task = explorerText.visible(explorerList.taskOf(index, sample));
    field("place").textContent = `${task}, ${place}`;
    field("before").disabled = at <= 0;
    field("after").disabled = at < 0 || at + 1 >= found.length;
    if (!dialog.open) {
      dialog.showModal();
      field("title").focus();
    }
    const parts = await explorerSample.draw(index, sample, compared);
    if (open !== sample) return;
    field("body").replaceChildren(...parts);
    dialog.scrollTop = 0;
    reach();
  };
  // Texts that scroll can be scrolled by key; the others are no stops on the way.
  const reach = () => {
    for (const text of field("body").querySelectorAll("pre")) {
      if (text.scrollHeight > text.clientHeight) text.tabIndex = 0;
      else text.removeAttribute("tabindex");
    }
  };
  const closeSample = () => {
    if (open === null) return;
    const last = open;
    open = null;
    dialog.close();
    field("body").replaceChildren();
    (explorerList.linkOf(last) ?? section).focus({ preventScroll: true });
  };

  // Everything that shows something goes through here.
  const show = (wanted) => {
    const listed = (of) => JSON.stringify({ ...of, sample: undefined });
    const another = listed(view) !== listed(wanted);
    if (view.system !== wanted.system || view.against !== wanted.against) {
      compared.clear();
      if (wanted.against) [wanted.system, wanted.against].forEach((name) => compared.add(name));
    }
    view = { ...wanted };
    if (another) {
      explorerControls.show(index, view);
      search();
      list();
    }
    const sample = view.sample ? sampleNamed(view.sample) : -1;
    problem(view.sample && sample < 0
      ? `This report holds no sample ${explorerText.oneLine(view.sample, 200)}.` : "");
    if (sample < 0) closeSample();
    else if (sample !== open) {
      openSample(sample).catch((error) => { closeSample(); broken(error); });
    }
  };
  const change = (wanted) => {
    history.replaceState(null, "", explorerFilter.write(wanted));
    show(wanted);
  };
  const follow = () => {
    const wanted = explorerFilter.read(location.hash);
    if (wanted === null) {
      if (view.sample) show({ ...view, sample: undefined });
      return;
    }
    show(wanted);
    if (!view.sample) section.scrollIntoView();
  };

  const step = (by) => {
    const next = found[found.indexOf(open) + by];
    if (next !== undefined) change({ ...view, sample: explorerList.nameOf(index, next) });
  };
  const turnPage = (by) => {
    change({ ...view, page: String(Number(view.page ?? 1) + by) });
    field("count").scrollIntoView({ block: "nearest" });
  };
  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      field("said").textContent = "Link copied.";
      field("copy").textContent = "Copied";
    } catch {
      field("copy").textContent = "Copy it from the address bar"; // a file may not write there
    }
    setTimeout(() => { field("copy").textContent = "Copy link"; }, 2500);
  };

  const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  const isCommand = ({ ctrlKey, metaKey, altKey }) => ctrlKey || metaKey || altKey;
  const keyInSection = (event) => {
    if (event.target.closest("input, select, dialog") || isCommand(event)) return;
    if (event.key === "/") field("search").focus();
    else if (!(event.key in MOVES) || !explorerList.move(MOVES[event.key])) return;
    event.preventDefault();
  };
  const keyInSample = (event) => {
    if (event.target.closest("input, pre") || isCommand(event)) return;
    const by = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
    if (by) step(by);
  };

  const listen = () => {
    let waiting;
    const changed = () => change(explorerControls.read());
    explorerControls.onChange(changed, () => {
      clearTimeout(waiting);
      waiting = setTimeout(changed, 150);
    });
    field("clear").addEventListener("click", () => {
      field("search").value = "";
      change({});
      field("search").focus();
    });
    field("previous").addEventListener("click", () => turnPage(-1));
    field("next").addEventListener("click", () => turnPage(1));
    field("before").addEventListener("click", () => step(-1));
    field("after").addEventListener("click", () => step(1));
    field("copy").addEventListener("click", copyLink);
    const close = () => change({ ...view, sample: undefined });
    field("close").addEventListener("click", close);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
    section.addEventListener("keydown", keyInSection);
    dialog.addEventListener("keydown", keyInSample);
    dialog.addEventListener("change", reach);
    dialog.addEventListener("toggle", reach, true); // of its details, which do not bubble
    addEventListener("resize", reach);
    // a row opens wherever it is clicked; its link is for the keyboard, and to be copied
    field("found").addEventListener("click", ({ target }) => {
      if (target.closest("a") || getSelection().toString()) return;
      target.closest("tbody tr")?.querySelector("a").click();
    });
    addEventListener("hashchange", follow);
    addEventListener("popstate", follow);
  };

  const begin = async () => {
    index = await explorerData.index();
    explorerControls.prepare(index);
    field("search").value = "";
    explorerControls.show(index, {});
    field("problem").textContent = "";
    document.getElementById("explorer").hidden = false;
    listen();
    list();
    follow();
  };
  if (typeof DecompressionStream === "undefined") {
    problem("The samples need a browser from 2023 or later (one that has DecompressionStream); "
      + "everything above does not.");
  } else {
    begin().catch(broken);
  }
})();
