/**
 * What the machine's f32x4 units can do: chains of c = a c + b that never leave the registers, as one multiplication and
 * one addition (build `base`) or as one fused instruction (`relaxed`). Other rows are worth reading as shares of it.
 */
import type { Build } from '../engine/index.ts';
import type { Job } from './job.ts';
import { keyhole, rateRow, type Work } from './row.ts';
import { timeOf } from './timing.ts';

// Enough chains to hide the six cycles of a multiplication and an addition; with a, b and one product they fill the 16
// registers that x86 has without AVX-512.
const CHAINS = 13;
const ROUNDS = 20_000;
const LANES = 4;

const [I32, F32, V128, VOID] = [0x7f, 0x7d, 0x7b, 0x40];
const [GET, SET, LOOP, BR_IF, END] = [0x20, 0x21, 0x03, 0x0d, 0x0b];
const [CONST_I32, CONST_F32, SUB_I32] = [0x41, 0x43, 0x6b];
const SPLAT = [0xfd, 0x13];
const FIRST_LANE = [0xfd, 0x1f, 0];
const [ADD, MUL, FMA] = [
  [0xfd, 0xe4, 0x01],
  [0xfd, 0xe6, 0x01],
  [0xfd, 0x85, 0x02],
];

/** Bytes with their count before them. A count above 127 takes more than one byte (unsigned LEB128). */
function sized(bytes: readonly number[]): number[] {
  const count: number[] = [];
  let rest = bytes.length;
  do {
    count.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return [...count, ...bytes];
}

const float = (x: number): number[] => [CONST_F32!, ...new Uint8Array(new Float32Array([x]).buffer)];

/** `peak(rounds: i32) -> f32` with CHAINS multiply-adds a round; the result keeps the chains from being dropped. */
function peakModule(build: Build): Uint8Array<ArrayBuffer> {
  const [rounds, a, b, first] = [0, 1, 2, 3];
  const chains = Array.from({ length: CHAINS }, (_, i) => first! + i);
  const splat = (x: number, local: number) => [...float(x), ...SPLAT, SET!, local];
  const step = (c: number) =>
    build === 'relaxed'
      ? [GET!, c, GET!, a!, GET!, b!, ...FMA!, SET!, c]
      : [GET!, c, GET!, a!, ...MUL!, GET!, b!, ...ADD!, SET!, c];
  const body = [
    ...[1, CHAINS + 2, V128!], // one group of locals
    ...splat(0.5, a!),
    ...splat(1, b!),
    ...chains.flatMap((c, i) => splat(1 + i / CHAINS, c)), // different, or they would be one chain to the compiler
    ...[LOOP!, VOID!],
    ...chains.flatMap(step),
    ...[GET!, rounds!, CONST_I32!, 1, SUB_I32!, 0x22, rounds!, BR_IF!, 0, END!], // 0x22: local.tee
    ...[GET!, first!, ...chains.slice(1).flatMap((c) => [GET!, c, ...ADD!]), ...FIRST_LANE, END!],
  ];
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32!, 1, F32!]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...sized([...'peak'].map((letter) => letter.charCodeAt(0))), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}

export function peakJob(): Job {
  const name = 'peak/fma-f32x4';
  const work: Work = { amount: (2 * LANES * CHAINS * ROUNDS) / 1e9, unit: 'GFLOP/s' };
  return {
    name,
    work,
    milliseconds: 100,
    async run(build, time) {
      const { instance } = await WebAssembly.instantiate(peakModule(build));
      const peak = instance.exports['peak'] as (rounds: number) => number;
      return [
        rateRow(
          name,
          keyhole(build),
          work,
          timeOf(name, () => void peak(ROUNDS), time),
        ),
      ];
    },
  };
}
