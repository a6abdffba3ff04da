"use strict";
// Everything shown here came from models and files: it is only ever set as textContent.
(() => {
  const { systems, samples } = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 20;
  const get = (id) => document.getElementById(id);
  const [task, system, outcome, search] = ["task", "system", "outcome", "search"].map(get);
  const [list, count, previous, next] = ["list", "shown", "previous", "next"].map(get);
  let page = 0;
  let found = samples;

  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  };
  const option = (select, value) => {
    const node = element("option", "", value);
    node.value = value;
    select.append(node);
  };
  const stateOf = (answer) =>
    answer.right === null ? "failed" : answer.right ? "right" : "wrong";
  const money = (usd) => (usd === null ? "cost unknown" : usd === 0 ? "$0" : "$" + usd.toPrecision(3));
  const time = (seconds) =>
    seconds === null ? "not timed" : seconds < 1 ? (seconds * 1000).toPrecision(3) + " ms"
      : seconds.toPrecision(3) + " s";

  // Text to search in, made once a sample and only when somebody searches.
  const haystacks = new Map();
  const haystack = (sample) => {
    if (!haystacks.has(sample)) {
      const parts = [sample.id, sample.asked, sample.target];
      for (const answer of sample.answers) {
        parts.push(answer.text, answer.choice, answer.data, answer.error);
        for (const hop of answer.hops) parts.push(hop.reason, hop.text);
      }
      haystacks.set(sample, parts.filter(Boolean).join("\n").toLowerCase());
    }
    return haystacks.get(sample);
  };
  const matches = (sample) => {
    if (task.value && sample.task !== task.value) return false;
    const answers = system.value
      ? sample.answers.filter((answer) => answer.system === system.value) : sample.answers;
    if (system.value && !answers.length) return false;
    const states = new Set(answers.map(stateOf));
    if (outcome.value === "disagree" && !(states.has("right") && states.has("wrong"))) return false;
    if (outcome.value && outcome.value !== "disagree" && !states.has(outcome.value)) return false;
    const wanted = search.value.trim().toLowerCase();
    return !wanted || haystack(sample).includes(wanted);
  };

  const block = (parent, label, text) => {
    if (text === null || text === undefined || text === "") return;
    parent.append(element("p", "label", label), element("pre", "", text));
  };
  const hopItem = (hop) => {
    const item = element("li");
    item.append(element("b", "", hop.role), ` (${hop.member}): ${hop.reason ?? ""} `);
    item.append(element("span", "meta", `${money(hop.usd)}, ${time(hop.seconds)}`));
    if (hop.error) item.append(element("pre", "", hop.error));
    else if (hop.text) item.append(element("pre", "", hop.text));
    return item;
  };
  const answerCard = (answer) => {
    const state = stateOf(answer);
    const card = element("section", "answer " + state);
    const head = element("h4");
    const name = answer.repeat ? `${answer.system} (repeat ${answer.repeat})` : answer.system;
    const mark = { right: "✓ right", wrong: "✗ wrong", failed: "! failed" }[state];
    head.append(element("span", "", name), element("span", "state " + state, mark));
    card.append(head, element("div", "meta", `${money(answer.usd)}, ${time(answer.seconds)}`));
    if (answer.error) block(card, "no answer", answer.error);
    const said = answer.text ?? answer.choice ?? answer.data;
    if (!answer.error) card.append(element("pre", "", said === "" ? "(empty answer)" : said ?? "(no text)"));
    for (const [scoreName, value, status, explanation] of answer.scores) {
      const shown = value === null ? status.replaceAll("_", " ")
        : `${Number(value.toFixed(4))}${status === "scored" ? "" : ` (${status.replaceAll("_", " ")})`}`;
      card.append(element("div", "meta", `${scoreName}: ${shown}${explanation ? ". " + explanation : ""}`));
    }
    if (answer.hops.length) {
      const hops = element("ol", "hops");
      hops.append(...answer.hops.map(hopItem));
      card.append(hops);
    }
    return card;
  };
  const fill = (details, sample) => {
    const body = element("div", "body");
    block(body, "asked", sample.asked);
    block(body, "expected", sample.target);
    const answers = element("div", "answers");
    const order = (answer) => systems.indexOf(answer.system);
    const chosen = system.value
      ? [...sample.answers].sort((a, b) => (b.system === system.value) - (a.system === system.value)
        || order(a) - order(b))
      : [...sample.answers].sort((a, b) => order(a) - order(b) || a.repeat - b.repeat);
    answers.append(...chosen.map(answerCard));
    body.append(answers);
    details.append(body);
  };
  const row = (sample) => {
    const details = element("details", "sample");
    const head = element("summary");
    const right = sample.answers.filter((answer) => answer.right === true).length;
    const failed = sample.answers.filter((answer) => answer.right === null).length;
    const tally = `${right}/${sample.answers.length} right${failed ? `, ${failed} failed` : ""}`;
    const gist = (sample.asked ?? "").replace(/\s+/g, " ").slice(0, 240);
    head.append(element("span", "id", sample.id), element("span", "gist", gist),
      element("span", "tally", tally));
    details.append(head);
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) fill(details, sample);
    });
    return details;
  };
  const draw = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    list.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(row));
    count.textContent = found.length
      ? `${found.length.toLocaleString("en")} of ${samples.length.toLocaleString("en")} samples, page ${page + 1} of ${pages}`
      : "No sample matches.";
    previous.disabled = page === 0;
    next.disabled = page >= pages - 1;
  };
  const filter = () => {
    found = samples.filter(matches);
    page = 0;
    draw();
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  for (const select of [task, system, outcome]) select.addEventListener("change", filter);
  previous.addEventListener("click", () => { page -= 1; draw(); });
  next.addEventListener("click", () => { page += 1; draw(); });
  for (const name of [...new Set(samples.map((sample) => sample.task))].sort()) option(task, name);
  for (const name of systems) option(system, name);
  draw();
})();
