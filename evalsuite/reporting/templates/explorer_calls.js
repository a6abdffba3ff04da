"use strict";
// How an answer came about: its calls in time, and what judges said of it.
const explorerCalls = (() => {
  const { count, element, money, parsed, plural, pre, readable, time, words } = explorerText;

  // Label and text under each other; nothing where there is no text.
  const labelled = (label, text, nCut) => {
    if (text === null || text === undefined || text === "") return [];
    return [element("p", "label", label), pre(text, nCut)];
  };
  const failure = ({ error_kind: kind, error_message: message, error_message_cut: nCut }) =>
    pre(message ? `${words(kind)}: ${message}` : words(kind), nCut);
  const folded = (label, ...children) =>
    element("details", "", element("summary", "", label), ...children);

  const toolCalls = (text) => {
    const calls = parsed(text);
    if (!Array.isArray(calls)) return labelled("tool calls", text);
    return calls.flatMap(({ name, arguments: given }) =>
      labelled(`calls ${name}`, readable(given ?? "") || "(no arguments)"));
  };
  const probabilities = (text) => {
    const found = Object.entries(parsed(text) ?? {}).sort((a, b) => b[1] - a[1]).slice(0, 12);
    return element("ul", "odds", ...found.map(([choice, p]) => {
      const meter = element("meter");
      meter.value = p;
      meter.setAttribute("aria-label", explorerText.visible(choice));
      const name = element("span", "", explorerText.oneLine(choice, 60));
      return element("li", "", name, meter, p.toFixed(3));
    }));
  };
  // Everything that an answer may hold beside its text.
  const beside = (row) => [
    ...(row.tool_calls ? toolCalls(row.tool_calls) : []),
    ...(row.data ? labelled("data", readable(row.data), row.data_cut) : []),
    ...(row.reasoning ? [folded("reasoning", pre(row.reasoning, row.reasoning_cut))] : []),
    ...(row.probabilities ? [folded("probabilities", probabilities(row.probabilities))] : []),
  ];

  const tokens = (row) => {
    const parts = [];
    if (row.input_tokens !== null) {
      const cached = row.cached_input_tokens ? ` (${count(row.cached_input_tokens)} cached)` : "";
      parts.push(`${count(row.input_tokens)} tokens in${cached}`);
    }
    if (row.output_tokens !== null) {
      const thought = row.reasoning_tokens ? ` (${count(row.reasoning_tokens)} reasoning)` : "";
      parts.push(`${count(row.output_tokens)} out${thought}`);
    }
    if (parts.length && row.tokens_counted_by === "local") parts.push("counted here");
    return parts;
  };
  const spent = (call) => {
    const basis = call.usd !== null && call.usd_basis ? ` (${words(call.usd_basis)})` : "";
    const parts = [money(call.usd) + basis, time(call.seconds)];
    if (call.queue_seconds) parts.push(`queue ${time(call.queue_seconds)}`);
    if (call.service_seconds !== null) parts.push(`service ${time(call.service_seconds)}`);
    if (call.first_token_seconds !== null) {
      parts.push(`first token ${time(call.first_token_seconds)}`);
    }
    parts.push(...tokens(call));
    if (call.batch_size > 1) parts.push(`batch of ${call.batch_size}`);
    if (call.retries) {
      const waited = call.backoff_seconds ? `, waited ${time(call.backoff_seconds)}` : "";
      parts.push(`${call.retries} ${call.retries === 1 ? "retry" : "retries"}${waited}`);
    }
    if (call.joules !== null) {
      const how = call.joules_basis ? ` (${words(call.joules_basis)})` : "";
      parts.push(`${call.joules.toPrecision(3)} J${how}`);
    }
    if (call.cached) parts.push("from the cache");
    if (call.recorded) parts.push("from a recording");
    return parts.join(", ");
  };

  // When a call ran within its answer, as a bar; said in words by the figures beside it.
  const bar = (call, whole) => {
    const line = element("span", "when");
    const span = element("span");
    span.style.marginLeft = `${(100 * call.after_seconds) / whole}%`;
    span.style.width = `${(100 * call.seconds) / whole}%`;
    line.append(span);
    line.setAttribute("aria-hidden", "true");
    return line;
  };
  const callItem = (call, whole, answer) => {
    const item = element("li", call.status === "ok" ? "" : "failed");
    const head = element("p", "", element("b", "", call.role || "call"), ` ${call.member}`);
    if (call.model !== call.member) head.append(element("span", "meta", ` ${call.model ?? ""}`));
    item.append(head);
    if (call.reason) item.append(element("p", "why", `because: ${call.reason}`));
    if (whole && call.seconds !== null) item.append(bar(call, whole));
    item.append(element("p", "meta", spent(call)));
    if (call.error_kind) {
      item.append(failure(call));
    }
    const said = call.text ?? call.choice;
    if (said !== null && said === answer) {
      item.append(element("p", "meta", "its words are the answer"));
    } else item.append(...labelled("", said, call.text_cut));
    if (call.answer) item.append(...beside(flat(parsed(call.answer) ?? { data: call.answer })));
    return item;
  };
  // A call's whole answer in the columns that answers of systems have.
  const flat = ({ reasoning, tool_calls: tools, data, probabilities: odds }) => ({
    reasoning,
    tool_calls: tools && JSON.stringify(tools),
    data: typeof data === "string" ? data : data && JSON.stringify(data),
    probabilities: odds && JSON.stringify(odds),
  });
  // `answer` is what all of them led to, which is not written again.
  const timeline = (calls, answer) => {
    if (!calls.length) return [];
    const end = Math.max(...calls.map((call) => call.after_seconds + (call.seconds ?? 0)));
    const whole = calls.length > 1 && end > 0 ? end : 0;
    const list = element("ol", "calls", ...calls.map((call) => callItem(call, whole, answer)));
    return [element("h5", "", plural(calls.length, "call")), list];
  };

  const aboutVerdict = (row) => {
    const pair = row.system_a
      ? `a is ${row.system_a}, b is ${row.system_b}, shown ${row.order}; ` : "";
    const role = row.role === "judge" ? "" : ` (${row.role})`;
    const repeat = row.repeat ? `, time ${row.repeat + 1}` : "";
    const cost = row.usd === null ? "" : `, ${money(row.usd)}`;
    return `${row.criterion}: ${pair}${row.judge} by ${row.by}${role}${repeat}${cost}`;
  };
  const verdictItem = (row) => {
    const told = row.status === "judged" ? row.verdict ?? `${row.value}` : words(row.status);
    const value = row.status === "judged" && row.value !== null && row.verdict !== null
      ? ` (${Number(row.value.toFixed(4))})` : "";
    const head = element("p", "", element("b", "", `${told}${value}`));
    const mark = (className, text) => head.append(" ", element("span", `state ${className}`, text));
    if (row.agrees === true) mark("agrees", "agrees with what is right");
    if (row.agrees === false) mark("differs", `what is right: ${row.right}`);
    if (row.self_judged) mark("self", "judged itself");
    const item = element("li", "", head, element("p", "meta", aboutVerdict(row)));
    if (row.error_kind) item.append(failure(row));
    if (row.said && row.said !== row.verdict) item.append(pre(row.said, row.said_cut));
    return item;
  };
  const verdicts = (rows) => {
    if (!rows.length) return [];
    const list = element("ul", "verdicts", ...rows.map(verdictItem));
    return [element("h5", "", plural(rows.length, "verdict")), list];
  };

  return { beside, failure, folded, labelled, timeline, tokens, verdicts };
})();
