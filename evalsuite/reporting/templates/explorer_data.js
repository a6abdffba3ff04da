"use strict";
// Opening what explorer_pack.py packed: the index at once, blocks of texts when they are needed.
const explorerData = (() => {
  const PARTS = ["asked", "said", "calls", "scores", "verdicts"];
  const KEPT = 120; // blocks that stay open; going through neighbours then opens each once
  const TYPES = { f4: Float32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
  const opened = new Map();

  const inflated = (id) => {
    const packed = atob(document.getElementById(id).textContent);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = packed.charCodeAt(i);
    const stream = new DecompressionStream("deflate-raw");
    const writer = stream.writable.getWriter();
    // a damaged block rejects these as well as the reading, which is what is waited for
    writer.write(bytes).catch(() => {});
    writer.close().catch(() => {});
    return new Response(stream.readable);
  };
  const json = async (id) => JSON.parse(await inflated(id).text());

  const index = async () => {
    const header = await json("explorer-header");
    const buffer = await inflated("explorer-index").arrayBuffer();
    let at = 0;
    for (const [name, type, length] of header.arrays) {
      header[name + "Of"] = new TYPES[type](buffer, at, length);
      at += header[name + "Of"].byteLength;
    }
    return header;
  };

  const blockText = (part, number) => inflated(`explorer-${part}-${number}`).text();

  const block = (part, number) => {
    const id = `${part}-${number}`;
    const found = opened.get(id) ?? json(`explorer-${id}`);
    opened.delete(id);
    opened.set(id, found); // the last one used is the last one to go
    if (opened.size > KEPT) opened.delete(opened.keys().next().value);
    return found;
  };

  const cell = (column, row) => {
    if (column === null) return null;
    if (Array.isArray(column)) return column[row];
    if (column.at === undefined) return column.all;
    const place = column.at[row];
    return place === null ? null : column.of[place];
  };
  const rowsOf = (table, sample) => {
    const first = table.sample.indexOf(sample);
    const rows = [];
    if (first < 0) return rows;
    for (let i = first; table.sample[i] === sample; i += 1) {
      const row = {};
      for (const name of Object.keys(table)) row[name] = cell(table[name], i);
      rows.push(row);
    }
    return rows;
  };
  // Whether the texts of a sample are in this file.
  const whole = (header, sample) => header.textsOf[sample] > 0;
  // The rows of one part of a sample, as objects by name of column; none where they are not here.
  const rows = async (header, part, sample) => {
    const place = header.textsOf[sample] - 1;
    if (place < 0) return [];
    return rowsOf(await block(part, Math.floor(place / header.block)), place % header.block);
  };

  return { PARTS, blockText, index, rows, whole };
})();
