/** exp, expm1, log, log1p: within 1 ulp of the correctly rounded value, and close to Math.* over wide ranges. */
import { exp, log, log1p } from '../../engine/math/index.ts';
import { expm1 } from '../../scripts/expm1.ts';
import { assert, suite } from '../harness.ts';

const test = suite('math: exp and log');

const view = new DataView(new ArrayBuffer(8));
/** Position of x on the ordered line of all f64, so that a difference counts representable numbers. */
function ordinal(x: number): bigint {
  view.setFloat64(0, x);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  return Number.isNaN(a) || Number.isNaN(b) ? Infinity : Math.abs(Number(ordinal(a) - ordinal(b)));
}

// Correctly rounded from 80 digits of Python's decimal module: [x, f(x)]
const GOLDEN: Record<string, [(x: number) => number, [number, number][]]> = {
  exp: [
    exp,
    [
      [1e-10, 1.0000000001],
      [-1e-10, 0.9999999999],
      [0.1, 1.1051709180756477],
      [-0.3466, 0.7070881069410189],
      [0.35, 1.4190675485932571],
      [1.25, 3.4903429574618414],
      [-1, 0.36787944117144233],
      [2.5, 12.182493960703473],
      [-7.25, 0.000710174388842549],
      [20.5, 799902177.4755054],
      [-40, 4.248354255291589e-18],
      [88.7, 3.325986980250579e38],
      [-103.5, 1.1233656060805691e-45],
      [300.125, 2.201057464963801e130],
      [-700.5, 5.980196118639791e-305],
      [709.7, 1.6549840276802644e308],
      [-720.25, 1.5827029403e-313],
      [-744.9, 5e-324],
    ],
  ],
  expm1: [
    expm1,
    [
      [1e-12, 1.0000000000005e-12],
      [-1e-9, -9.999999995e-10],
      [0.1, 0.10517091807564763],
      [-0.3, -0.2591817793182821],
      [0.4, 0.49182469764127035],
      [-0.5, -0.3934693402873666],
      [1, 1.7182818284590453],
      [-1, -0.6321205588285577],
      [3, 19.085536923187668],
      [-5, -0.9932620530009145],
      [20, 485165194.4097903],
      [-30, -0.9999999999999064],
      [50, 5.184705528587072e21],
      [709.5, 1.3549863193146328e308],
    ],
  ],
  log: [
    log,
    [
      [5e-324, -744.4400719213812],
      [1e-310, -713.8013788281542],
      [1e-300, -690.7755278982137],
      [1e-10, -23.025850929940457],
      [0.11, -2.2072749131897207],
      [0.55, -0.5978370007556204],
      [0.7071067811865475, -0.34657359027997275],
      [0.9999, -0.00010000500033334732],
      [1.0000001, 9.999999505838704e-8],
      [1.4142135623730947, 0.3465735902799724],
      [2.2, 0.7884573603642703],
      [2.75, 1.0116009116784799],
      [11.0, 2.3978952727983707],
      [12345.678, 9.421061321291832],
      [1e100, 230.25850929940458],
      [1.7976931348623157e308, 709.782712893384],
    ],
  ],
  log1p: [
    log1p,
    [
      [1e-12, 9.999999999995e-13],
      [-1e-9, -1.0000000005000001e-9],
      [0.001, 0.0009995003330835331],
      [-0.1, -0.10536051565782631],
      [0.3, 0.26236426446749106],
      [-0.2929, -0.3465831803719419],
      [0.5, 0.4054651081081644],
      [-0.75, -1.3862943611198906],
      [-0.999999999, -20.723265865228342],
      [1.1, 0.7419373447293773],
      [3, 1.3862943611198906],
      [100000.0, 11.51293546492023],
      [1e17, 39.14394658089878],
      [1e300, 690.7755278982137],
    ],
  ],
};

for (const [name, [f, rows]] of Object.entries(GOLDEN)) {
  test(`${name} is within 1 ulp of the correctly rounded value`, () => {
    for (const [x, want] of rows) assert.ok(ulps(f(x), want) <= 1, `${name}(${x}): expected ${want}, got ${f(x)}`);
  });
}

/** Values spread over magnitudes 2^-60 .. 2^10 and both signs. */
function* sweep(n: number, limit: number): Generator<number> {
  let s = 0x2545f491;
  for (let i = 0; i < n; i++) {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    const x = (1 + s / 2 ** 32) * 2 ** (-60 + (i % 71));
    if (x < limit) yield i % 2 ? x : -x;
  }
}

const NATIVE: [string, (x: number) => number, (x: number) => number, (x: number) => boolean][] = [
  ['exp', exp, Math.exp, () => true],
  ['expm1', expm1, Math.expm1, () => true],
  ['log', log, Math.log, (x) => x > 0],
  ['log1p', log1p, Math.log1p, (x) => x > -1],
];
for (const [name, f, native, inside] of NATIVE) {
  test(`${name} is within 2 ulp of Math.${name} at 50,000 points`, () => {
    for (const x of sweep(50_000, 1e9)) {
      if (inside(x)) assert.ok(ulps(f(x), native(x)) <= 2, `${name}(${x}): Math gives ${native(x)}, got ${f(x)}`);
    }
  });
}

test('special values', () => {
  const cases: [number, number][] = [
    [exp(0), 1],
    [exp(-Infinity), 0],
    [exp(Infinity), Infinity],
    [exp(710), Infinity],
    [exp(-746), 0],
    [exp(-745.1), 5e-324],
    [exp(NaN), NaN],
    [expm1(0), 0],
    [expm1(-0), -0],
    [expm1(-Infinity), -1],
    [expm1(Infinity), Infinity],
    [expm1(NaN), NaN],
    [log(1), 0],
    [log(0), -Infinity],
    [log(-0), -Infinity],
    [log(-1), NaN],
    [log(Infinity), Infinity],
    [log(NaN), NaN],
    [log1p(0), 0],
    [log1p(-0), -0],
    [log1p(-1), -Infinity],
    [log1p(-1.5), NaN],
    [log1p(Infinity), Infinity],
    [log1p(NaN), NaN],
  ];
  for (const [i, [got, want]] of cases.entries()) {
    assert.ok(Object.is(got, want), `case ${i}: expected ${want}, got ${got}`);
  }
});
