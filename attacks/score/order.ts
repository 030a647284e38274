/** Order statistics of samples in f64: the median, and where a value stands in a sample. */

// up to here insertion beats a call of the typed array's own sort
const FEW = 32;

/** The middle one of the first n values, or the mean of the two in the middle. Sorts them in place; n >= 1. */
export function median(values: Float64Array, n = values.length): number {
  if (n > FEW) values.subarray(0, n).sort();
  else {
    for (let i = 1; i < n; i++) {
      const v = values[i]!;
      let j = i;
      for (; j > 0 && values[j - 1]! > v; j--) values[j] = values[j - 1]!;
      values[j] = v;
    }
  }
  const half = n >> 1;
  return n % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
}

/**
 * The share of a population that lies below v, from a sample of m: i / (m + 1) at the i-th smallest, the middle of their
 * places at values that tie, linear between neighbours, and beyond the outermost, d away from it,
 *
 *   (1 / (m + 1)) / (1 + d / scale) from 0 or from 1.
 *
 * It grows strictly with v, so that nobody ties who need not: steps of 1 / m would let all records beyond the sample tie,
 * and at low false-positive rates these are the ones that count.
 * @param sorted in rising order, at least one
 * @param scale what counts as far beyond the sample
 */
export function shareBelow(sorted: Float64Array, v: number, scale = 1): number {
  const m = sorted.length;
  const first = lowerBound(sorted, v);
  let last = first;
  while (last < m && sorted[last] === v) last++;
  if (last > first) return (first + last + 1) / 2 / (m + 1);
  if (first === 0) return 1 / (m + 1) / (1 + (sorted[0]! - v) / scale);
  if (first === m) return 1 - 1 / (m + 1) / (1 + (v - sorted[m - 1]!) / scale);
  const [a, b] = [sorted[first - 1]!, sorted[first]!];
  return (first + (v - a) / (b - a)) / (m + 1);
}

/** How many values lie below v. */
function lowerBound(sorted: Float64Array, v: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < v) low = middle + 1;
    else high = middle;
  }
  return low;
}
