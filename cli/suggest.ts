/** "Did you mean": the nearest of the known names, where one is near enough. */

/** Edits (insert, delete, replace, swap neighbours) from one word to another (Damerau 1964, Levenshtein 1966). */
export function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => {
    const row = new Array<number>(b.length + 1).fill(0);
    row[0] = i;
    return row;
  });
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[a.length]![b.length]!;
}

/** ` Did you mean 'digits'?`, or nothing when no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const word = given.toLowerCase();
  const near = names
    .map((name) => ({ name, edits: distance(word, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(1, 0.4 * Math.max(word.length, name.length)))
    .sort((a, b) => a.edits - b.edits);
  const best = near[0] ?? startsWith(word, names);
  return best ? ` Did you mean '${best.name}'?` : '';
}

// An abbreviation is far by edits and still easy to guess: mod -> modified-entropy.
function startsWith(word: string, names: readonly string[]): { name: string } | undefined {
  const name = word.length >= 3 ? names.find((n) => n.toLowerCase().startsWith(word)) : undefined;
  return name === undefined ? undefined : { name };
}
