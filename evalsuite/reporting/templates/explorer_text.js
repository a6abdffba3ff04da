"use strict";
// Making elements, and writing what models, files and endpoints said. Everything is set as text:
// nothing in the explorer ever parses markup.
const explorerText = (() => {
  const LINE = 68; // characters of JSON
  const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

  const spelled = (character) => {
    if (character === "\n" || character === "\t") return character;
    const code = character.codePointAt(0);
    if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
    return code < 0x10000 ? "\\u" + code.toString(16).padStart(4, "0")
      : "\\U" + code.toString(16).padStart(8, "0");
  };
  // As plain.py does it: control and direction-changing characters are spelled out.
  const visible = (text) => text.replace(UNSEEN, spelled);
  const oneLine = (text, most) => {
    const flat = visible(text.slice(0, 4 * most)).replace(/\s+/g, " ").trim();
    return flat.length > most ? flat.slice(0, most - 1) + "…" : flat;
  };

  // Children are elements, or texts, which are made visible; null and "" are left out.
  const element = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    for (const child of children) {
      if (child === null || child === undefined || child === "") continue;
      node.append(child instanceof Node ? child : visible(String(child)));
    }
    return node;
  };
  const hidden = (text) => element("span", "sr", text);

  // Written as analysis/numbers.py writes them. NaN is what an index says for unknown.
  const unknown = (value) => value === null || Number.isNaN(value);
  const money = (given) => {
    if (unknown(given)) return "cost unknown";
    const usd = Number(given.toPrecision(6)); // an index has 7 digits
    if (usd === 0) return "$0";
    if (usd >= 100) return "$" + Math.round(usd).toLocaleString("en");
    if (usd >= 1) return "$" + usd.toFixed(2);
    if (usd < 1e-5) return "$" + usd.toExponential(1).replace(/e-(\d)$/, "e-0$1");
    return "$" + usd.toFixed(2 - Math.floor(Math.log10(usd)));
  };
  const time = (seconds) => {
    if (unknown(seconds)) return "not timed";
    if (seconds > 0 && seconds < 1e-5) return (1e6 * seconds).toFixed(2) + " µs";
    if (seconds < 0.01) return (1000 * seconds).toFixed(2) + " ms";
    if (seconds < 1) return (1000 * seconds).toFixed(0) + " ms";
    if (seconds < 10) return seconds.toFixed(2) + " s";
    return seconds < 120 ? seconds.toFixed(0) + " s" : (seconds / 60).toFixed(0) + " min";
  };
  const count = (n) => n.toLocaleString("en");
  const words = (code) => code.replaceAll("_", " ");
  const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

  const parsed = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined; // it was cut, or a model wrote it
    }
  };
  // A value on one line where it fits, else a line for each of its parts.
  const laidOut = (value, indent) => {
    const line = JSON.stringify(value, null, 1)?.replace(/\n\s*/g, " ") ?? "";
    const fits = indent.length + line.length <= LINE;
    if (fits || typeof value !== "object" || value === null) return line;
    const inner = indent + "  ";
    const parts = Array.isArray(value) ? value.map((item) => inner + laidOut(item, inner))
      : Object.entries(value).map(([key, item]) =>
        `${inner}${JSON.stringify(key)}: ${laidOut(item, inner)}`);
    const [begin, end] = Array.isArray(value) ? "[]" : "{}";
    return `${begin}\n${parts.join(",\n")}\n${indent}${end}`;
  };
  // JSON as people write it: bare strings without quotes, structures indented.
  const readable = (text) => {
    const value = parsed(text);
    if (value === undefined) return text;
    return typeof value === "string" ? value : laidOut(value, "");
  };

  // A text in its own lines. What is left of a text that was cut is counted.
  const pre = (text, nCut) => {
    const node = element("pre", "", text);
    node.dir = "auto";
    const rest = nCut ? `\n[${plural(nCut, "more character")} in the run folder]` : "";
    if (rest) node.append(element("span", "meta", rest));
    return node;
  };

  return {
    count, element, hidden, money, oneLine, parsed, plural, pre, readable, time, visible, words,
  };
})();
