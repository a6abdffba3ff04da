"use strict";
// Full-text search: opens block after block, tells what it found after each, and lets the page
// breathe in between. What a search found is kept, so that filters do not start it again.
const explorerSearch = (() => {
  const TEXTS = new Set(["target", "messages", "inputs", "choices", "metadata", "text", "choice",
    "data", "reasoning", "tool_calls", "error_kind", "error_message", "reason", "answer",
    "explanation", "said", "verdict"]);
  const SLICE_MS = 30; // of work, after which the page may do something else
  const TELL_MS = 300;
  let current = 0;

  const pause = () => new Promise((resume) => setTimeout(resume));
  // As it is written inside a string of JSON.
  const escaped = (text) => JSON.stringify(text).slice(1, -1);
  const holds = (value, wanted) => {
    if (typeof value !== "string") return false;
    const text = value.toLowerCase();
    return wanted.some((one) => text.includes(one));
  };

  // `samples` are those of the block, in order.
  const mark = (table, wanted, samples, hits) => {
    for (const [name, column] of Object.entries(table)) {
      if (!TEXTS.has(name) || column === null) continue;
      const values = Array.isArray(column) ? column : column.of ?? [column.all];
      const found = values.map((value) => holds(value, wanted));
      if (!found.includes(true)) continue;
      table.sample.forEach((sample, row) => {
        const at = Array.isArray(column) ? row : column.at ? column.at[row] : 0;
        if (at !== null && found[at]) hits[samples[sample]] = 1;
      });
    }
  };

  // Most blocks hold nothing of a rare word: they are told by their JSON, before it is parsed.
  const searchBlock = async (samples, number, wanted, hits) => {
    const written = wanted.map(escaped);
    for (const part of explorerData.PARTS) {
      const text = await explorerData.blockText(part, number);
      if (!holds(text, written)) continue;
      mark(JSON.parse(text), wanted, samples, hits);
    }
  };

  const cancel = () => { current += 1; };

  // Calls tell({ hits, share }) as it goes; share is 1 at the end. A newer search ends it.
  const start = async (header, text, tell) => {
    cancel();
    const turn = current;
    // some columns are JSON themselves, in which quotes and new lines are escaped
    const wanted = [...new Set([text.toLowerCase(), escaped(text.toLowerCase())])];
    const hits = new Uint8Array(header.n);
    header.ids.forEach((id, sample) => { if (holds(id, wanted)) hits[sample] = 1; });
    const blocks = Math.ceil(header.n_whole / header.block);
    const samples = new Uint32Array(header.n_whole); // by the place of their texts
    header.textsOf.forEach((place, sample) => { if (place) samples[place - 1] = sample; });
    let since = performance.now();
    let told = since - TELL_MS;
    for (let number = 0; number < blocks; number += 1) {
      const inBlock = samples.subarray(number * header.block, (number + 1) * header.block);
      await searchBlock(inBlock, number, wanted, hits);
      if (turn !== current) return;
      if (performance.now() - since < SLICE_MS) continue;
      if (performance.now() - told >= TELL_MS) {
        tell({ hits, share: number / blocks });
        told = performance.now();
      }
      await pause();
      if (turn !== current) return;
      since = performance.now();
    }
    tell({ hits, share: 1 });
  };

  return { cancel, start };
})();
