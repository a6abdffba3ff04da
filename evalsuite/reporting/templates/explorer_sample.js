"use strict";
// One sample in full: the question, what was expected, and the answers side by side.
const explorerSample = (() => {
  const { element, money, parsed, plural, pre, readable, time, visible, words } = explorerText;
  const { beside, failure, folded, labelled, timeline, tokens, verdicts } = explorerCalls;
  const STATES = ["not asked", "right", "wrong", "failed", "not scored"];
  const MARKS = ["", "✓", "✗", "!", "?"];

  const load = async (index, sample) => {
    const { PARTS } = explorerData;
    const rows = await Promise.all(PARTS.map((part) => explorerData.rows(index, part, sample)));
    return Object.fromEntries(PARTS.map((part, number) => [part, rows[number]]));
  };

  const turn = (message) => {
    const n = message.images?.length;
    const images = n ? element("p", "meta", `${plural(n, "image")}, not shown here`) : null;
    const calls = (message.tool_calls ?? []).flatMap((call) =>
      labelled(`calls ${call.name}`, readable(call.arguments ?? "")));
    return element("li", `turn ${message.role === "user" ? "user" : ""}`,
      element("p", "label", message.role), images,
      message.content ? pre(message.content) : null, ...calls);
  };
  // The prompt as turns. One that was cut, was cut within the words of its last turn, or is told
  // as it is written.
  const turnsOf = (asked) => {
    const text = asked.messages ?? "";
    const whole = text.replace(/((?:^|[^\\])(?:\\\\)*)\\(?:u[0-9a-f]{0,3})?$/i, "$1");
    const turns = parsed(asked.messages_cut ? `${whole}"}]` : text);
    return Array.isArray(turns) ? turns : null;
  };
  const question = (asked) => {
    const turns = turnsOf(asked);
    const nCut = asked.messages_cut ?? asked.inputs_cut;
    if (turns === null) {
      return labelled("asked", asked.messages ?? readable(asked.inputs ?? ""), nCut);
    }
    if (turns.length === 1 && turns[0].role === "user" && !turns[0].images) {
      return labelled("asked", turns[0].content, nCut);
    }
    const cut = nCut
      ? element("p", "meta", `${plural(nCut, "more character")} in the run folder`) : "";
    return [element("p", "label", "asked"), element("ol", "turns", ...turns.map(turn)), cut];
  };
  const about = (asked, id) => {
    const parts = [];
    if (asked.target !== null && asked.target !== "null") {
      parts.push(...labelled("expected", readable(asked.target), asked.target_cut));
    }
    const choices = parsed(asked.choices ?? "");
    if (Array.isArray(choices)) parts.push(...labelled("choices", choices.join("\n")));
    const fields = Object.entries(parsed(asked.metadata ?? "") ?? {});
    if (asked.cluster !== id) fields.push(["cluster", asked.cluster]);
    if (fields.length) {
      parts.push(element("dl", "", ...fields.flatMap(([name, value]) => [
        element("dt", "", name),
        element("dd", "", typeof value === "string" ? value : JSON.stringify(value)),
      ])));
    }
    return element("div", "about",
      element("div", "", ...question(asked)), element("div", "", ...parts));
  };

  const said = (row) => row.text ?? row.choice;
  // The words of an answer; those that the first one shown does not have are marked.
  const answerText = (row, first) => {
    const text = said(row);
    if (text === "") return element("p", "meta", "(empty answer)");
    if (text === null) return null;
    const compared = first && first !== row && said(first);
    const pieces = compared ? explorerDiff.against(text, said(first)) : null;
    const shown = pre(pieces ? "" : text, row.text_cut);
    for (const [piece, differs] of (pieces ?? []).toReversed()) {
      shown.prepend(differs ? element("mark", "", piece) : visible(piece));
    }
    return shown;
  };
  const scoreList = (scores) => element("dl", "scores", ...scores.flatMap((score) => {
    const value = score.value === null ? "" : String(Number(score.value.toFixed(4)));
    const status = score.status === "scored" ? "" : words(score.status);
    return [
      element("dt", score.decides ? "decides" : "", score.name),
      element("dd", "", [value, status].filter(Boolean).join(", "),
        score.explanation ? element("span", "meta", ` ${score.explanation}`) : null),
    ];
  }));

  const name = (row) => row.repeat ? `${row.system}, repeat ${row.repeat + 1}` : row.system;
  const slotOf = (index, sample, { system, repeat }) =>
    (sample * index.systems.length + index.systems.indexOf(system)) * index.repeats + repeat;
  const card = (index, sample, row, rows, shown) => {
    const own = (part) => rows[part].filter((other) =>
      other.system === row.system && (other.answer_repeat ?? other.repeat) === row.repeat);
    const slot = slotOf(index, sample, row);
    const outcome = explorerFilter.outcomeOf(index, slot);
    const same = rows.said.find((other) => said(other) !== null && said(other) === said(row));
    const facts = [money(index.usdOf[slot]), time(index.secondsOf[slot]), ...tokens(row)];
    if (row.joules !== null) facts.push(`${row.joules.toPrecision(3)} J`);
    const node = element("article", `answer ${STATES[outcome].replace(" ", "-")}`,
      element("h4", "", element("span", "", name(row)),
        element("span", "state", `${MARKS[outcome]} ${STATES[outcome]}`)),
      element("p", "meta", facts.join(", ")));
    if (row.error_kind) {
      node.append(element("p", "label", "no answer"), failure(row));
    } else {
      if (same && same !== row) node.append(element("p", "meta", `same words as ${name(same)}`));
      node.append(answerText(row, shown) ?? "", ...beside(row));
    }
    node.append(scoreList(own("scores")), ...verdicts(own("verdicts")));
    node.append(...callsOf(own("calls"), said(row)));
    node.setAttribute("aria-label", visible(name(row)));
    return node;
  };
  // The calls of a hybrid are its story; the one call of a model is told on demand.
  const callsOf = (calls, answer) => calls.length === 1 && !calls[0].role
    ? [folded("its call", ...timeline(calls))] : timeline(calls, answer);

  // One box a system; those `chosen` stay so from sample to sample. None chosen: all are shown.
  const chooser = (index, sample, systems, chosen, redraw) => {
    const boxes = systems.map((system) => {
      const box = element("input");
      box.type = "checkbox";
      box.checked = chosen.has(system);
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(system);
        else chosen.delete(system);
        redraw();
      });
      return { box, system };
    });
    const first = (system) => slotOf(index, sample, { system, repeat: 0 });
    const legend = "choose two or three to compare: words that the first does not have are marked";
    return element("fieldset", "chooser", element("legend", "", legend),
      ...boxes.map(({ box, system }) => {
        const outcome = explorerFilter.outcomeOf(index, first(system));
        return element("label", STATES[outcome].replace(" ", "-"), box, element("span", "", system),
          element("span", "state", MARKS[outcome]));
      }));
  };

  const answersOf = (index, sample, rows, chosen) => {
    const order = [...chosen]; // the one chosen first is what the others are compared with
    const some = rows.said.filter((row) => chosen.has(row.system))
      .sort((a, b) => order.indexOf(a.system) - order.indexOf(b.system) || a.repeat - b.repeat);
    const shown = some.length ? some : rows.said;
    const first = shown.length === 2 || shown.length === 3 ? shown[0] : null;
    return shown.map((row) => card(index, sample, row, rows, first));
  };

  // Of a sample without its texts, what the index knows.
  const notHere = (index, sample) => {
    const systems = index.systems.map((system) => {
      const slot = slotOf(index, sample, { system, repeat: 0 });
      const outcome = explorerFilter.outcomeOf(index, slot);
      if (outcome === 0) return null;
      const spent = `${money(index.usdOf[slot])}, ${time(index.secondsOf[slot])}`;
      return element("li", "", `${system}: ${STATES[outcome]}, ${spent}`);
    });
    return element("div", "", element("p", "", "The texts of this sample were left out to keep "
      + "this file small; the run folder has them."), element("ul", "", ...systems));
  };

  // What is shown of a sample, as elements; `chosen` is the set of systems to compare.
  const draw = async (index, sample, chosen) => {
    if (!explorerData.whole(index, sample)) return [notHere(index, sample)];
    const rows = await load(index, sample);
    const systems = index.systems
      .filter((system) => rows.said.some((row) => row.system === system));
    const answers = element("div", "answers");
    const redraw = () => answers.replaceChildren(...answersOf(index, sample, rows, chosen));
    redraw();
    const pairs = rows.verdicts.filter((row) => row.system === null);
    return [
      about(rows.asked[0], index.ids[sample]),
      systems.length > 1 ? chooser(index, sample, systems, chosen, redraw) : "",
      answers,
      pairs.length
        ? element("div", "", element("h4", "", "Judged in pairs"), ...verdicts(pairs)) : "",
    ];
  };

  return { MARKS, STATES, draw, turnsOf };
})();
