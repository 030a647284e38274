/** The error function and the normal distribution in f64, for the references. */

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** erf x for 0 <= x < 3: 2/sqrt(pi) e^(-x^2) sum_k 2^k x^(2k+1) / (2k+1)!!, all terms positive. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
}

/** e^(x^2) erfc x for x >= 2: 1/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), from the inside out. */
function erfcFraction(x: number): number {
  let f = 0;
  for (let k = 80; k > 0; k--) f = k / 2 / (x + f);
  return 1 / Math.sqrt(Math.PI) / (x + f);
}

/** erf x, to about 1e-15 of its value. */
export function erf(x: number): number {
  const a = Math.abs(x);
  return Math.sign(x) * (a < 2 ? erfSeries(a) : 1 - Math.exp(-a * a) * erfcFraction(a)) || x;
}

/** 1 - erf x, to about 1e-13 of its value. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < 2 ? 1 - erfSeries(x) : Math.exp(-x * x) * erfcFraction(x);
}

/** e^(x^2) erfc x for x >= 0, which goes to 0 only as 1 / x. */
export function erfcScaled(x: number): number {
  return x < 2 ? Math.exp(x * x) * (1 - erfSeries(x)) : erfcFraction(x);
}

/** The normal distribution function. */
export function normalCdf(x: number): number {
  return erfc(-x / Math.SQRT2) / 2;
}

/** The normal density. */
export function normalPdf(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}
