/** Every evasion attack ends when it is told to, whether or not its target knows of the signal. */
import { allEvasionAttacks } from '../../../attacks/evasion/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet } from '../../support/evasion.ts';

const net = await digitsNet(await testEngine());
const test = suite('evasion: signals');

for (const attack of allEvasionAttacks) {
  test(`${attack.name}: throws the reason of a signal`, async () => {
    const reason = new Error('enough');
    const before = net.target.queries();
    const ran = attackDigits(attack, net, { signal: AbortSignal.abort(reason) });
    assert.is(await ran.then(String, (error: unknown) => error), reason);
    const { length } = net.rows.y;
    // what it was right on before, a question or two of the attack itself, the labels that a substitute is made from
    assert.ok(net.target.queries() - before <= 5 * length, `${net.target.queries() - before} rows were asked for`);
  });
}
