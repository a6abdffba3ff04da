"use strict";
// The fields by which samples are filtered and sorted.
const explorerControls = (() => {
  const { element, visible } = explorerText;
  const FIELDS = ["search", "task", "system", "against", "outcome", "error", "judge", "verdict",
    "slice", "sort"];
  const field = (name) => document.getElementById(`explorer-${name}`);

  const option = (value, label) => {
    const node = element("option", "", label ?? value);
    node.value = value;
    return node;
  };
  const group = (label, options) => {
    const node = element("optgroup", "", ...options);
    node.label = visible(label);
    return node;
  };
  const fill = (name, ...options) => field(name).replaceChildren(...options);
  // A field with nothing to choose from is not shown.
  const fillOrHide = (name, first, options) => {
    fill(name, option("", first), ...options);
    field(name).closest("label").hidden = options.length === 0;
  };

  const outcomes = (view) => {
    const found = [["", "any"], ["disagree", "systems disagree"], ["right", "right"],
      ["wrong", "wrong"], ["failed", "failed or not scored"], ["unscored", "not scored"],
      ["unreadable", "unreadable"],
      ["all-right", "all right"], ["none-right", "none right"],
      ["escalated", "more than one call"]];
    if (view.system && view.against) {
      found.splice(2, 0, ["only-system", `only ${view.system} right`],
        ["only-against", `only ${view.against} right`]);
    }
    return found.map(([value, label]) => option(value, label));
  };
  const tasks = (index) => {
    const families = [...new Set(index.tasks.map(({ family }) => family))];
    const names = (found) => found.map(({ name }) => option(`task:${name}`, name));
    if (families.length < 2) return names(index.tasks);
    return families.map((family) => group(family, [option(`family:${family}`, `all of ${family}`),
      ...names(index.tasks.filter((task) => task.family === family))]));
  };
  const verdicts = (index, view) => {
    const judge = index.judges.find(({ name }) => name === view.judge);
    const found = [["agrees", "agrees with what is right"],
      ["disagrees", "differs from what is right"],
      ["failed", "no verdict"], ["self", "judged itself"]];
    const labels = (judge?.labels ?? []).map((label) => [`label:${label}`, `says ${label}`]);
    return [...labels, ...found].map(([value, label]) => option(value, label));
  };
  const slices = (index) => index.slices.map(({ name, values }) =>
    group(name, values.map((value) => option(`${name}:${value}`))));

  // Puts what may be chosen in the fields, as far as it does not depend on the view.
  const prepare = (index) => {
    const systems = index.systems.map((name) => option(name));
    fillOrHide("task", "all", index.tasks.length > 1 ? tasks(index) : []);
    fillOrHide("system", "any", systems);
    fillOrHide("error", "any", index.kinds.map((kind) => option(kind, explorerText.words(kind))));
    fillOrHide("judge", "any", index.judges.map(({ name }) => option(name)));
    fillOrHide("slice", "any", slices(index));
    fill("sort", ...[["", "as in the run"], ["disagreement", "most disagreement"],
      ["costly", "most expensive"], ["cheap", "cheapest"], ["slow", "slowest"], ["fast", "fastest"],
      ["calls", "most calls"], ["id", "by id"]].map(([value, label]) => option(value, label)));
  };

  // Shows `view` in the fields.
  const show = (index, view) => {
    const others = index.systems.filter((name) => view.system && name !== view.system);
    fillOrHide("against", "nothing", others.map((name) => option(name)));
    fillOrHide("verdict", "any", view.judge ? verdicts(index, view) : []);
    fill("outcome", ...outcomes(view));
    for (const name of FIELDS) if (field(name) !== document.activeElement || name !== "search") {
      field(name).value = view[name] ?? "";
    }
    const [kind] = ["task", "family"].filter((name) => view[name]);
    field("task").value = kind ? `${kind}:${view[kind]}` : "";
  };

  // The view that the fields say; what needs another field goes with it.
  const read = () => {
    const view = {};
    for (const name of FIELDS) if (field(name).value) view[name] = field(name).value.trim();
    const [kind, ...rest] = field("task").value.split(":");
    delete view.task;
    if (kind) view[kind] = rest.join(":");
    if (!view.system || view.system === view.against) delete view.against;
    if (!view.against && view.outcome?.startsWith("only-")) delete view.outcome;
    if (!view.judge) delete view.verdict;
    return view;
  };

  const onChange = (changed, typed) => {
    for (const name of FIELDS) {
      if (name === "search") field(name).addEventListener("input", typed);
      else field(name).addEventListener("change", changed);
    }
  };

  return { field, onChange, prepare, read, show };
})();
