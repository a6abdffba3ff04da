"use strict";
// Which words of one answer are not in another, in order.
const explorerDiff = (() => {
  const MOST = 500; // words; comparing takes the square of it

  const split = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

  // lengths[i * width + j]: of the longest common subsequence of a from i on and b from j on.
  const common = (a, b) => {
    const width = b.length + 1;
    const lengths = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i -= 1) {
      for (let j = b.length - 1; j >= 0; j -= 1) {
        lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
      }
    }
    return { lengths, width };
  };

  // Pieces [text, differs] of `text` against `other`; null where they are too long to compare.
  const against = (text, other) => {
    const [a, b] = [split(text), split(other)];
    if (a.length > MOST || b.length > MOST) return null;
    const { lengths, width } = common(a, b);
    const pieces = [];
    const add = (piece, differs) => {
      const last = pieces.at(-1);
      if (last && last[1] === differs) last[0] += piece;
      else pieces.push([piece, differs]);
    };
    let j = 0;
    for (let i = 0; i < a.length; i += 1) {
      while (j < b.length && a[i] !== b[j]
        && lengths[i * width + j + 1] >= lengths[(i + 1) * width + j]) j += 1;
      const same = j < b.length && a[i] === b[j];
      add(a[i], !same && a[i].trim() !== "");
      if (same) j += 1;
    }
    return pieces;
  };

  return { against };
})();
