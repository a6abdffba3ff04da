"use strict";
// Which samples are shown, and in which order. What is wanted is written in the address, so that
// every view can be linked to and gone back to:
//
//   #samples?KEY=VALUE&KEY=VALUE...        (values percent-encoded; every key may be left out)
//
//   task=NAME        family=NAME           samples of it
//   system=NAME                            whose answers the other keys speak of (else: of any)
//   against=NAME                           the system it is compared with
//   outcome=right | wrong | failed | unscored | unreadable | escalated      any such answer
//           disagree                       right for one, wrong for another
//           all-right | none-right         of the answers asked for
//           only-system | only-against     right for that one, wrong for the other one
//   error=KIND                             an answer that failed in this way
//   judge=NAME                             judged by it
//   verdict=agrees | disagrees | failed | self | label:LABEL    and what it said
//   slice=FIELD:VALUE                      of the sample's metadata
//   search=WORDS                           anywhere in its texts, any case
//   sort=id | disagreement | costly | cheap | slow | fast | calls
//   page=N                                 from 1
//   sample=TASK/ID                         and this sample is open
const explorerFilter = (() => {
  const KEYS = ["task", "family", "system", "against", "outcome", "error", "judge", "verdict",
    "slice", "search", "sort", "page", "sample"];
  // as in explorer_index.py
  const [RIGHT, WRONG, NO_ANSWER, NOT_SCORED, UNREADABLE] = [1, 2, 3, 4, 8];
  const VERDICTS = { agrees: 2, disagrees: 4, failed: 8, self: 16 };
  const FIRST_LABEL = 5;

  // The view that an address asks for; null where it is no address of samples.
  const read = (hash) => {
    if (hash !== "#samples" && !hash.startsWith("#samples?")) return null;
    const given = new URLSearchParams(hash.slice("#samples?".length));
    const view = {};
    for (const key of KEYS) if (given.get(key)) view[key] = given.get(key);
    return view;
  };
  const write = (view) => {
    const given = new URLSearchParams();
    for (const key of KEYS) if (view[key]) given.set(key, view[key]);
    const query = given.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
    return query ? `#samples?${query}` : "#samples";
  };

  const outcomeOf = (index, slot) => index.outcomesOf[slot] & 7;

  // Tests get the number of a sample. `systems` are those whose answers they look at.
  const anySlot = (index, systems, test) => (sample) => {
    for (const system of systems) {
      const first = (sample * index.systems.length + system) * index.repeats;
      for (let slot = first; slot < first + index.repeats; slot += 1) if (test(slot)) return true;
    }
    return false;
  };
  const tally = (index, systems, sample) => {
    const found = [0, 0, 0, 0, 0];
    for (const system of systems) {
      const first = (sample * index.systems.length + system) * index.repeats;
      for (let slot = first; slot < first + index.repeats; slot += 1) {
        found[outcomeOf(index, slot)] += 1;
      }
    }
    return found;
  };
  const onlyOne = (index, winner, loser) => (sample) => {
    const of = (system) => (sample * index.systems.length + system) * index.repeats;
    for (let repeat = 0; repeat < index.repeats; repeat += 1) {
      if (outcomeOf(index, of(winner) + repeat) === RIGHT
        && outcomeOf(index, of(loser) + repeat) === WRONG) return true;
    }
    return false;
  };

  const outcomeTest = (index, view, systems) => {
    const has = (test) => anySlot(index, systems, test);
    const [system, against] = [view.system, view.against]
      .map((name) => index.systems.indexOf(name));
    const compared = system >= 0 && against >= 0;
    const all = (judge) => (sample) => {
      const [, right, wrong, unanswered, unscored] = tally(index, systems, sample);
      return judge(right, wrong + unanswered + unscored);
    };
    switch (view.outcome) {
      case "right": return has((slot) => outcomeOf(index, slot) === RIGHT);
      case "wrong": return has((slot) => outcomeOf(index, slot) === WRONG);
      case "failed": return has((slot) => outcomeOf(index, slot) >= NO_ANSWER);
      case "unscored": return has((slot) => outcomeOf(index, slot) === NOT_SCORED);
      case "unreadable": return has((slot) => index.outcomesOf[slot] & UNREADABLE);
      case "escalated": return has((slot) => index.callsOf[slot] > 1);
      case "all-right": return all((right, others) => right > 0 && others === 0);
      case "none-right": return all((right, others) => right === 0 && others > 0);
      case "only-system": return compared ? onlyOne(index, system, against) : () => false;
      case "only-against": return compared ? onlyOne(index, against, system) : () => false;
      default: return (sample) => {
        const [, right, wrong] = tally(index, compared ? [system, against] : systems, sample);
        return right > 0 && wrong > 0;
      };
    }
  };

  const verdictTest = (index, view, systems) => {
    const judge = index.judges.findIndex(({ name }) => name === view.judge);
    if (judge < 0) return () => false;
    const bits = index[`judge${judge}Of`];
    const label = view.verdict?.startsWith("label:") ? view.verdict.slice("label:".length) : null;
    const wanted = label === null ? VERDICTS[view.verdict] ?? 1
      : 2 ** (FIRST_LABEL + index.judges[judge].labels.indexOf(label));
    return (sample) =>
      systems.some((system) => bits[sample * index.systems.length + system] & wanted);
  };

  const sliceTest = (index, wanted) => {
    const at = wanted.indexOf(":");
    const field = index.slices.findIndex(({ name }) => name === wanted.slice(0, at));
    if (field < 0) return () => false;
    const code = index.slices[field].values.indexOf(wanted.slice(at + 1)) + 1;
    const codes = index[`slice${field}Of`];
    return (sample) => code > 0 && codes[sample] === code;
  };

  // Whose answers a view speaks of, as places in index.systems.
  const systemsOf = (index, view) => view.system ? [index.systems.indexOf(view.system)]
    : index.systems.map((_, number) => number);

  const tests = (index, view, hits) => {
    const systems = systemsOf(index, view);
    const found = [];
    const task = (sample) => index.tasks[index.tasksOf[sample]];
    if (view.task) found.push((sample) => task(sample).name === view.task);
    if (view.family) found.push((sample) => task(sample).family === view.family);
    if (view.system) found.push(anySlot(index, systems, (slot) => outcomeOf(index, slot) > 0));
    if (view.outcome) found.push(outcomeTest(index, view, systems));
    if (view.error) {
      const code = index.kinds.indexOf(view.error) + 1;
      found.push(anySlot(index, systems, (slot) => code > 0 && index.errorsOf[slot] === code));
    }
    if (view.judge) found.push(verdictTest(index, view, systems));
    if (view.slice) found.push(sliceTest(index, view.slice));
    if (view.search) found.push((sample) => hits !== null && hits[sample] === 1);
    return found;
  };

  // What a sample is sorted by, smallest first; NaN (unknown) comes last.
  const sorters = {
    disagreement: (index, systems) => (sample) => {
      const [, right, wrong] = tally(index, systems, sample);
      return right + wrong ? -Math.min(right, wrong) / (right + wrong) : NaN;
    },
    costly: (index, systems) => (sample) => -total(index, index.usdOf, systems, sample),
    cheap: (index, systems) => (sample) => total(index, index.usdOf, systems, sample),
    slow: (index, systems) => (sample) => -longest(index, systems, sample),
    fast: (index, systems) => (sample) => longest(index, systems, sample),
    calls: (index, systems) => (sample) => -total(index, index.callsOf, systems, sample),
  };
  // Over the answers asked for; unknown where one of them is.
  const total = (index, figures, systems, sample) => {
    let sum = 0;
    for (const system of systems) {
      const first = (sample * index.systems.length + system) * index.repeats;
      for (let slot = first; slot < first + index.repeats; slot += 1) {
        if (outcomeOf(index, slot)) sum += figures[slot];
      }
    }
    return sum;
  };
  // Over the answers that were timed.
  const longest = (index, systems, sample) => {
    let most = -1;
    for (const system of systems) {
      const first = (sample * index.systems.length + system) * index.repeats;
      for (let slot = first; slot < first + index.repeats; slot += 1) {
        if (index.secondsOf[slot] > most) most = index.secondsOf[slot]; // NaN is not
      }
    }
    return most < 0 ? NaN : most;
  };

  const sorted = (index, view, found) => {
    if (view.sort === "id") {
      const { compare } = new Intl.Collator("en", { numeric: true });
      return found.sort((a, b) => compare(index.ids[a], index.ids[b]) || a - b);
    }
    if (!Object.hasOwn(sorters, view.sort ?? "")) return found;
    const value = sorters[view.sort](index, systemsOf(index, view));
    const values = new Float64Array(index.n);
    for (const sample of found) {
      values[sample] = value(sample);
      if (Number.isNaN(values[sample])) values[sample] = Infinity; // unknown comes last
    }
    return found.sort((a, b) => values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b);
  };

  // The samples of `view`, in its order; `hits` is what a search found, one entry a sample.
  const matching = (index, view, hits) => {
    const all = tests(index, view, hits);
    const found = [];
    for (let sample = 0; sample < index.n; sample += 1) {
      if (all.every((test) => test(sample))) found.push(sample);
    }
    return sorted(index, view, found);
  };

  return { longest, matching, outcomeOf, read, systemsOf, tally, total, write };
})();
